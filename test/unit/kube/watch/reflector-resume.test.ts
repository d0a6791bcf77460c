import t from 'tap';
import { turn } from '../../../support/recording.ts';
import {
  bookmark,
  follow,
  pauseAfter,
  resumedFrom,
  sendList,
  synced,
  thing,
} from '../../../support/kube/reflector-harness.ts';

t.test('a watch that ends is resumed at once where it ended', async (t) => {
  const followed = await follow(t);
  const stream = await synced(followed, 5, thing('a', 1));
  stream.send('MODIFIED', thing('a', 8));
  await followed.told.until(2);
  stream.end();
  t.equal(await resumedFrom(followed), '8');
  t.same(followed.troubles.items, []);
  t.equal(followed.reflector.relists, 0);
});

t.test('a bookmark moves the place on', async (t) => {
  const followed = await follow(t);
  const stream = await synced(followed, 5, thing('a', 1));
  stream.send('BOOKMARK', bookmark(70));
  stream.end();
  t.equal(await resumedFrom(followed), '70');
  t.same(followed.told.items, ['+ a@1'], 'a bookmark is no object');
});

t.test('a watch that breaks off is resumed after a pause', async (t) => {
  const followed = await follow(t);
  const stream = await synced(followed, 5, thing('a', 1));
  stream.cut();
  const [trouble] = await followed.troubles.until(1);
  t.equal(trouble?.code, 'RESTAMP_KUBE_UNAVAILABLE');
  t.equal(followed.clock.waiting(), 1);
  followed.clock.advance(100);
  t.equal(await resumedFrom(followed), '5');
});

t.test('half a line at the end is left out, and comes again from where the watch was', async (t) => {
  const followed = await follow(t);
  const stream = await synced(followed, 5, thing('a', 1));
  stream.send('MODIFIED', thing('a', 6));
  await followed.told.until(2);
  stream.raw('{"type":"MODIFIED","object":{"metadata":{"name":"a","resourceVersion":"7"');
  stream.end();
  t.equal(await resumedFrom(followed), '6');
});

t.test('nothing is resumed from the middle of an initial list', async (t) => {
  const followed = await follow(t);
  for (const ending of ['end', 'cut'] as const) {
    const stream = (await followed.api.next()).stream();
    const before = followed.told.items.length;
    stream.send('ADDED', thing('a', 9));
    stream.send('BOOKMARK', bookmark(10));
    await followed.told.until(before + 1);
    stream[ending]();
    await followed.troubles.until(ending === 'end' ? 1 : 2);
    followed.clock.advance(60_000);
  }
  t.equal(await resumedFrom(followed), undefined, 'the list begins again');
  t.equal(followed.reflector.hasSynced, false);
});

t.test('a version that is too old, told by status or in the stream, means list again', async (t) => {
  const followed = await follow(t);
  const stream = await synced(followed, 5, thing('a', 1));
  stream.send('MODIFIED', thing('a', 6));
  stream.end();
  (await followed.api.next()).refuse(410, 'too old');
  t.equal((await followed.troubles.until(1))[0]?.code, 'RESTAMP_KUBE_GONE');
  followed.clock.advance(100);
  const again = await followed.api.next();
  t.match(again.query, { sendInitialEvents: 'true' });
  const relisted = again.stream();
  sendList(relisted, 20, thing('a', 6));
  relisted.send('ERROR', { kind: 'Status', code: 410, message: 'too old' });
  t.equal((await followed.troubles.until(2))[1]?.detail, '/api/v1/configmaps: too old');
  followed.clock.advance(100);
  t.equal(await resumedFrom(followed), undefined);
});

t.test('any other error in the stream keeps the place', async (t) => {
  const followed = await follow(t);
  const stream = await synced(followed, 5, thing('a', 1));
  stream.send('ERROR', { code: 500, message: 'etcd leader changed' });
  t.match((await followed.troubles.until(1))[0], {
    code: 'RESTAMP_KUBE_UNAVAILABLE',
    detail: '/api/v1/configmaps: etcd leader changed',
  });
  followed.clock.advance(100);
  t.equal(await resumedFrom(followed), '5');
});

