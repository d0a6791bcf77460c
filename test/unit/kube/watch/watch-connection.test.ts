import { once } from 'node:events';
import { constants } from 'node:http2';
import t from 'tap';
import { connect } from '../../../support/fake-api-server.ts';
import { fakeClock } from '../../../support/fake-clock.ts';
import { relay, secureApi, watch, watchAll } from '../../../support/kube/secure-api-server.ts';

const BEAT_MS = 10_000;

t.test('a watch that is aborted, or whose reader throws, ends its own stream alone', async (t) => {
  const { api, cluster } = await secureApi(t);
  const { client } = connect(t, api.url, { cluster });
  const [aborted, thrown, other] = await watchAll(3, api, client);
  aborted!.stop.abort();
  await t.rejects(aborted!.read());
  await aborted!.stream.closed;
  thrown!.stream.raw('one');
  await thrown!.read();
  thrown!.fail();
  thrown!.stream.raw('two');
  await t.rejects(thrown!.read(), { message: 'the reader fails' });
  await thrown!.stream.closed;
  other!.stream.raw('still here');
  t.equal(await other!.read(), 'still here');
  const later = await watch(api, client);
  t.same([other!.connection, later.connection, api.connections()], [1, 1, 1]);
});

t.test('a watch that the API server ends, or breaks off, ends alone', async (t) => {
  const { api, cluster } = await secureApi(t);
  const { client } = connect(t, api.url, { cluster });
  const [ended, cut, other] = await watchAll(3, api, client);
  ended!.stream.end();
  t.equal(await ended!.read(), undefined);
  cut!.stream.cut();
  await t.rejects(cut!.read());
  other!.stream.raw('still here');
  t.equal(await other!.read(), 'still here');
});

t.test('a stream that is reset before its answer fails, whatever the reason', async (t) => {
  const { api, cluster } = await secureApi(t);
  const { client } = connect(t, api.url, { cluster });
  const other = await watch(api, client);
  const codes = ['NO_ERROR', 'INTERNAL_ERROR', 'REFUSED_STREAM', 'CANCEL', 'ENHANCE_YOUR_CALM'] as const;
  for (const code of codes) {
    const opened = client.open({ method: 'GET', path: '/w' });
    const exchange = await api.next();
    exchange.reset(constants[`NGHTTP2_${code}`]);
    await t.rejects(opened, { code: 'RESTAMP_KUBE_UNAVAILABLE' }, code);
  }
  other.stream.raw('still here');
  t.equal(await other.read(), 'still here');
});

t.test('a connection that breaks ends all of its watches, and the next ones make a new one', async (t) => {
  const { api, cluster } = await secureApi(t, { http2: { maxConcurrentStreams: 2 } });
  const { client } = connect(t, api.url, { cluster });
  const [one, two, elsewhere] = await watchAll(3, api, client);
  t.same([one!.connection, two!.connection, elsewhere!.connection], [1, 1, 2]);
  const [first] = api.sockets;
  first!.destroy();
  await t.rejects(one!.read());
  await t.rejects(two!.read());
  elsewhere!.stream.raw('still here');
  t.equal(await elsewhere!.read(), 'still here');
  const later = await watchAll(2, api, client);
  t.same(
    later.map(({ connection }) => connection),
    [2, 3],
  );
});

t.test('GOAWAY with a fault ends all watches of its connection', async (t) => {
  const { api, cluster } = await secureApi(t);
  const { client } = connect(t, api.url, { cluster });
  const [one, two] = await watchAll(2, api, client);
  api.sessions[0]!.goaway(constants.NGHTTP2_ENHANCE_YOUR_CALM);
  await t.rejects(one!.read());
  await t.rejects(two!.read());
  t.equal((await watch(api, client)).connection, 2);
});

