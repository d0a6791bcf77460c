import t from 'tap';
import { follow, sendList, synced, thing } from '../../../support/kube/reflector-harness.ts';

t.test('a list that is wished for is read again at once, and is no trouble', async (t) => {
  let relisted = 0;
  const followed = await follow(t, { onRelisted: () => (relisted += 1) });
  const stream = await synced(followed, 5, thing('a', 1), thing('b', 2));
  t.equal(relisted, 0, 'the first list is none that was read again');
  followed.reflector.relist();
  await stream.closed;
  const again = await followed.api.next();
  t.match(again.query, { sendInitialEvents: 'true' });
  sendList(again.stream(), 9, thing('b', 2));
  t.same(await followed.told.until(4), ['+ a@1', '+ b@2', '+ b@2', '- a']);
  t.equal(relisted, 1);
  t.same(followed.troubles.items, []);
});

t.test('what still comes on the old watch does not make the list be left out', async (t) => {
  const followed = await follow(t, {
    follower: {
      put: ({ metadata }) => {
        followed.told.note(metadata.name);
        if (metadata.name === 'first') followed.reflector.relist();
      },
      remove: () => undefined,
    },
  });
  const stream = await synced(followed, 5, thing('a', 1));
  const lines = [thing('first', 6), thing('second', 7)].map((object) =>
    JSON.stringify({ type: 'ADDED', object }),
  );
  stream.raw(`${lines.join('\n')}\n`);
  t.match((await followed.api.next()).query, { sendInitialEvents: 'true' });
});

t.test('a fault after the wish is a fault: it is told', async (t) => {
  const followed = await follow(t);
  const stream = await synced(followed, 5, thing('a', 1));
  stream.cut();
  await followed.troubles.until(1);
  followed.reflector.relist();
  followed.clock.advance(100);
  const again = await followed.api.next();
  t.match(again.query, { sendInitialEvents: 'true' });
  again.refuse(500);
  t.match((await followed.troubles.until(2))[1]?.detail, 'refused with 500');
});

t.test('wishes do not give a server that never ends its list more than the one minute', async (t) => {
  const followed = await follow(t);
  for (let second = 0; second < 60; second += 20) {
    const stream = (await followed.api.next()).stream();
    stream.send('ADDED', thing('a', 1));
    await followed.told.until(1 + second / 20);
    followed.clock.advance(20_000);
    if (second < 40) followed.reflector.relist();
    await stream.closed;
  }
  await followed.troubles.until(1);
  followed.clock.advance(100);
  t.same((await followed.api.next()).query, { limit: '500' });
});

t.test(
  'the minute begins anew with a list that is begun after a fault, or after one that has ended',
  async (t) => {
    const followed = await follow(t);
    await followed.api.next();
    followed.clock.advance(50_000);
    followed.reflector.relist();
    (await followed.api.next()).refuse(500);
    await followed.troubles.until(1);
    followed.clock.advance(100);
    const stream = (await followed.api.next()).stream();
    followed.clock.advance(50_000);
    sendList(stream, 5, thing('a', 1));
    await followed.reflector.synced;
    followed.reflector.relist();
    const again = (await followed.api.next()).stream();
    followed.clock.advance(50_000);
    sendList(again, 7, thing('a', 1), thing('b', 6));
    t.same(await followed.told.until(3), ['+ a@1', '+ a@1', '+ b@6']);
  },
);

t.test('a wish during a list that is read by pages is granted by another one after it', async (t) => {
  let relisted = 0;
  const followed = await follow(t, { onRelisted: () => (relisted += 1) });
  (await followed.api.next()).refuse(422, 'sendInitialEvents is forbidden');
  const list = (version: number) => ({
    metadata: { resourceVersion: String(version) },
    items: [thing('a', version)],
  });
  (await followed.api.next()).json(list(5));
  const watch = await followed.api.next();
  t.match(watch.query, { resourceVersion: '5' });
  followed.reflector.relist();
  const early = await followed.api.next();
  followed.reflector.relist();
  early.json(list(6));
  const late = await followed.api.next();
  t.same(late.query, { limit: '500' });
  t.equal(relisted, 0, 'it is not granted by the one that had begun before');
  late.json(list(7));
  t.match((await followed.api.next()).query, { resourceVersion: '7' });
  t.equal(relisted, 1);
  t.same(followed.troubles.items, []);
});

t.test('what an older list lacks is told of by the next one, which comes at once', async (t) => {
  const followed = await follow(t);
  const stream = await synced(followed, 5, thing('a', 1), thing('b', 2), thing('c', 3));
  stream.send('ADDED', thing('d', 8));
  await followed.told.until(4);
  followed.reflector.relist();
  // It comes from an API server whose cache lags.
  sendList((await followed.api.next()).stream(), 4, thing('a', 1), thing('b', 2));
  const next = await followed.api.next();
  t.match(next.query, { sendInitialEvents: 'true' });
  t.same((await followed.told.until(6)).slice(4), ['+ a@1', '+ b@2']);
  sendList(next.stream(), 9, thing('a', 1), thing('c', 3), thing('d', 8));
  t.same((await followed.told.until(10)).slice(6), ['+ a@1', '+ c@3', '+ d@8', '- b']);
  t.same(followed.troubles.items, []);
});

t.test('after a restore the second list says what is gone, and the watch goes on from there', async (t) => {
  const followed = await follow(t);
  (await followed.api.next()).refuse(422, 'sendInitialEvents is forbidden');
  const list = (version: number, ...items: object[]) => ({
    metadata: { resourceVersion: String(version) },
    items,
  });
  (await followed.api.next()).json(list(50, thing('a', 1), thing('made-later', 30)));
  await followed.api.next();
  followed.reflector.relist();
  for (let count = 0; count < 2; count += 1) (await followed.api.next()).json(list(20, thing('a', 1)));
  t.match((await followed.api.next()).query, { resourceVersion: '20' });
  t.same(followed.told.items, ['+ a@1', '+ made-later@30', '+ a@1', '+ a@1', '- made-later']);
});
