import t from 'tap';
import { reloaderHash } from '../../../src/core/objects/digest.ts';
import { sourceData } from '../../../src/core/objects/source-data.ts';
import { RestampError } from '../../../src/errors.ts';
import { turn } from '../../support/recording.ts';
import { CALLS } from '../../support/controller/all-calls.ts';
import { backUp, change, relist } from '../../support/controller/restored-cluster.ts';
import { settled, world, type World } from '../../support/controller/world.ts';

// The API server that does not answer may be on its way back to an older state.

t.test('a roll that nobody answers is not tried again with what was read before it', async (t) => {
  const made = await settled(['api', 'web']);
  const restore = backUp(made);
  const away = async (): Promise<void> => {
    throw new RestampError('RESTAMP_KUBE_UNAVAILABLE', 'it is away');
  };
  made.ways.patch = away;
  await change(made, '2');
  // An outage that is longer than anybody waits for a read.
  made.ways.read = away;
  made.ways.readWorkload = away;
  await made.pass(60_000);
  restore();
  const tried = made.patches.length;
  const back = async (): Promise<void> => undefined;
  Object.assign(made.ways, { patch: back, read: back, readWorkload: back });
  await made.pass(60_000);
  t.equal(made.patches.length, tried, 'a version that was not written since the backup is no precondition');
  relist(made, true);
  await made.pass(60_000);
  t.equal(made.patches.length, tried);
  t.same(await change(made, 'new'), ['api', 'web']);
});

t.test('what may not be read is rolled all the same when the API server is back', async (t) => {
  const made = await settled();
  made.ways.patch = async () => {
    made.ways.patch = async () => undefined;
    made.ways.read = async () => {
      throw new RestampError('RESTAMP_KUBE_FORBIDDEN', 'no right');
    };
    throw new RestampError('RESTAMP_KUBE_UNAVAILABLE', 'it is away');
  };
  made.putSource('cm/app', { a: '2' });
  await made.pass(60_000);
  t.match(JSON.stringify(made.stored('api').spec), reloaderHash(sourceData('cm', { data: { a: '2' } })));
});

/** The API server answers nobody for so long; it is back with its next answer. */
async function goAway({ contact, pass }: World, ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= 500) {
    for (const { path } of CALLS) contact.broken(path);
    await pass(Math.min(left, 500));
  }
}

for (const heard of ['by the read', 'before'])
  t.test(`nor is one that comes first after an absence, whose end was heard ${heard}`, async (t) => {
    const made = await settled(['api', 'web'], { quietMs: 5_000 });
    const restore = backUp(made);
    // It has been read, and waits until it is quiet.
    made.putSource('cm/app', { a: '2' });
    await made.pass(500);
    t.same(made.reads, ['apps/cm/app']);
    await goAway(made, 2_000);
    restore();
    if (heard === 'before') made.contact.heard(CALLS[0], 200);
    await made.pass(60_000);
    t.same(made.rolled(), [], 'what is stored is what the pods have');
    relist(made, true);
    await made.pass(60_000);
    t.same(made.patches, []);
    t.same(await change(made, 'new'), ['api', 'web']);
  });

t.test('an API server that has just started may refuse for a moment: that is no answer', async (t) => {
  const made = await settled(['api'], { quietMs: 5_000 });
  const restore = backUp(made);
  made.putSource('cm/app', { a: '2' });
  await made.pass(500);
  await goAway(made, 4_000);
  restore();
  const start = made.clock.monotonic();
  made.ways.read = async () => {
    if (made.clock.monotonic() - start < 3_000)
      throw new RestampError('RESTAMP_KUBE_FORBIDDEN', 'no role yet');
  };
  await made.pass(1_000);
  // Anything may ask for it again.
  made.queue.ensure('apps/Deployment/api');
  await made.pass(60_000);
  t.same(made.rolled(), []);
});

t.test('an absence that nobody restores costs a roll no more than reads', async (t) => {
  const made = await settled(['api', 'web'], { quietMs: 2_000 });
  made.putSource('cm/app', { a: '2' });
  await made.pass(500);
  await goAway(made, 1_500);
  await made.pass(250);
  t.same(made.rolled().sort(), ['api', 'web']);
  t.ok(made.reads.length <= 3, 'for both together');
});

t.test('calls that fail all the time beside others keep no roll from happening', async (t) => {
  const made = await settled();
  made.ways.read = () => new Promise((resolve) => made.clock.after(50, () => resolve()));
  const beat = (): void => {
    for (const { path } of CALLS) made.contact.broken(path);
    made.clock.after(4, () => {
      made.contact.heard(CALLS[0], 200);
      beat();
    });
  };
  beat();
  made.putSource('cm/app', { a: '2' });
  for (let ms = 0; ms < 2_000; ms += 2) {
    made.clock.advance(2);
    await turn();
  }
  t.same(made.rolled(), ['api']);
  t.equal(made.reads.length, 1);
});

