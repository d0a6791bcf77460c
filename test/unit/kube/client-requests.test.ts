import t from 'tap';

import { JSON_PATCH, METADATA } from '../../../src/kube/client.ts';
import { connect, fakeApiServer } from '../../support/fake-api-server.ts';
import { journal } from '../../support/recording.ts';

t.test(
  'a request says what it accepts and who sends it, and has no content type without a body',
  async (t) => {
    const api = await fakeApiServer(t);
    api.answer((exchange) => exchange.json({ ok: true }));
    const { client } = connect(t, api.url, { user: { token: 'tok' } });
    t.same(await client.send({ method: 'GET', path: '/api/v1/secrets', accept: METADATA }), { ok: true });
    const [seen] = api.requests.items;
    t.match(seen, {
      method: 'GET',
      path: '/api/v1/secrets',
      headers: { accept: METADATA, 'user-agent': 'restamp', authorization: 'Bearer tok' },
      body: '',
    });
    t.notOk(Object.hasOwn(seen!.headers, 'content-type'));
  },
);

t.test('a query is escaped, and an empty one leaves no question mark', async (t) => {
  const api = await fakeApiServer(t);
  api.answer((exchange) => exchange.json({}));
  const { client } = connect(t, `${api.url}/`);
  const query = { fieldSelector: 'type!=a&b=c', continue: 'x+/=' };
  await client.send({ method: 'GET', path: '/api', query });
  t.same(api.requests.items[0]?.query, query);
  await client.send({ method: 'GET', path: '/api', query: {} });
  t.match(api.requests.items[1], { path: '/api', query: {} });
});

t.test('a body is JSON unless it is text already, with the content type that was asked for', async (t) => {
  const api = await fakeApiServer(t);
  api.answer((exchange) => exchange.json({}));
  const { client } = connect(t, api.url);
  await client.send({ method: 'POST', path: '/a', body: { a: 1 } });
  await client.send({ method: 'PATCH', path: '/a', contentType: JSON_PATCH, body: [] });
  await client.send({ method: 'POST', path: '/a', body: '{"b":2}' });
  t.match(api.requests.items, [
    { body: '{"a":1}', headers: { 'content-type': 'application/json', accept: 'application/json' } },
    { body: '[]', headers: { 'content-type': 'application/json-patch+json' } },
    { body: '{"b":2}', headers: { 'content-type': 'application/json' } },
  ]);
});

t.test('200 calls one after the other share very few connections', async (t) => {
  const api = await fakeApiServer(t);
  api.answer((exchange) => exchange.json({}));
  const { client } = connect(t, api.url, { user: { token: 'tok' } });
  for (let left = 200; left > 0; left -= 1) await client.send({ method: 'GET', path: '/api' });
  t.equal(api.requests.items.length, 200);
  t.ok(api.connections() <= 2, `${api.connections()} connections`);
});

t.test('calls that begin together use the connections of one agent', async (t) => {
  const api = await fakeApiServer(t);
  api.answer((exchange) => exchange.json({}));
  const { client, auth } = connect(t, api.url);
  const all = Array.from({ length: 20 }, () => auth.credentials());
  const dispatchers = new Set((await Promise.all(all)).map(({ dispatcher }) => dispatcher));
  t.equal(dispatchers.size, 1);
  await Promise.all(Array.from({ length: 20 }, () => client.send({ method: 'GET', path: '/api' })));
  await Promise.all(Array.from({ length: 20 }, () => client.send({ method: 'GET', path: '/api' })));
  t.ok(api.connections() < 40, `${api.connections()} connections for 40 calls`);
});

t.test('a watch is handed over while it lasts', async (t) => {
  const api = await fakeApiServer(t);
  const { client } = connect(t, api.url);
  const opened = client.open({ method: 'GET', path: '/api/v1/configmaps', query: { watch: '1' } });
  const stream = (await api.next()).stream();
  const pieces = journal<string>();
  const ended = (await opened).read((piece) => pieces.note(piece.toString()));
  stream.raw('one');
  t.same(await pieces.until(1), ['one']);
  stream.raw('two');
  t.same(await pieces.until(2), ['one', 'two']);
  stream.cut();
  await t.rejects(ended);
});

t.test('a refused credential is renewed and tried once more, and no oftener', async (t) => {
  const api = await fakeApiServer(t);
  const { client, auth } = connect(t, api.url, { user: { token: 'tok' } });
  let renewed = 0;
  const renew = auth.renew.bind(auth);
  Object.assign(auth, {
    renew: (after: number) => {
      renewed += 1;
      renew(after);
    },
  });
  let refusals = 1;
  api.answer((exchange) => {
    refusals -= 1;
    if (refusals >= 0) exchange.refuse(401, 'who are you');
    else exchange.json({ kind: 'Late' });
  });
  t.same(await client.send({ method: 'GET', path: '/api' }), { kind: 'Late' });
  t.same([renewed, api.requests.items.length], [1, 2]);

  refusals = 1;
  t.same(await (await client.open({ method: 'GET', path: '/api' })).text(), '{"kind":"Late"}');
  t.same([renewed, api.requests.items.length], [2, 4]);

  refusals = 9;
  await t.rejects(client.send({ method: 'GET', path: '/api' }), { code: 'RESTAMP_KUBE_UNAUTHORIZED' });
  t.same([renewed, api.requests.items.length], [3, 6]);
});

t.test('nothing but 401 is tried again', async (t) => {
  const api = await fakeApiServer(t);
  const { client } = connect(t, api.url);
  for (const status of [403, 409, 429, 500]) {
    const before = api.requests.items.length;
    api.answer((exchange) => exchange.refuse(status, 'no', { 'retry-after': '0' }));
    await t.rejects(client.send({ method: 'PATCH', path: '/api', body: {} }));
    t.equal(api.requests.items.length, before + 1, `${status}`);
  }
});

t.test('however many watches are open, a request waits for none of them', async (t) => {
  const api = await fakeApiServer(t);
  const { client } = connect(t, api.url);
  api.answer((exchange) => {
    if (exchange.query['watch'] === undefined) exchange.json({ ok: true });
    else exchange.stream();
  });
  const stop = new AbortController();
  const watch = { method: 'GET', path: '/api', query: { watch: '1' }, signal: stop.signal } as const;
  const bodies = await Promise.all(Array.from({ length: 100 }, () => client.open(watch)));
  const ended = bodies.map((body) => body.text());
  t.same(await client.send({ method: 'PUT', path: '/lease', body: {} }), { ok: true });
  stop.abort();
  for (const one of await Promise.allSettled(ended)) t.equal(one.status, 'rejected');
});
