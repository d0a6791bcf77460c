import t from 'tap';
import { reloaderHash } from '../../src/core/digest.ts';
import { sourceData } from '../../src/core/source-data.ts';
import { RestampError } from '../../src/errors.ts';
import { backUp, change, relist } from './restoring.ts';
import { settled } from './world.ts';

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
  made.doubts.note();
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
  made.doubts.note();
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
  made.doubts.note();
  await made.pass(750);
  t.same(made.rolled().sort(), ['api', 'web']);
  t.equal(made.reads.length, 2, 'for both together');
});
