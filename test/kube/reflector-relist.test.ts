import t from 'tap';
import { follow, sendList, synced, thing } from './follow.ts';

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
