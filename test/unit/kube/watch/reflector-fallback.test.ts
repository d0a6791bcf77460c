import t from 'tap';
import { bookmark, follow, sendList, thing, type Followed } from '../../../support/kube/reflector-harness.ts';

const page = (version: number, names: readonly string[], next?: string): object => ({
  metadata: { resourceVersion: String(version), ...(next === undefined ? {} : { continue: next }) },
  items: names.map((name, index) => thing(name, index + 1)),
});

async function answerList({ api }: Followed, body: object): Promise<Readonly<Record<string, string>>> {
  const exchange = await api.next();
  exchange.json(body);
  return exchange.query;
}

t.test(
  'where streamed lists are refused, pages are read and the watch begins at their version',
  async (t) => {
    for (const status of [422, 400]) {
      const followed = await follow(t);
      (await followed.api.next()).refuse(status, 'sendInitialEvents is forbidden');
      t.same(await answerList(followed, page(40, ['a', 'b'], 'more')), { limit: '500' });
      t.equal(followed.reflector.hasSynced, false);
      t.same(await answerList(followed, page(40, ['c'], '')), { limit: '500', continue: 'more' });
      await followed.reflector.synced;
      t.same(followed.told.items, ['+ a@1', '+ b@2', '+ c@1']);
      const { query } = await followed.api.next();
      t.match(query, { watch: '1', allowWatchBookmarks: 'true', resourceVersion: '40' });
      t.notOk(Object.hasOwn(query, 'sendInitialEvents'));
      t.notOk(Object.hasOwn(query, 'resourceVersionMatch'));
      t.same(followed.troubles.items, [], 'that is no trouble');
    }
  },
);

t.test('a refusal of anything but streamed lists is trouble', async (t) => {
  const followed = await follow(t);
  (await followed.api.next()).refuse(403, 'configmaps is forbidden');
  t.match(await followed.troubles.until(1), [{ code: 'RESTAMP_KUBE_FORBIDDEN' }]);
  followed.clock.advance(100);
  t.match((await followed.api.next()).query, { sendInitialEvents: 'true' });
});

t.test('a watch that is refused as invalid after the list was read is trouble', async (t) => {
  const followed = await follow(t);
  (await followed.api.next()).refuse(422);
  await answerList(followed, page(40, ['a']));
  (await followed.api.next()).refuse(422, 'bad version');
  t.match(await followed.troubles.until(1), [{ code: 'RESTAMP_KUBE_INVALID' }]);
});

t.test('a server that never sends the end mark is given a minute, then pages are read', async (t) => {
  const followed = await follow(t);
  const stream = (await followed.api.next()).stream();
  stream.send('ADDED', thing('a', 1));
  await followed.told.until(1);
  followed.clock.advance(59_999);
  t.equal(followed.clock.waiting(), 1);
  followed.clock.advance(1);
  await stream.closed;
  await followed.troubles.until(1);
  followed.clock.advance(100);
  t.same(await answerList(followed, page(40, ['a', 'b'])), { limit: '500' });
  await followed.reflector.synced;
  t.match((await followed.api.next()).query, { resourceVersion: '40' });
});

t.test('a server that does not even answer the streamed list is given the same minute', async (t) => {
  const followed = await follow(t);
  await followed.api.next();
  followed.clock.advance(60_000);
  await followed.troubles.until(1);
  followed.clock.advance(100);
  t.same((await followed.api.next()).query, { limit: '500' });
});

t.test('the minute is over with the end mark', async (t) => {
  const followed = await follow(t);
  const stream = (await followed.api.next()).stream();
  sendList(stream, 5, thing('a', 1));
  await followed.reflector.synced;
  followed.clock.advance(120_000);
  stream.send('MODIFIED', thing('a', 6));
  t.same(await followed.told.until(2), ['+ a@1', '+ a@6']);
  t.equal(followed.api.requests.items.length, 1);
});

t.test('a list whose pages are gone begins again at the first page', async (t) => {
  const followed = await follow(t);
  (await followed.api.next()).refuse(422);
  await answerList(followed, page(40, ['a'], 'more'));
  (await followed.api.next()).refuse(410, 'the continue token is too old');
  await followed.troubles.until(1);
  t.equal(followed.reflector.hasSynced, false);
  followed.clock.advance(100);
  t.same(await answerList(followed, page(50, ['b'])), { limit: '500' });
  await followed.reflector.synced;
  t.same(followed.told.items, ['+ a@1', '+ b@1', '- a'], 'what the broken list has shown is gone');
});

t.test('410 after a paged list means a paged list again, and deletions are computed', async (t) => {
  const followed = await follow(t);
  (await followed.api.next()).refuse(422);
  await answerList(followed, page(40, ['a', 'b']));
  (await followed.api.next()).stream().send('ERROR', { code: 410 });
  await followed.troubles.until(1);
  followed.clock.advance(100);
  t.same(await answerList(followed, page(60, ['b'])), { limit: '500' });
  t.same(await followed.told.until(4), ['+ a@1', '+ b@2', '+ b@1', '- a']);
  const watch = await followed.api.next();
  t.match(watch.query, { resourceVersion: '60' });
  const stream = watch.stream();
  stream.send('BOOKMARK', bookmark(77));
  stream.end();
  t.match((await followed.api.next()).query, { resourceVersion: '77' });
});

t.test('a list whose items are null is an empty one', async (t) => {
  const followed = await follow(t);
  (await followed.api.next()).refuse(422, 'sendInitialEvents is forbidden');
  await answerList(followed, { metadata: { resourceVersion: '40' }, items: null });
  await followed.reflector.synced;
  t.match((await followed.api.next()).query, { watch: '1', resourceVersion: '40' });
  t.same([followed.told.items, followed.troubles.items], [[], []]);
});
