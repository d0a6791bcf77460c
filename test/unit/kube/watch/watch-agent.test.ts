import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { copyFileSync } from 'node:fs';
import { connect as connectTcp, createServer, type Socket } from 'node:net';
import t from 'tap';
import { issueCa } from '../../../../certs/issue.ts';
import { connect, writeKubeconfig, type Stream } from '../../../support/fake-api-server.ts';
import { fakeClock } from '../../../support/fake-clock.ts';
import { base64, secureApi, tcpServer, watch, watchAll } from '../../../support/kube/secure-api-server.ts';

const call = { method: 'GET', path: '/w' } as const;

t.test(
  'watches share as few connections as the limit of streams allows, and fill them up again',
  async (t) => {
    const { api, cluster } = await secureApi(t, { http2: { maxConcurrentStreams: 10 } });
    const { client } = connect(t, api.url, { cluster });
    const streams: Stream[] = [];
    api.answer((exchange) => streams.push(exchange.stream()));
    const stop = new AbortController();
    await Promise.all(Array.from({ length: 5 }, () => client.open({ ...call, signal: stop.signal })));
    await Promise.all(Array.from({ length: 20 }, () => client.open(call)));
    t.equal(api.connections(), 3);
    stop.abort();
    await Promise.all(streams.slice(0, 5).map(({ closed }) => closed));
    await Promise.all(Array.from({ length: 10 }, () => client.open(call)));
    t.equal(api.connections(), 3);
    await client.open(call);
    t.equal(api.connections(), 4);
  },
);

t.test('who stops while it waits for a connection leaves its room to those behind it', async (t) => {
  const { api, cluster } = await secureApi(t, { http2: { maxConcurrentStreams: 2 } });
  const { client } = connect(t, api.url, { cluster });
  api.answer((exchange) => exchange.stream());
  const stop = new AbortController();
  const stopped = Array.from({ length: 3 }, () => client.open({ ...call, signal: stop.signal }));
  const others = Array.from({ length: 4 }, () => client.open(call));
  const refused = Promise.all(stopped.map((one) => t.rejects(one)));
  await new Promise((resolve) => setImmediate(resolve));
  stop.abort();
  await Promise.all([refused, ...others]);
  t.equal(api.connections(), 2);
});

t.test('a server without a limit gets 250 watches on one connection', async (t) => {
  const { api, cluster } = await secureApi(t);
  const { client } = connect(t, api.url, { cluster });
  api.answer((exchange) => exchange.stream());
  await Promise.all(Array.from({ length: 251 }, () => client.open(call)));
  t.equal(api.connections(), 2);
});

t.test('requests go on by HTTP/1.1, on connections of their own', async (t) => {
  const { api, cluster } = await secureApi(t);
  const { client } = connect(t, api.url, { cluster });
  t.equal((await watch(api, client)).isHttp2, true);
  api.answer((exchange) => exchange.json({ ok: true }));
  t.same(await client.send({ method: 'PATCH', path: '/p', body: {} }), { ok: true });
  t.same(await client.send({ method: 'GET', path: '/g' }), { ok: true });
  const requests = api.requests.items.slice(1);
  t.same(
    requests.map(({ headers, connection }) => [':path' in headers, connection === 1]),
    [
      [false, false],
      [false, false],
    ],
  );
});

t.test('where HTTP/2 cannot be had, each watch has a connection by HTTP/1.1', async (t) => {
  const { api, cluster } = await secureApi(t, {});
  const { client } = connect(t, api.url, { cluster });
  const all = await watchAll(3, api, client);
  for (const one of all) {
    t.equal(one.isHttp2, false);
    one.stream.raw('one');
    t.equal(await one.read(), 'one');
  }
  t.equal(new Set(all.map(({ connection }) => connection)).size, 3);
});

t.test('behind a proxy watches go by HTTP/1.1', async (t) => {
  const { api, cluster } = await secureApi(t);
  const proxy = createServer((near) => {
    near.once('data', () => {
      const far = connectTcp(Number(new URL(api.url).port), '127.0.0.1', () => {
        near.write('HTTP/1.1 200 OK\r\n\r\n');
        near.pipe(far).pipe(near);
      });
      for (const end of [near, far]) end.on('error', () => undefined);
    });
  });
  const port = await tcpServer(t, proxy);
  const { client } = connect(t, api.url, {
    cluster: { ...cluster, 'proxy-url': `http://127.0.0.1:${port}` },
  });
  t.equal((await watch(api, client)).isHttp2, false);
});