t.test('GOAWAY without a fault lets watches go on, and new ones take a new connection', async (t) => {
  const { api, cluster } = await secureApi(t);
  const { client } = connect(t, api.url, { cluster });
  const one = await watch(api, client);
  api.sessions[0]!.goaway();
  one.stream.raw('going on');
  t.equal(await one.read(), 'going on');
  t.equal((await watch(api, client)).connection, 2);
  one.stream.raw('still');
  t.equal(await one.read(), 'still');
  one.stream.end();
  t.equal(await one.read(), undefined);
  await once(api.sessions[0]!, 'close');
});

t.test('a connection over which nothing comes any more ends its watches within 40 s', async (t) => {
  const { api, cluster } = await secureApi(t);
  const { url, block } = await relay(t, api);
  const clock = fakeClock(0);
  const { client } = connect(t, url, { cluster, clock });
  const [one, two] = await watchAll(2, api, client);
  block();
  const ended = Promise.all([t.rejects(one!.read()), t.rejects(two!.read())]);
  clock.advance(4 * BEAT_MS);
  await ended;
});

t.test('a watch that is not answered, or says nothing for too long, ends alone', async (t) => {
  const { api, cluster } = await secureApi(t);
  const clock = fakeClock(0);
  const { client } = connect(t, api.url, { cluster, clock });
  const [silent, other] = await watchAll(2, api, client);
  const ended = t.rejects(silent!.read(), { message: 'nothing has come for too long' });
  const asked = client.open({ method: 'GET', path: '/w' });
  const refused = t.rejects(asked, { code: 'RESTAMP_KUBE_UNAVAILABLE', detail: /nothing has come/ });
  await api.next();
  for (let ms = 0; ms <= 150_000; ms += BEAT_MS) {
    // Whatever else is silent, the connection is not.
    other!.stream.raw('x');
    t.equal(await other!.read(), 'x');
    clock.advance(BEAT_MS);
    if (ms === 10_000) await refused;
  }
  await ended;
  await silent!.stream.closed;
  other!.stream.raw('still here');
  t.equal(await other!.read(), 'still here');
});

t.test('a connection that is only quiet answers each ping, and lasts', async (t) => {
  const { api, cluster } = await secureApi(t);
  const clock = fakeClock(0);
  const { client } = connect(t, api.url, { cluster, clock });
  const one = await watch(api, client);
  const session = api.sessions[0]!;
  for (let left = 6; left > 0; left -= 1) {
    const asked = once(session, 'ping');
    // One beat for the bytes that have come, one that finds none.
    clock.advance(BEAT_MS);
    clock.advance(BEAT_MS);
    await asked;
    // What is answered to this has read the answer to that.
    await new Promise((resolve) => session.ping(resolve));
  }
  one.stream.raw('still here');
  t.equal(await one.read(), 'still here');
});

t.test('a connection that has lost its last watch is closed', async (t) => {
  const { api, cluster } = await secureApi(t);
  const clock = fakeClock(0);
  const { client } = connect(t, api.url, { cluster, clock });
  const one = await watch(api, client);
  one.stop.abort();
  await one.stream.closed;
  const closed = once(api.sessions[0]!, 'close');
  clock.advance(BEAT_MS);
  await closed;
  t.equal((await watch(api, client)).connection, 2);
  t.equal(clock.waiting(), 1, 'one beat: that of the old connection has ended, and a watch has no timer');
});

t.test('watches that nobody reads do not keep the others of their connection waiting', async (t) => {
  const { api, cluster } = await secureApi(t);
  const { client } = connect(t, api.url, { cluster });
  const piece = Buffer.alloc(1 << 20, 'x');
  // Together they fill more than the window of the connection.
  const unread = await watchAll(24, api, client);
  for (const { stream } of unread) for (let left = 2; left > 0; left -= 1) stream.raw(piece);
  const other = await watch(api, client);
  t.equal(other.connection, 1);
  const pieces = 8;
  for (let left = pieces; left > 0; left -= 1) other.stream.raw(piece);
  other.stream.end();
  let length = 0;
  for (let text = await other.read(); text !== undefined; text = await other.read()) length += text.length;
  t.equal(length, pieces * piece.length);
});
