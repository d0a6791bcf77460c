import { once } from 'node:events';
import { connect as connectTcp, createServer, type AddressInfo, type Server } from 'node:net';
import type { Test } from 'tap';
import { issueCa, issueLeaf } from '../../../certs/issue.ts';
import type { KubeClient } from '../../../src/kube/client.ts';
import { journal } from '../recording.ts';
import { fakeApiServer, type FakeApiServer, type FakeTls, type Stream } from '../fake-api-server.ts';

export const base64 = (text: string): string => Buffer.from(text).toString('base64');

export type SecureApi = {
  readonly api: FakeApiServer;
  /** What a kubeconfig says to trust it. */
  readonly cluster: { readonly 'certificate-authority-data': string };
};

/** An API server with TLS, which speaks HTTP/2 unless `tls` says otherwise. */
export async function secureApi(t: Test, tls: FakeTls = { http2: {} }): Promise<SecureApi> {
  const ca = await issueCa(Date.now());
  const leaf = await issueLeaf(ca, ['127.0.0.1', 'kubernetes.example'], Date.now());
  const api = await fakeApiServer(t, { key: leaf.keyPem, cert: leaf.certPem, ...tls });
  return { api, cluster: { 'certificate-authority-data': base64(ca.certPem) } };
}

/** A watch from both of its ends. */
export type Watched = {
  readonly stream: Stream;
  readonly connection: number;
  readonly isHttp2: boolean;
  readonly stop: AbortController;
  /** Ends with the next piece of the body; undefined when it has ended. Fails as the body does. */
  read(): Promise<string | undefined>;
  /** From now on, whoever reads it throws at each piece. */
  fail(): void;
};

/** Opens a watch, and answers it. */
export async function watch(api: FakeApiServer, client: KubeClient): Promise<Watched> {
  const stop = new AbortController();
  const opened = client.open({ method: 'GET', path: '/w', query: { watch: '1' }, signal: stop.signal });
  const exchange = await api.next();
  const stream = exchange.stream();
  const body = await opened;
  const pieces = journal<string>();
  let failing = false;
  let ended: Promise<void> | undefined;
  let taken = 0;
  const take = (piece: Buffer): void => {
    if (failing) throw new Error('the reader fails');
    pieces.note(piece.toString());
  };
  return {
    stream,
    connection: exchange.connection,
    isHttp2: Object.hasOwn(exchange.headers, ':path'),
    stop,
    read: () => {
      ended ??= body.read(take);
      const at = taken;
      taken += 1;
      const piece = (): string | undefined => pieces.items[at];
      return piece() === undefined
        ? Promise.race([pieces.until(at + 1).then(piece), ended.then(piece)])
        : Promise.resolve(piece());
    },
    fail: () => (failing = true),
  };
}

export async function watchAll(count: number, api: FakeApiServer, client: KubeClient): Promise<Watched[]> {
  const all: Watched[] = [];
  for (let left = count; left > 0; left -= 1) all.push(await watch(api, client));
  return all;
}

/** A server of TCP alone, on the loopback. */
export async function tcpServer(t: Test, server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.close());
  return (server.address() as AddressInfo).port;
}

/** A way to the API server that can be blocked: then nothing comes through, and nobody is told. */
export async function relay(t: Test, api: FakeApiServer): Promise<{ url: string; block: () => void }> {
  const ends = new Set<() => void>();
  let blocked = false;
  const server = createServer((near) => {
    const far = connectTcp(Number(new URL(api.url).port), '127.0.0.1');
    const pass = (from: typeof near, to: typeof near): void => {
      from.on('data', (bytes) => blocked || to.write(bytes)).on('error', () => undefined);
      from.on('close', () => blocked || to.destroy());
    };
    pass(near, far);
    pass(far, near);
    ends.add(() => {
      near.destroy();
      far.destroy();
    });
  });
  t.teardown(() => ends.forEach((end) => end()));
  const port = await tcpServer(t, server);
  return { url: `https://127.0.0.1:${port}`, block: () => (blocked = true) };
}