t.test('a stale source that cannot be read any more holds nobody up', async (t) => {
  const made = world({ quietMs: 5_000 });
  for (const name of ['cm/app', 'cm/web', 'cm/other']) made.putSource(name, { a: '1' });
  made.putWorkload('api', { uses: ['cm/app', 'cm/web'] });
  made.putWorkload('other', { uses: ['cm/other'] });
  made.mutator.start();
  await made.pass(2_000);
  made.putSource('cm/web', { a: '2' });
  await made.pass(250);
  made.ways.read = async (key) => {
    if (key.endsWith('web')) throw new RestampError('RESTAMP_KUBE_UNAVAILABLE', 'it cannot be decrypted');
  };
  await goAway(made, 4_000);
  await made.pass(60_000);
  for (const name of ['cm/app', 'cm/other']) made.putSource(name, { a: '2' });
  await made.pass(60_000);
  t.same([...new Set(made.rolled())].sort(), ['api', 'other']);
  t.match(JSON.stringify(made.stored('api').spec), reloaderHash(sourceData('cm', { data: { a: '2' } })));
});

for (const [how, late] of [
  ['is slow', (made: World) => new Promise<void>((resolve) => made.clock.after(1_500, resolve))],
  ['refuses', () => Promise.reject(new RestampError('RESTAMP_KUBE_FORBIDDEN', 'no role yet'))],
] as const)
  t.test(
    `two sources that change before the API server is away, and ${how} then, are one roll`,
    async (t) => {
      for (const seconds of [5, 12, 21, 33, 47, 120]) {
        const made = world();
        for (const name of ['cm/app', 'cm/web']) made.putSource(name, { a: '1' });
        made.putWorkload('api', { uses: ['cm/app', 'cm/web'] });
        made.mutator.start();
        await made.pass(2_000);
        // One has been read before, and one has only been heard of.
        made.putSource('cm/app', { a: '2' });
        await made.pass(250);
        const away = async (): Promise<void> => {
          throw new RestampError('RESTAMP_KUBE_UNAVAILABLE', 'api server');
        };
        Object.assign(made.ways, { read: away, patch: away, readWorkload: away });
        made.putSource('cm/web', { a: '2' });
        await goAway(made, seconds * 1_000);
        made.patches.length = 0;
        const here = async (): Promise<void> => undefined;
        let first = true;
        const read = async (key: string): Promise<void> => {
          if (!key.endsWith('web') || !first) return;
          first = false;
          await late(made);
        };
        Object.assign(made.ways, { read, patch: here, readWorkload: here });
        made.mutator.recoverSoon();
        await made.pass(120_000);
        t.same(made.rolled(), ['api'], `after ${seconds} s`);
        t.equal(first, false);
      }
    },
  );

t.test('what was read is not rolled on without the rest because a roll has waited for long', async (t) => {
  const made = world();
  for (const name of ['cm/app', 'cm/web']) made.putSource(name, { a: '1' });
  made.putWorkload('api', { uses: ['cm/app', 'cm/web'] });
  made.mutator.start();
  await made.pass(2_000);
  made.ways.patch = async () => {
    throw new RestampError('RESTAMP_KUBE_THROTTLED', 'slow', { retryAfter: 20 });
  };
  made.putSource('cm/app', { a: '2' });
  await made.pass(2_000);
  t.same(made.rolled(), ['api']);
  made.ways.patch = async () => undefined;
  made.patches.length = 0;
  // It is heard of just before that is tried again, and its read takes a while.
  await made.pass(17_500);
  made.ways.read = () => new Promise((resolve) => made.clock.after(3_000, () => resolve()));
  made.putSource('cm/web', { a: '2' });
  await made.pass(60_000);
  t.same(made.rolled(), ['api']);
});

t.test('what could not be read is tried at once when a list is, however many lists there are', async (t) => {
  const made = await settled();
  const away = async (): Promise<void> => {
    throw new RestampError('RESTAMP_KUBE_UNAVAILABLE', 'api server');
  };
  made.ways.read = away;
  made.putSource('cm/app', { a: '2' });
  await made.pass(300_000);
  made.reads.length = 0;
  for (let lists = 0; lists < 100; lists += 1) {
    made.mutator.recoverSoon();
    made.clock.advance(5);
    await turn();
  }
  t.ok(made.reads.length <= 3, `${made.reads.length} reads while they fail all the same`);
  await made.pass(300_000);
  made.ways.read = async () => undefined;
  made.mutator.recoverSoon();
  await made.pass(2_000);
  t.same(made.rolled(), ['api']);
});
