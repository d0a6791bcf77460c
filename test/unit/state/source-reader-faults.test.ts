import t, { type Test } from 'tap';
import { RestampError } from '../../../src/errors.ts';
import { turn } from '../../support/recording.ts';
import { reading, type Reading } from '../../support/controller/source-reader-harness.ts';
import { ref, source } from '../../support/controller/builders.ts';

const APP = ref('cm/app');
const OTHER = ref('cm/other');
const down = (): RestampError => new RestampError('RESTAMP_KUBE_UNAVAILABLE', 'down');

t.test('whoever fails at being told of a read is reported, and the source is not read again', async (t) => {
  const { reader, clock, asked, done, troubles } = reading({
    onRead: () => {
      throw new TypeError('a bug');
    },
  });
  reader.refresh(APP);
  asked.items[0]?.answer(source('app', { a: '1' }, { version: '7' }));
  await done.until(1);
  t.match((await troubles.until(1))[0], { code: 'RESTAMP_INTERNAL_FAULT', detail: /a bug/ });
  await turn();
  clock.advance(60_000);
  await turn();
  t.equal(asked.items.length, 1);
  t.match(reader.state(APP), { resourceVersion: '7' }, 'what was read counts');
});

t.test('a source that may not be read is unreadable at once, until it has been read', async (t) => {
  const { reader, clock, asked, done, unreadable } = reading();
  t.equal(reader.unreadable(APP), false);
  reader.refresh(APP);
  for (const count of [1, 2]) {
    asked.items[count - 1]?.fail(new RestampError('RESTAMP_KUBE_FORBIDDEN', 'no'));
    await unreadable.until(1);
    await turn();
    t.equal(reader.unreadable(APP), true);
    clock.advance(5000);
    await asked.until(count + 1);
  }
  t.same(unreadable.items, ['apps/cm/app'], 'told once');
  asked.items[2]?.answer(source('app', { a: '1' }));
  await done.until(1);
  t.equal(reader.unreadable(APP), false);
});

t.test(
  'what an API server refuses that has just started is not unreadable, until it has settled',
  async (t) => {
    let isSettling = true;
    const { reader, clock, asked, troubles } = reading({ isSettling: () => isSettling });
    reader.refresh(APP);
    for (const count of [1, 2]) {
      asked.items[count - 1]?.fail(new RestampError('RESTAMP_KUBE_FORBIDDEN', 'no'));
      await troubles.until(count);
      await turn();
      t.equal(reader.unreadable(APP), count === 2);
      isSettling = false;
      clock.advance(5000);
      await asked.until(count + 1);
    }
  },
);

/** Has the reads of `APP` fail for ten seconds, on whose end nobody has counted it as unreadable. */
async function failForLong({ reader, clock, asked, troubles }: Reading, t: Test): Promise<void> {
  reader.refresh(APP);
  const began = clock.monotonic();
  for (let count = 1; clock.monotonic() - began < 10_000; count += 1) {
    t.equal(reader.unreadable(APP), false);
    asked.items.at(-1)?.fail(down());
    await troubles.until(count);
    await turn();
    clock.advance(5000);
    await asked.until(count + 1);
  }
}

t.test('a source whose reads fail is unreadable when they have failed for so long', async (t) => {
  const made = reading();
  await failForLong(made, t);
  const last = made.asked.items.at(-1)!;
  made.reader.refresh(OTHER);
  made.asked.items.at(-1)?.answer(source('other', { a: '1' }));
  await made.done.until(1);
  last.fail(down());
  t.same(await made.unreadable.until(1), ['apps/cm/app']);
});

t.test('as soon as one read is answered all are tried that have failed since the last, once', async (t) => {
  const { reader, clock, asked, troubles, done } = reading();
  const keys = ['cm/a', 'cm/b', 'cm/c'];
  for (const key of keys) reader.refresh(ref(key));
  for (let round = 1; round <= 6; round += 1) {
    await asked.until(round * keys.length);
    for (const one of asked.items.slice(-keys.length)) one.fail(down());
    await troubles.until(round * keys.length);
    await turn();
    if (round < 6) clock.advance(30_000);
  }
  const before = asked.items.length;
  for (const name of ['d', 'e']) {
    reader.refresh(ref(`cm/${name}`));
    asked.items.find(({ key }) => key.endsWith(name))?.answer(source(name, { a: '1' }));
    await done.until(name === 'd' ? 1 : 2);
    await turn();
    if (name === 'd') for (const one of asked.items.slice(before + 1)) one.fail(down());
    await turn();
  }
  const [d, ...rest] = asked.items.slice(before).map(({ key }) => key);
  t.equal(d, 'apps/cm/d');
  // Their pauses had jitter.
  t.same(rest.slice(0, 3).sort(), ['apps/cm/a', 'apps/cm/b', 'apps/cm/c']);
  t.same(rest.slice(3), ['apps/cm/e']);
});

t.test('while no read is answered it is no fault of a source', async (t) => {
  const made = reading();
  await failForLong(made, t);
  made.asked.items.at(-1)?.fail(down());
  await turn();
  t.equal(made.reader.unreadable(APP), false);
  t.same(made.unreadable.items, []);
});

t.test('what a review alone has asked for is not tried again when the review is over', async (t) => {
  const { reader, clock, asked, troubles } = reading();
  const review = new AbortController();
  const read = reader.read(APP, {}, review.signal);
  asked.items[0]?.fail(down());
  await troubles.until(1);
  clock.advance(200);
  await turn();
  t.equal(asked.items.length, 2, 'while it waits, it is');
  review.abort();
  await read;
  asked.items[1]?.fail(down());
  await troubles.until(2);
  clock.advance(3_600_000);
  await turn();
  t.equal(asked.items.length, 2);
  t.equal(clock.waiting(), 0);
});

t.test('what somebody keeps is tried on after the review that asked for it first', async (t) => {
  const { reader, clock, asked, troubles } = reading();
  const review = new AbortController();
  const read = reader.read(APP, {}, review.signal);
  reader.refresh(APP);
  review.abort();
  await read;
  asked.items[0]?.fail(down());
  await troubles.until(1);
  await turn();
  clock.advance(1000);
  await turn();
  t.equal(asked.items.length, 2);
});

t.test('a review does not wait for a source that is unreadable', async (t) => {
  const { reader, asked } = reading();
  const first = reader.read(APP);
  asked.items[0]?.fail(new RestampError('RESTAMP_KUBE_FORBIDDEN', 'no'));
  await first;
  reader.refresh(APP);
  asked.items[1]?.fail(new RestampError('RESTAMP_KUBE_FORBIDDEN', 'no'));
  await turn();
  await reader.read(APP);
  t.equal(asked.items.length, 2);
});
