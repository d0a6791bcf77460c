import t from 'tap';
import { RestampError } from '../../../src/errors.ts';
import { Relister } from '../../../src/informers/relister.ts';
import { turn } from '../../support/recording.ts';

/** A watch whose lists the test ends. */
function watch({ hasSynced = true, trouble = undefined as RestampError | undefined } = {}) {
  let wishes = 0;
  const synced = Promise.withResolvers<undefined>();
  const state = { hasSynced, trouble, synced: synced.promise, relist: () => void (wishes += 1) };
  const relister = new Relister(state);
  let ended = 0;
  return {
    state,
    relister,
    wishes: () => wishes,
    ended: () => ended,
    ask: () => void relister.again().then(() => (ended += 1)),
    end: async () => {
      relister.listed();
      await turn();
    },
    sync: async () => {
      synced.resolve(undefined);
      await turn();
    },
  };
}

t.test('who asks during a list waits for the next one, which begins after it', async (t) => {
  const { ask, end, wishes, ended } = watch();
  ask();
  ask();
  ask();
  await turn();
  t.equal(wishes(), 1, 'a list that is under way is not begun anew');
  await end();
  t.equal(ended(), 1);
  t.equal(wishes(), 2);
  await end();
  t.equal(ended(), 3);
  t.equal(wishes(), 2);
  ask();
  await end();
  t.equal(ended(), 4);
});

t.test('nobody waits for a watch that fails, and it is listed when it works again', async (t) => {
  const { state, ask, wishes, ended, end } = watch({
    trouble: new RestampError('RESTAMP_KUBE_FORBIDDEN', 'GET /w'),
  });
  ask();
  await turn();
  t.equal(ended(), 1);
  t.equal(wishes(), 1);
  state.trouble = undefined;
  ask();
  await turn();
  t.equal(ended(), 1);
  await end();
  await end();
  t.equal(ended(), 2);
});

t.test('the first list of all is a list as well', async (t) => {
  const { ask, sync, wishes, ended } = watch({ hasSynced: false });
  ask();
  await turn();
  t.equal(ended(), 0);
  await sync();
  t.equal(ended(), 1);
  t.equal(wishes(), 1);
});

t.test('who asks is told when the watch fails the next time', async (t) => {
  const { relister } = watch();
  relister.failed();
  let told = 0;
  void relister.stumbles().then(() => (told += 1));
  await turn();
  t.equal(told, 0);
  relister.failed();
  relister.failed();
  await turn();
  t.equal(told, 1);
});
