// What follows each kind of object in each of many namespaces, and does nothing with it: Node's HTTP/2, and JSON.parse.
//   stdin   {url, ca, token, namespaces, windowMs}
//   stdout  {seconds: until all was shown, cpu: seconds to show all once more, in a window, rss: MB}
import { connect, constants, type ClientHttp2Session, type ClientHttp2Stream } from 'node:http2';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { BUILT_IN, kindPath } from '../../../src/core/api/kind.ts';
import { METADATA } from '../../../src/kube/client.ts';
import { eachAtOnce, upTo } from '../crowd.ts';
import { processUsage } from '../process-usage.ts';

export type BareWatches = {
  readonly url: string;
  readonly ca: string;
  readonly token: string;
  readonly namespaces: readonly string[];
  readonly windowMs: number;
};

const AT_ONCE = 100;
/** As many as an API server allows by default. */
const STREAMS = 100;

const { url, ca, token, namespaces, windowMs } = JSON.parse(await text(process.stdin)) as BareWatches;
const query = 'watch=1&allowWatchBookmarks=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan';
const sources = ['configmaps', 'secrets'].map((name) => (of: string) => `/api/v1/namespaces/${of}/${name}`);
const workloads = BUILT_IN.map((row) => (of: string) => kindPath(row, of));
const watches = [...sources, ...workloads].flatMap((path) =>
  namespaces.map((name) => ({ path: `${path(name)}?${query}`, accept: sources.includes(path) })),
);
const sessions: ClientHttp2Session[] = [];
const streams: ClientHttp2Stream[] = [];

/** Opens a watch, in the place of the one before; ends when everything has been shown. */
function show(index: number): Promise<void> {
  streams[index]?.close(constants.NGHTTP2_CANCEL);
  const at = Math.floor(index / STREAMS);
  const session = (sessions[at] ??= connect(url, { ca, settings: { initialWindowSize: 1 << 20 } }));
  const stream = session.request({
    ':path': watches[index]?.path ?? '',
    accept: watches[index]?.accept === true ? METADATA : 'application/json',
    authorization: `Bearer ${token}`,
  });
  streams[index] = stream;
  const { promise, resolve, reject } = Promise.withResolvers<undefined>();
  stream.on('error', reject);
  let rest = '';
  stream.on('data', (piece: Buffer) => {
    const lines = (rest + piece.toString()).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      const { object } = JSON.parse(line) as { object: { metadata: { annotations?: object } } };
      if (object.metadata.annotations && 'k8s.io/initial-events-end' in object.metadata.annotations)
        resolve(undefined);
    }
  });
  return promise;
}

const started = performance.now();
await eachAtOnce(upTo(watches.length), AT_ONCE, show);
const seconds = (performance.now() - started) / 1000;
await sleep(windowMs / 2);
const before = await processUsage(process.pid);
const over = sleep(windowMs);
await eachAtOnce(upTo(watches.length), AT_ONCE, show);
await over;
const after = await processUsage(process.pid);
const figures = { seconds, cpu: after.cpuSeconds - before.cpuSeconds, rss: after.peakMb };
process.stdout.write(`${JSON.stringify(figures)}\n`);
process.exit(0);