t.test('a server that ends each watch without a word is not asked without a pause', async (t) => {
  const followed = await follow(t);
  const stream = await synced(followed, 5, thing('a', 1));
  stream.end();
  (await followed.api.next()).stream().end();
  await followed.troubles.until(1);
  t.equal(followed.clock.waiting(), 1);
  followed.clock.advance(100);
  (await followed.api.next()).stream().end();
  await followed.troubles.until(2);
  followed.clock.advance(199);
  t.equal(followed.clock.waiting(), 1, 'and the pause grows');
});

t.test('the pause doubles up to 30 s, and an event makes it short again', async (t) => {
  const followed = await follow(t);
  (await synced(followed, 5, thing('a', 1))).end();
  const pauses: number[] = [];
  for (let count = 11; count > 0; count -= 1) pauses.push(await pauseAfter(followed));
  t.same(pauses, [100, 200, 400, 800, 1600, 3200, 6400, 12_800, 25_600, 30_000, 30_000]);
  const stream = (await followed.api.next()).stream();
  sendList(stream, 6, thing('a', 6));
  await followed.told.until(2);
  stream.end();
  t.equal(await pauseAfter(followed), 100);
});

t.test('a list that begins again and again is no progress: its pause grows too', async (t) => {
  const followed = await follow(t);
  const pauses: number[] = [];
  for (let count = 1; count <= 3; count += 1) {
    const stream = (await followed.api.next()).stream();
    stream.send('ADDED', thing('a', 1));
    await followed.told.until(count);
    stream.cut();
    await followed.troubles.until(count);
    const start = followed.clock.monotonic();
    while (followed.clock.waiting() > 0) followed.clock.advance(50);
    pauses.push(followed.clock.monotonic() - start);
  }
  t.same(pauses, [100, 200, 400]);
});

t.test('the API server may ask for a longer pause, not for a shorter one', async (t) => {
  const followed = await follow(t);
  t.equal(await pauseAfter(followed, { 'retry-after': '7' }), 7000);
  t.equal(await pauseAfter(followed, { 'retry-after': '0' }), 200);
});

t.test('the pause has jitter between one half and one', async (t) => {
  const followed = await follow(t, { random: () => 0 });
  t.equal(await pauseAfter(followed), 50);
  t.match((await followed.api.next()).query, { timeoutSeconds: '300' });
});

t.test('the age is the time since the API server last spoke', async (t) => {
  const followed = await follow(t);
  const stream = (await followed.api.next()).stream();
  followed.clock.advance(3000);
  t.equal(followed.reflector.ageSeconds, 3);
  stream.send('ADDED', thing('a', 1));
  await followed.told.until(1);
  t.equal(followed.reflector.ageSeconds, 0);
  stream.send('BOOKMARK', bookmark(5, true));
  await followed.reflector.synced;
  followed.clock.advance(61_000);
  t.equal(followed.reflector.ageSeconds, 61);
  stream.send('BOOKMARK', bookmark(9));
  stream.send('ADDED', thing('z', 10));
  await followed.told.until(2);
  t.equal(followed.reflector.ageSeconds, 0);
});

t.test('stop ends at once', async (t) => {
  t.test('while a watch is silent', async (t) => {
    const followed = await follow(t);
    const stream = await synced(followed, 5, thing('a', 1));
    await followed.reflector.stop();
    await stream.closed;
    t.same(followed.troubles.items, [], 'and is no trouble');
  });
  t.test('while the answer is awaited', async (t) => {
    const followed = await follow(t);
    await followed.api.next();
    await followed.reflector.stop();
    t.same(followed.troubles.items, []);
    t.equal(followed.clock.waiting(), 0);
  });
  t.test('during a pause', async (t) => {
    const followed = await follow(t);
    (await followed.api.next()).refuse(500);
    await followed.troubles.until(1);
    await followed.reflector.stop();
    t.equal(followed.clock.waiting(), 0);
    await turn();
    t.equal(followed.api.requests.items.length, 1);
  });
  t.test('during a paged list', async (t) => {
    const followed = await follow(t);
    (await followed.api.next()).refuse(422);
    await followed.api.next();
    await followed.reflector.stop();
    t.same(followed.troubles.items, []);
  });
});
