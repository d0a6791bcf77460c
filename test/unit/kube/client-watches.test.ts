import t from 'tap';
import type { RestampError } from '../../../src/errors.ts';
import { connect } from '../../support/fake-api-server.ts';
import { follow, sendList, thing } from '../../support/kube/reflector-harness.ts';
import { secureApi } from '../../support/kube/secure-api-server.ts';

const call = { method: 'GET', path: '/api/v1/secrets', query: { watch: '1', a: 'b&c' } } as const;

t.test('a watch by HTTP/2 says the same as one by HTTP/1.1', async (t) => {
  const { api, cluster } = await secureApi(t);
  const { client } = connect(t, api.url, { cluster, user: { token: 'tok' } });
  api.answer((exchange) => exchange.text('body'));
  t.equal(await (await client.open({ ...call, accept: 'application/x' })).text(), 'body');
  t.match(api.requests.items[0], {
    method: 'GET',
    path: call.path,
    query: call.query,
    headers: {
      ':authority': new URL(api.url).host,
      accept: 'application/x',
      'user-agent': 'restamp',
      authorization: 'Bearer tok',
    },
  });
});

t.test('a watch that is refused keeps its code, its reason and Retry-After', async (t) => {
  const { api, cluster } = await secureApi(t);
  const seen: number[] = [];
  const dates: (string | undefined)[] = [];
  const observe = (_call: unknown, status: number, _ms: number, date: string | undefined): void => {
    seen.push(status);
    dates.push(date);
  };
  const { client } = connect(t, api.url, { cluster, observe });
  const codes = [
    [403, 'RESTAMP_KUBE_FORBIDDEN'],
    [410, 'RESTAMP_KUBE_GONE'],
    [429, 'RESTAMP_KUBE_THROTTLED'],
    [503, 'RESTAMP_KUBE_UNAVAILABLE'],
  ] as const;
  for (const [status, code] of codes) {
    api.answer((exchange) => exchange.refuse(status, 'no', { 'retry-after': '7' }));
    await t.rejects(client.open(call), { code, detail: `GET ${call.path}: no`, retryAfter: 7 });
  }
  t.same(seen, [403, 410, 429, 503]);
  t.ok(
    dates.every((date) => Date.parse(date ?? '') > 0),
    'each answer tells the time',
  );
});

t.test('a watch that is refused for its credentials is opened with renewed ones, once', async (t) => {
  const { api, cluster } = await secureApi(t);
  const { client, auth } = connect(t, api.url, { cluster, user: { token: 'tok' } });
  let refusals = 1;
  api.answer((exchange) => {
    refusals -= 1;
    if (refusals >= 0) exchange.refuse(401);
    else exchange.text('late');
  });
  t.equal(await (await client.open(call)).text(), 'late');
  t.same([auth.renewals, api.requests.items.length, api.connections()], [1, 2, 1]);
  refusals = 9;
  await t.rejects(client.open(call), { code: 'RESTAMP_KUBE_UNAUTHORIZED' });
  t.same([auth.renewals, api.requests.items.length], [2, 4]);
});

t.test('no error of a watch quotes the token', async (t) => {
  const { api, cluster } = await secureApi(t);
  const token = 'CANARY\0token';
  const { client } = connect(t, api.url, { cluster, user: { token } });
  api.answer((exchange) => exchange.cut());
  const error: unknown = await client.open(call).catch((thrown: unknown) => thrown);
  t.match(error, { code: 'RESTAMP_KUBE_UNAVAILABLE' });
  const { stack, cause, detail } = error as RestampError;
  t.notMatch([stack, detail, String(cause), (cause as Error).stack].join('\n'), 'CANARY');
});

t.test('reflectors whose connection breaks resume after a pause, where they were', async (t) => {
  const secure = await secureApi(t);
  const one = await follow(t, { path: '/one' }, secure);
  const { api } = secure;
  const two = await follow(t, { path: '/two', client: one.client, clock: one.clock }, secure);
  for (const version of [7, 8]) sendList((await api.next()).stream(), version, thing('app', version));
  await Promise.all([one.reflector.synced, two.reflector.synced]);
  for (const socket of api.sockets) socket.destroy();
  t.match(await one.troubles.until(1), [{ code: 'RESTAMP_KUBE_UNAVAILABLE' }]);
  t.match(await two.troubles.until(1), [{ code: 'RESTAMP_KUBE_UNAVAILABLE' }]);
  t.equal(api.requests.items.length, 2, 'nothing is asked before the pause is over');
  one.clock.advance(100);
  const resumed = await api.requests.until(4);
  t.same(
    resumed
      .slice(2)
      .map(({ query }) => query['resourceVersion'])
      .toSorted(),
    ['7', '8'],
  );
  t.equal(api.connections(), 2);
});
