import t from 'tap';
import { reloaderHash } from '../../src/core/digest.ts';
import { sourceData } from '../../src/core/source-data.ts';
import { RestampError } from '../../src/errors.ts';
import { backUp, change, relist } from './restoring.ts';
import { settled, world, type World } from './world.ts';

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

t.test('nor is one that comes first after a loss of contact made of what was read before that', async (t) => {
  const made = await settled(['api', 'web']);
  const restore = backUp(made);
  // It has been read, and waits until it is quiet.
  made.putSource('cm/app', { a: '2' });
  await made.pass(500);
  t.same(made.reads, ['apps/cm/app']);
  restore();
  made.doubts.note(false);
  await made.pass(60_000);
  t.same(made.rolled(), [], 'what is stored is what the pods have');
  relist(made, true);
  await made.pass(60_000);
  t.same(made.patches, []);
  t.same(await change(made, 'new'), ['api', 'web']);
});

t.test('an API server that has just started may refuse for a moment: that is no answer', async (t) => {
  const made = await settled();
  const restore = backUp(made);
  made.putSource('cm/app', { a: '2' });
  await made.pass(500);
  restore();
  made.doubts.note(true);
  const start = made.clock.monotonic();
  made.ways.read = async () => {
    if (made.clock.monotonic() - start < 3_000)
      throw new RestampError('RESTAMP_KUBE_FORBIDDEN', 'no role yet');
  };
  await made.pass(60_000);
  t.same(made.rolled(), []);
});

t.test('a loss of contact that nobody restores costs a roll no more than a read', async (t) => {
  const made = await settled(['api', 'web'], { quietMs: 1_000 });
  made.putSource('cm/app', { a: '2' });
  await made.pass(500);
  made.doubts.note(false);
  await made.pass(750);
  t.same(made.rolled().sort(), ['api', 'web']);
  t.equal(made.reads.length, 2, 'for both together');
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
        for (let left = seconds; left > 0; left -= 1) {
          made.doubts.note(true);
          await made.pass(1_000);
        }
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

t.test('what was read is not rolled on without the rest because a roll has failed for long', async (t) => {
  const made = world();
  for (const name of ['cm/app', 'cm/web']) made.putSource(name, { a: '1' });
  made.putWorkload('api', { uses: ['cm/app', 'cm/web'] });
  made.mutator.start();
  await made.pass(2_000);
  made.ways.patch = async () => {
    throw new RestampError('RESTAMP_KUBE_UNAVAILABLE', 'api server');
  };
  made.putSource('cm/app', { a: '2' });
  await made.pass(60_000);
  made.ways.patch = async () => undefined;
  made.patches.length = 0;
  // The read takes its time.
  made.ways.read = () => new Promise((resolve) => made.clock.after(1_500, () => resolve()));
  made.putSource('cm/web', { a: '2' });
  await made.pass(60_000);
  t.same(made.rolled(), ['api']);
});
