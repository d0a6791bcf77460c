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
