import t from 'tap';
import { reloaderHash } from '../../../src/core/objects/digest.ts';
import { sourceData } from '../../../src/core/objects/source-data.ts';
import { RestampError } from '../../../src/errors.ts';
import { moment } from '../../../src/state/moment.ts';
import { turn } from '../../support/recording.ts';
import { reading } from '../../support/controller/source-reader-harness.ts';
import { digestOf, ref, source } from '../../support/controller/builders.ts';

const APP = ref('cm/app');

t.test('a source is read, digested and told of, and its data is forgotten', async (t) => {
  const { reader, asked, done } = reading();
  t.equal(reader.state(APP), undefined);
  reader.refresh(APP);
  t.equal(asked.items[0]?.key, 'apps/cm/app');
  asked.items[0]?.answer(source('app', { a: 'CANARY' }, { version: '7' }));
  const [{ state, before } = { state: undefined, before: undefined }] = await done.until(1);
  t.equal(before, undefined);
  t.match(state, { state: 'present', uid: 'uid-app', resourceVersion: '7' });
  if (state?.state !== 'present') return;
  t.equal(state.digest('k1', undefined), digestOf('cm/app', { a: 'CANARY' }));
  t.equal(state.digest('k0', undefined), digestOf('cm/app', { a: 'CANARY' }, undefined, 'k0'));
  t.equal(state.lever, reloaderHash(sourceData('cm', { data: { a: 'CANARY' } })));
  t.equal(reader.state(APP), state);
  t.equal(reader.state(ref('secret/app')), undefined);
  t.notMatch(JSON.stringify(state), 'CANARY');
});

t.test('200 wishes during one read are one read', async (t) => {
  const { reader, asked, done } = reading();
  const since = moment();
  for (let count = 0; count < 200; count += 1) reader.refresh(APP, { since });
  asked.items[0]?.answer(source('app', { a: '1' }, { version: '7' }));
  await done.until(1);
  await turn();
  t.equal(asked.items.length, 1);
  t.equal(done.items.length, 1);
});

t.test('what is heard of during a read is one more read, and both say from when they are', async (t) => {
  const { reader, asked, done } = reading();
  reader.refresh(APP, { since: moment() });
  const heard = [moment(), moment()] as const;
  for (const since of [heard[0], heard[1], heard[0]]) reader.refresh(APP, { since });
  asked.items[0]?.answer(source('app', { a: '1' }, { version: '7' }));
  await asked.until(2);
  const [first] = await done.until(1);
  t.match(first?.state, { resourceVersion: '7' });
  t.ok(first!.state.began < heard[0], 'it says nothing of what came later');
  asked.items[1]?.answer(source('app', { a: '2' }, { version: '9' }));
  const second = (await done.until(2))[1]!.state;
  t.match(second, { resourceVersion: '9' });
  t.ok(second.began > heard[1]);
  t.ok(second.ended > second.began);
  await turn();
  t.equal(asked.items.length, 2);
});

t.test('what was heard of before a read asks for no other one', async (t) => {
  const { reader, asked, done } = reading();
  const heard = [moment(), moment()] as const;
  reader.refresh(APP, { since: heard[0] });
  for (const since of heard) reader.refresh(APP, { since });
  asked.items[0]?.answer(source('app', { a: '1' }, { version: '9' }));
  await done.until(1);
  await turn();
  t.equal(asked.items.length, 1);
  reader.refresh(APP, { since: heard[0] });
  t.equal(asked.items.length, 2, 'after it, everybody may ask again');
});

t.test('a wish without a moment during a read is one more read', async (t) => {
  const { reader, asked, done } = reading();
  reader.refresh(APP);
  reader.refresh(APP);
  reader.refresh(APP);
  asked.items[0]?.answer(source('app', { a: '1' }, { version: '9' }));
  await asked.until(2);
  asked.items[1]?.answer(undefined);
  t.match((await done.until(2))[1]?.state, { state: 'missing' });
  await turn();
  t.equal(asked.items.length, 2);
});

t.test('sources are read beside each other', async (t) => {
  const { reader, asked, done } = reading();
  for (const key of ['cm/a', 'cm/b', 'secret/a']) reader.refresh(ref(key));
  t.same(
    asked.items.map(({ key }) => key),
    ['apps/cm/a', 'apps/cm/b', 'apps/secret/a'],
  );
  asked.items[2]?.answer(source('a', { a: 'eA==' }));
  await done.until(1);
  t.ok(reader.state(ref('secret/a')));
  t.equal(reader.state(ref('cm/a')), undefined);
});

t.test('what does not exist is missing, whatever way the API server says so', async (t) => {
  const { reader, asked, done } = reading();
  reader.refresh(APP);
  asked.items[0]?.answer(undefined);
  t.match((await done.until(1))[0]?.state, { state: 'missing' });
  reader.refresh(APP);
  asked.items[1]?.fail(new RestampError('RESTAMP_KUBE_NOT_FOUND', 'gone'));
  t.match((await done.until(2))[1]?.state, { state: 'missing' });
});

t.test('what a later read shows counts, even if its version is lower', async (t) => {
  const { reader, asked, done } = reading();
  reader.refresh(APP);
  asked.items[0]?.answer(source('app', { a: '1' }, { version: '10' }));
  await done.until(1);
  reader.refresh(APP);
  asked.items[1]?.answer(source('app', { a: '0' }, { version: '9' }));
  t.match((await done.until(2))[1], { state: { resourceVersion: '9' }, before: { resourceVersion: '10' } });
  t.match(reader.state(APP), { resourceVersion: '9' });
});

