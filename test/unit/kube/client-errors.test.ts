import t from 'tap';
import type { RestampError } from '../../../src/errors.ts';
import { connect, fakeApiServer } from '../../support/fake-api-server.ts';

const call = { method: 'GET', path: '/api/v1/namespaces/apps/configmaps/app' } as const;
const named = 'GET /api/v1/namespaces/apps/configmaps/app';

/** What a call fails with. */
async function failure(promise: Promise<unknown>): Promise<RestampError> {
  return promise.then(
    () => {
      throw new Error('it did not fail');
    },
    (error: unknown) => error as RestampError,
  );
}

t.test('each status has its code, and the text of the Status names the reason', async (t) => {
  const api = await fakeApiServer(t);
  const { client } = connect(t, api.url);
  const codes = [
    [400, 'RESTAMP_KUBE_INVALID'],
    [401, 'RESTAMP_KUBE_UNAUTHORIZED'],
    [403, 'RESTAMP_KUBE_FORBIDDEN'],
    [404, 'RESTAMP_KUBE_NOT_FOUND'],
    [405, 'RESTAMP_KUBE_UNSUPPORTED'],
    [406, 'RESTAMP_KUBE_UNSUPPORTED'],
    [407, 'RESTAMP_KUBE_PROTOCOL'],
    [408, 'RESTAMP_KUBE_UNAVAILABLE'],
    [409, 'RESTAMP_KUBE_CONFLICT'],
    [410, 'RESTAMP_KUBE_GONE'],
    [413, 'RESTAMP_KUBE_TOO_LARGE'],
    [415, 'RESTAMP_KUBE_UNSUPPORTED'],
    [418, 'RESTAMP_KUBE_PROTOCOL'],
    [422, 'RESTAMP_KUBE_INVALID'],
    [425, 'RESTAMP_KUBE_UNAVAILABLE'],
    [429, 'RESTAMP_KUBE_THROTTLED'],
    [431, 'RESTAMP_KUBE_PROTOCOL'],
    [500, 'RESTAMP_KUBE_UNAVAILABLE'],
    [501, 'RESTAMP_KUBE_UNAVAILABLE'],
    [503, 'RESTAMP_KUBE_UNAVAILABLE'],
    [504, 'RESTAMP_KUBE_UNAVAILABLE'],
  ] as const;
  for (const [status, code] of codes) {
    api.answer((exchange) => exchange.refuse(status, `no, ${status}`));
    const error = await failure(client.send(call));
    t.equal(error.code, code, `${status}`);
    t.equal(error.detail, `${named}: no, ${status}`);
    t.equal((await failure(client.open(call))).code, code, `${status} of a watch`);
  }
});

t.test(
  'a redirect, or any other answer that is none, is a fault of the protocol and is not followed',
  async (t) => {
    const api = await fakeApiServer(t);
    const { client } = connect(t, api.url);
    const elsewhere: string[] = [];
    for (const status of [300, 302, 304, 307, 308]) {
      api.answer((exchange) => {
        elsewhere.push(exchange.path);
        exchange.text('<a href="/login">CANARY</a>', status, { location: `${api.url}/login` });
      });
      for (const ask of ['send', 'open'] as const)
        t.match(await failure(client[ask](call)), {
          code: 'RESTAMP_KUBE_PROTOCOL',
          detail: `${named}: status ${status}`,
        });
    }
    t.notMatch(elsewhere, 'login');
  },
);

t.test('Retry-After is kept in seconds, a minute at most, and a date or nothing is none', async (t) => {
  const api = await fakeApiServer(t);
  const { client } = connect(t, api.url);
  const asked = [
    [{ 'retry-after': '7' }, 7],
    [{ 'retry-after': '0' }, 0],
    [{ 'retry-after': '60' }, 60],
    [{ 'retry-after': '61' }, 60],
    [{ 'retry-after': '1e300' }, 60],
    [{ 'retry-after': 'Infinity' }, undefined],
    [{ 'retry-after': 'Sun, 22 Nov 2026 12:00:00 GMT' }, undefined],
    [{}, undefined],
  ] as const;
  for (const [headers, seconds] of asked) {
    api.answer((exchange) => exchange.refuse(429, 'slow down', headers));
    t.equal((await failure(client.send(call))).retryAfter, seconds, JSON.stringify(headers));
  }
});

t.test('a long reason is cut, and an answer that is no Status is not quoted', async (t) => {
  const api = await fakeApiServer(t);
  const { client } = connect(t, api.url);
  api.answer((exchange) => exchange.refuse(422, 'x'.repeat(5000)));
  t.equal((await failure(client.send(call))).detail, `${named}: ${'x'.repeat(300)}`);
  for (const body of ['CANARY', '"CANARY"', '{"message":{"a":"CANARY"}}', 'null', '{"data":"CANARY"}']) {
    api.answer((exchange) => exchange.text(body, 500));
    t.equal((await failure(client.send(call))).detail, `${named}: status 500`, body);
  }
});

t.test('an answer that is not JSON is a fault of the protocol, and is not quoted', async (t) => {
  const api = await fakeApiServer(t);
  const { client } = connect(t, api.url);
  for (const body of ['', '<html>CANARY</html>', '{"data":"CANARY']) {
    api.answer((exchange) => exchange.text(body));
    const error = await failure(client.send(call));
    t.match(error, { code: 'RESTAMP_KUBE_PROTOCOL', detail: `${named}: the answer is not JSON` });
    t.notMatch(`${error.stack}${String(error.cause)}`, 'CANARY');
  }
});

t.test('an API server that is not there, or breaks off, is unavailable', async (t) => {
  const api = await fakeApiServer(t);
  const { client } = connect(t, api.url);
  api.answer((exchange) => exchange.cut());
  t.match(await failure(client.send(call)), { code: 'RESTAMP_KUBE_UNAVAILABLE', retry: 'backoff' });
  await api.close();
  const error = await failure(client.send(call));
  t.equal(error.code, 'RESTAMP_KUBE_UNAVAILABLE');
  t.match(error.detail, new RegExp(`^${named}: .*ECONNREFUSED`));
});

t.test('an answer that breaks off in the middle of its body is unavailable, not damaged', async (t) => {
  const api = await fakeApiServer(t);
  const { client } = connect(t, api.url);
  const sent = failure(client.send(call));
  const stream = (await api.next()).stream();
  stream.raw('{"a":');
  setImmediate(stream.cut);
  t.equal((await sent).code, 'RESTAMP_KUBE_UNAVAILABLE');
});

t.test('a call ends when its signal does', async (t) => {
  const api = await fakeApiServer(t);
  const { client } = connect(t, api.url);
  const stop = new AbortController();
  const sent = failure(client.send({ ...call, signal: stop.signal }));
  await api.next();
  stop.abort();
  t.equal((await sent).code, 'RESTAMP_KUBE_UNAVAILABLE');
});

t.test('the observer hears of every answer and its date, and of none as status 0', async (t) => {
  const api = await fakeApiServer(t);
  const heard: [string, number, boolean, boolean][] = [];
  const { client } = connect(t, api.url, {
    observe: ({ method }, status, ms, date) =>
      heard.push([method, status, ms >= 0, Date.parse(date ?? '') > 0]),
  });
  api.answer((exchange) => exchange.json({}));
  await client.send(call);
  api.answer((exchange) => exchange.refuse(409));
  await failure(client.send({ ...call, method: 'PUT', body: {} }));
  await api.close();
  await failure(client.send(call));
  t.same(heard, [
    ['GET', 200, true, true],
    ['PUT', 409, true, true],
    ['GET', 0, true, false],
  ]);
});
