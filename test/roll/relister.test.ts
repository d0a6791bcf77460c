import t from 'tap';
import { Relister } from '../../src/roll/relister.ts';
import { turn } from '../helpers/journal.ts';

/** A watch whose lists the test ends. */
function watch({ hasSynced = true, isFailing = false } = {}) {
  let wishes = 0;
  const synced = Promise.withResolvers<undefined>();
  const state = { hasSynced, isFailing, synced: synced.promise, relist: () => void (wishes += 1) };
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
  const { state, ask, wishes, ended, end } = watch({ isFailing: true });
  ask();
  await turn();
  t.equal(ended(), 1);
  t.equal(wishes(), 1);
  state.isFailing = false;
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
