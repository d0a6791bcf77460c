import t from 'tap';
import { journal, turn } from '../../../support/recording.ts';
import {
  BESIDE,
  bookmark,
  follow,
  pauseAfter,
  resumedFrom,
  sendList,
  synced,
  thing,
} from '../../../support/kube/reflector-harness.ts';

// An API server that was away may be back with an older state, and resumes a watch from a version that it has not reached yet.

t.test(
  'what was without contact for longer than a second is listed again: versions tell nothing',
  async (t) => {
    const told = journal<string>();
    const followed = await follow(t, {
      follower: {
        put: ({ metadata }) => told.note(`+ ${metadata.name}`),
        remove: ({ name }) => told.note(`- ${name}`),
        end: ({ isOlder }) => told.note(isOlder ? 'older' : 'end'),
        lost: () => told.note('lost'),
        found: () => told.note('found'),
      },
    });
    const { api, clock, troubles, answers } = followed;
    const stream = await synced(followed, 50, thing('a', 1), thing('b', 2));
    stream.cut();
    await troubles.until(1);
    clock.advance(100);
    const again = await api.next();
    t.equal(again.query['resourceVersion'], '50', 'so soon it is the same history');
    const second = again.stream();
    await told.find((word) => word === 'found');
    second.cut();
    for (const count of [2, 3, 4, 5, 6]) {
      await troubles.until(count);
      while (clock.waiting() > 0) clock.advance(100);
      if (count < 6) (await api.next()).refuse(503, 'no');
    }
    const last = await api.next();
    t.equal(last.query['sendInitialEvents'], 'true');
    // A restored API server has given out the same versions for other things.
    const third = last.stream();
    sendList(third, 70, thing('b', 2));
    await told.until(13);
    const losses = ['lost', 'lost', 'lost', 'lost', 'lost'];
    t.same(told.items, ['+ a', '+ b', 'end', 'lost', 'found', ...losses, '+ b', '- a', 'end']);
    clock.advance(60_000);
    third.end();
    const goingOn = await api.next();
    t.equal(goingOn.query['resourceVersion'], '70', 'with the list all is well again');
    goingOn.stream();
    await answers.until(followed.answers.items.length + 1);
    await turn();
    t.equal(told.items.length, 13, 'nobody is found who was not lost');
  },
);

t.test(
  'nor does a watch go on whose answer a proxy held back until the API server was there again',
  async (t) => {
    const followed = await follow(t);
    (await synced(followed, 50, thing('a', 1))).cut();
    await followed.troubles.until(1);
    followed.clock.advance(100);
    const held = await followed.api.next();
    t.equal(held.query['resourceVersion'], '50');
    followed.clock.advance(5_000);
    const stream = held.stream();
    stream.send('BOOKMARK', bookmark(60));
    t.equal(await resumedFrom(followed), undefined);
    await stream.closed;
    t.equal(followed.troubles.items.length, 1);
  },
);

t.test(
  'a watch that ended well lists again too, if other calls say that the API server was away',
  async (t) => {
    const followed = await follow(t);
    const { contact, clock } = followed;
    const stream = await synced(followed, 50, thing('a', 1));
    const absence = (): void => {
      for (const call of [BESIDE, { path: '/api/v1/secrets' }]) contact.heard(call, 0);
      clock.advance(1_001);
      contact.heard(BESIDE, 200);
    };
    absence();
    stream.end();
    const next = (await followed.api.next()).stream();
    sendList(next, 60, thing('a', 1));
    await followed.told.until(2);
    // What has been heard of since counts.
    absence();
    next.send('MODIFIED', thing('a', 70));
    await followed.told.until(3);
    t.equal(followed.reflector.relists, 1);
    next.end();
    t.equal(await resumedFrom(followed), '70');
  },
);

t.test('a watch of what never changes may be ended every 30 s: it goes on at once, each time', async (t) => {
  const followed = await follow(t);
  const { api, clock, troubles, answers } = followed;
  let stream = await synced(followed, 50, thing('a', 1));
  for (let count = 1; count <= 12; count += 1) {
    clock.advance(30_000);
    if (count % 2 === 0) stream.end();
    else stream.cut();
    // One whose list has just been read ends without a word of trouble, if it ends well.
    await troubles.until(count);
    clock.advance(100);
    const next = await api.next();
    t.equal(next.query['resourceVersion'], '50');
    stream = next.stream();
    await answers.until(count + 1);
    await turn();
  }
});

t.test('a refusal is an answer, and so is an end: the watch goes on where it was', async (t) => {
  const lost: string[] = [];
  const follower = { put: () => undefined, remove: () => undefined, lost: () => lost.push('lost') };
  const followed = await follow(t, { follower });
  (await synced(followed, 50, thing('a', 1))).end();
  for (const status of [429, 403, 429, 403]) await pauseAfter(followed, {}, status);
  for (const count of [5, 6, 7, 8]) {
    (await followed.api.next()).stream().end();
    await followed.troubles.until(count);
    while (followed.clock.waiting() > 0) followed.clock.advance(100);
  }
  t.equal(await resumedFrom(followed), '50');
  t.same(lost, []);
});
