import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import t, { type Test } from 'tap';
import { fakeApiServer, writeKubeconfig, type Exchange } from '../support/fake-api-server.ts';
import { journal, type Journal } from '../support/recording.ts';
import { tcpServer } from '../support/kube/secure-api-server.ts';

t.setTimeout(120_000);
const child = fileURLToPath(new URL('../e2e/support/restamp-child.ts', import.meta.url));
type Line = { readonly msg: string; readonly code?: string; readonly ops?: string };

/** Starts the program against an API server at `url`, and goes on when it answers for its health. */
async function begin(t: Test, url: string) {
  const process_ = spawn(
    process.execPath,
    [
      child,
      `--kubeconfig=${writeKubeconfig(t, url)}`,
      '--admission-url=https://127.0.0.1:0',
      '--admission-listen=127.0.0.1:0',
      '--ops-listen=127.0.0.1:0',
      '--is-Argo-Rollouts=true',
      '--lease-duration=3s',
      '--log-format=json',
    ],
    { stdio: ['pipe', 'ignore', 'pipe'], env: { PATH: process.env['PATH'] } },
  );
  t.teardown(() => process_.kill('SIGKILL'));
  const log = journal<Line>();
  createInterface({ input: process_.stderr }).on('line', (line) => log.note(JSON.parse(line) as Line));
  const ended = once(process_, 'close').then(([code]) => code as number | null);
  const { ops = '' } = await log.find(({ msg }) => msg === 'Listening');
  return {
    log,
    /** What keeps it from being ready. */
    readyz: async () => (await fetch(`http://${ops}/readyz`)).text(),
    /** SIGTERM; the code that it ends with. */
    end: () => {
      process_.kill('SIGTERM');
      return ended;
    },
  };
}

const troubles = ({ items }: Journal<Line>): string[] =>
  items.filter(({ code }) => code !== undefined).map(({ msg }) => msg);

/** A cluster in which nothing is. */
function empty(): (exchange: Exchange) => void {
  const secrets = new Map<string, unknown>();
  return (exchange) => {
    const { method, path, query, body } = exchange;
    const name = path.split('/').at(-1) ?? '';
    if (name === 'selfsubjectreviews') exchange.json({ status: { userInfo: { username: 'restamp' } } });
    else if (query['watch'] !== undefined)
      exchange.stream().send('BOOKMARK', {
        metadata: { resourceVersion: '5', annotations: { 'k8s.io/initial-events-end': 'true' } },
      });
    else if (method === 'GET') {
      if (secrets.has(name)) exchange.json(secrets.get(name));
      else exchange.refuse(404);
    } else {
      const object = JSON.parse(body) as { metadata: { name: string } };
      if (path.endsWith('/secrets')) secrets.set(object.metadata.name, object);
      exchange.json(object);
    }
  };
}

/** What is asked for while a process starts. */
const IDENTITY = '/selfsubjectreviews';
const KEYS = '/secrets/restamp-keys';
const DISCOVERY = '/argoproj.io/v1alpha1';
const LISTS = '/deployments';
const REGISTRATION = '/validatingwebhookconfigurations/restamp';
const LEASE = '/leases/restamp';

t.test('each right that is missing is named until it is granted, and then the start goes on', async (t) => {
  const api = await fakeApiServer(t);
  const missing = new Set([IDENTITY, KEYS, LISTS, REGISTRATION, LEASE]);
  const serve = empty();
  api.answer((exchange) => {
    if ([...missing].some((end) => exchange.path.endsWith(end))) exchange.refuse(403, 'no');
    else serve(exchange);
  });
  const started = await begin(t, api.url);
  for (const right of missing) {
    await started.log.find(({ msg }) => msg.includes(`${right}: no`));
    const said = await started.readyz();
    t.match(said, /: RESTAMP_KUBE_FORBIDDEN: A right is missing: [A-Z]+ \S+$/m, said);
    t.match(said, right);
    missing.delete(right);
  }
  for (const last of ['Webhook registered', 'Leading: this process rolls'])
    await started.log.find(({ msg }) => msg === last);
  t.equal(await started.readyz(), 'ok');
  t.equal(await started.end(), 0);
});

t.test('a start that waits for an answer ends at once when it is told to', async (t) => {
  const api = await fakeApiServer(t);
  const serve = empty();
  api.answer((exchange) => {
    if (!exchange.path.endsWith(DISCOVERY)) serve(exchange);
  });
  const started = await begin(t, api.url);
  await api.requests.find(({ path }) => path.endsWith(DISCOVERY));
  t.match(await started.readyz(), 'it is not known which kinds are served');
  t.equal(await started.end(), 0);
  t.same(troubles(started.log), [], 'no request had the time to fail');
});

t.test('an API server that is not there yet is tried again; so is one that ends no handshake', async (t) => {
  const gone = createServer();
  const port = await tcpServer(t, gone);
  gone.close();
  const started = await begin(t, `https://127.0.0.1:${port}`);
  await started.log.find(({ code }) => code === 'RESTAMP_KUBE_UNAVAILABLE');
  t.match(
    await started.readyz(),
    /^the API server has not let us in: RESTAMP_KUBE_UNAVAILABLE: .*: POST \S+$/m,
  );
  const connected = journal<undefined>();
  const mute = createServer(() => connected.note(undefined)).listen(port, '127.0.0.1');
  t.teardown(() => mute.close());
  await connected.until(1);
  const before = troubles(started.log);
  t.equal(await started.end(), 0);
  t.same(troubles(started.log), before, 'the connection had no time to fail');
});