t.test('watches that wait for the same connection fail with it, together', async (t) => {
  const { api, cluster } = await secureApi(t);
  const { client } = connect(t, api.url, { cluster });
  await api.close();
  const all = await Promise.allSettled(Array.from({ length: 50 }, () => client.open(call)));
  for (const one of all)
    t.match(one, { reason: { code: 'RESTAMP_KUBE_UNAVAILABLE', detail: /ECONNREFUSED/ } });
});

t.test(
  'a server that begins HTTP/2 and then says nothing, or allows no stream, is unavailable',
  async (t) => {
    const clock = fakeClock(0);
    const mute = await secureApi(t, { ALPNProtocols: ['h2'] });
    const asked = connect(t, mute.api.url, { cluster: mute.cluster, clock }).client.open(call);
    const refused = t.rejects(asked, { code: 'RESTAMP_KUBE_UNAVAILABLE' });
    while (clock.waiting() === 0) await new Promise((resolve) => setImmediate(resolve));
    clock.advance(10_000);
    await refused;

    const full = await secureApi(t, { http2: { maxConcurrentStreams: 0 } });
    await t.rejects(connect(t, full.api.url, { cluster: full.cluster }).client.open(call), {
      code: 'RESTAMP_KUBE_UNAVAILABLE',
      detail: /allows no stream/,
    });
  },
);

t.test('who stops waits for no connection', async (t) => {
  const near: Socket[] = [];
  const silent = createServer((socket) => near.push(socket.on('error', () => undefined)));
  t.teardown(() => near.forEach((socket) => socket.destroy()));
  const port = await tcpServer(t, silent);
  const { client } = connect(t, `https://127.0.0.1:${port}`);
  const stop = new AbortController();
  const opened = client.open({ ...call, signal: stop.signal });
  await once(silent, 'connection');
  stop.abort();
  await t.rejects(opened, { code: 'RESTAMP_KUBE_UNAVAILABLE' });
});

t.test('the certificates of both sides and the name are checked as for requests', async (t) => {
  const clients = await issueCa(Date.now());
  const { api, cluster } = await secureApi(t, {
    http2: {},
    ca: clients.certPem,
    requestCert: true,
    rejectUnauthorized: false,
  });
  const unavailable = { code: 'RESTAMP_KUBE_UNAVAILABLE' };
  await t.rejects(connect(t, api.url).client.open(call), unavailable);
  const misnamed = { ...cluster, 'tls-server-name': 'other.example' };
  await t.rejects(connect(t, api.url, { cluster: misnamed }).client.open(call), unavailable);

  const user = {
    'client-certificate-data': base64(clients.certPem),
    'client-key-data': base64(clients.keyPem),
  };
  const named = { ...cluster, 'tls-server-name': 'kubernetes.example' };
  t.ok((await watch(api, connect(t, api.url, { cluster: named, user }).client)).isHttp2);
  t.same(
    api.requests.items.map(({ certificate }) => certificate),
    [new X509Certificate(clients.certPem).fingerprint256],
  );
});

t.test(
  'with new TLS material new watches get a new connection, and the old one ends with its last watch',
  async (t) => {
    const { api, cluster } = await secureApi(t);
    const { client, auth, kubeconfig } = connect(t, api.url, { cluster });
    const old = await watch(api, client);
    const clients = await issueCa(Date.now());
    const user = {
      'client-certificate-data': base64(clients.certPem),
      'client-key-data': base64(clients.keyPem),
    };
    copyFileSync(writeKubeconfig(t, api.url, { cluster, user }), kubeconfig);
    auth.renew(auth.renewals);
    const renewed = await watch(api, client);
    t.same([old.connection, renewed.connection], [1, 2]);
    old.stream.raw('still here');
    t.equal(await old.read(), 'still here');
    old.stop.abort();
    await once(api.sessions[0]!, 'close');
    renewed.stream.raw('and here');
    t.equal(await renewed.read(), 'and here');
  },
);

t.test('when all is closed, all watches end', async (t) => {
  const { api, cluster } = await secureApi(t);
  const { client, auth } = connect(t, api.url, { cluster });
  const [one, two] = await watchAll(2, api, client);
  await auth.close();
  await Promise.all([t.rejects(one!.read()), t.rejects(two!.read())]);
  await t.rejects(client.open(call), { code: 'RESTAMP_KUBE_UNAVAILABLE' });
});