t.test('what is outdated must be read again, and a read under way once more', async (t) => {
  const { reader, asked, done } = reading();
  reader.refresh(APP);
  asked.items[0]?.answer(source('app', { a: '1' }, { version: '10' }));
  await done.until(1);
  reader.refresh(APP);
  reader.outdate(ref('cm/other'));
  t.ok(reader.state(APP));
  reader.outdate(APP);
  t.equal(reader.state(APP), undefined);
  asked.items[1]?.answer(source('app', { a: '1' }, { version: '10' }));
  await asked.until(3);
  asked.items[2]?.answer(source('app', { a: '0' }, { version: '9' }));
  t.match((await done.until(3))[2]?.state, { resourceVersion: '9' });
});

t.test('a failed read is reported and tried again by the table of errors', async (t) => {
  const { reader, clock, asked, done, troubles } = reading();
  reader.refresh(APP);
  const failures = [
    [new RestampError('RESTAMP_KUBE_UNAVAILABLE', 'down'), 50, 100],
    [new RestampError('RESTAMP_KUBE_UNAVAILABLE', 'down'), 100, 200],
    [new RestampError('RESTAMP_KUBE_THROTTLED', 'slow', { retryAfter: 3 }), 3000, 3000],
    [new RestampError('RESTAMP_KUBE_FORBIDDEN', 'no'), 500, 1000],
    [new TypeError('a bug'), 1000, 2000],
  ] as const;
  for (const [index, [error, shortest, longest]] of failures.entries()) {
    asked.items[index]?.fail(error);
    await troubles.until(index + 1);
    await turn();
    clock.advance(shortest - 1);
    t.equal(clock.waiting(), 1, `not before ${shortest} ms`);
    clock.advance(longest - shortest + 1);
    await asked.until(index + 2);
    t.equal(clock.waiting(), 0, `at the latest after ${longest} ms`);
  }
  t.same(
    troubles.items.map(({ code }) => code),
    [
      'RESTAMP_KUBE_UNAVAILABLE',
      'RESTAMP_KUBE_UNAVAILABLE',
      'RESTAMP_KUBE_THROTTLED',
      'RESTAMP_KUBE_FORBIDDEN',
      'RESTAMP_INTERNAL_FAULT',
    ],
  );
  asked.items[5]?.answer(source('app', { a: '1' }));
  await done.until(1);
});

t.test('a read that succeeds ends the row of failures, even where it is wished for again', async () => {
  const { reader, clock, asked, troubles } = reading();
  reader.refresh(APP);
  for (let count = 1; count <= 5; count += 1) {
    asked.items[count - 1]?.fail(new RestampError('RESTAMP_KUBE_UNAVAILABLE', 'down'));
    await troubles.until(count);
    await turn();
    clock.advance(30_000);
    await asked.until(count + 1);
  }
  reader.refresh(APP);
  asked.items[5]?.answer(source('app', { a: '1' }));
  await asked.until(7);
  asked.items[6]?.fail(new RestampError('RESTAMP_KUBE_UNAVAILABLE', 'down'));
  await troubles.until(6);
  await turn();
  clock.advance(100);
  await asked.until(8);
});

t.test('nothing is read again after stop', async (t) => {
  const { reader, clock, asked, troubles } = reading();
  reader.refresh(APP);
  asked.items[0]?.fail(new RestampError('RESTAMP_KUBE_UNAVAILABLE', 'down'));
  await troubles.until(1);
  await turn();
  reader.stop();
  clock.advance(60_000);
  await turn();
  reader.refresh(ref('cm/other'));
  t.equal(asked.items.length, 1);
});

t.test('what is forgotten must be read again', async (t) => {
  const { reader, asked, done } = reading();
  reader.refresh(APP);
  asked.items[0]?.answer(source('app', { a: '1' }));
  await done.until(1);
  reader.forget(ref('cm/other'));
  t.ok(reader.state(APP));
  reader.forget(APP);
  t.equal(reader.state(APP), undefined);
});

t.test('of thousands of sources a few are read at once; one that somebody awaits goes first', async (t) => {
  const { reader, asked, done } = reading();
  const answer = (index: number): void => {
    const { key, answer: reply } = asked.items[index]!;
    reply(source(key.split('/')[2]!, { a: '1' }, { version: '7' }));
  };
  for (let index = 0; index < 2000; index += 1) reader.refresh(ref(`cm/n${index}`));
  t.equal(asked.items.length, 32);
  t.equal(reader.waiting, 1968);
  const awaited = [reader.read(ref('cm/n1999')), reader.read(ref('secret/new'))];
  await turn();
  t.same(
    asked.items.slice(32).map(({ key }) => key),
    ['apps/cm/n1999', 'apps/secret/new'],
  );
  for (const index of [32, 33]) answer(index);
  await Promise.all(awaited);
  t.equal(asked.items.length, 34, 'they have taken nobody else with them');
  answer(0);
  await asked.until(35);
  t.equal(asked.items[34]?.key, 'apps/cm/n32');
  t.equal(reader.waiting, 1966);
  t.equal(done.items.length, 3);
});

t.test('what is heard of while a read waits for its turn is no second read', async (t) => {
  const { reader, asked, done } = reading();
  for (let index = 0; index < 32; index += 1) reader.refresh(ref(`cm/n${index}`));
  reader.refresh(APP);
  reader.refresh(APP);
  asked.items[0]?.answer(undefined);
  await asked.until(33);
  asked.items[32]?.answer(source('app', { a: '1' }, { version: '8' }));
  await done.until(2);
  await turn();
  t.equal(asked.items.length, 33);
});
