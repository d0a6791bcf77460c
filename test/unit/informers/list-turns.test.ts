import t from 'tap';
import { Lists, type Listing } from '../../../src/informers/list-turns.ts';
import { fakeClock } from '../../support/fake-clock.ts';
import { turn } from '../../support/recording.ts';

const AT_ONCE = 100;
const TURN_MS = 10_000;

/** More watches than may be read at once; the test says when a list ends, or fails. */
function watches(count = AT_ONCE + 3) {
  const clock = fakeClock(0);
  const lists = new Lists(clock);
  const asked: string[] = [];
  const all = Array.from({ length: count }, (_none, at) => {
    const path = `/w/${at}`;
    const listed = Promise.withResolvers<undefined>();
    const failed = Promise.withResolvers<undefined>();
    const watch: Listing = {
      path,
      reflector: { start: () => asked.push(`first ${path}`), synced: listed.promise },
      relister: {
        again: () => {
          asked.push(`again ${path}`);
          return listed.promise as Promise<unknown> as Promise<void>;
        },
        stumbles: () => failed.promise,
      },
    };
    return { watch, end: () => listed.resolve(undefined), fail: () => failed.resolve(undefined) };
  });
  return { clock, lists, asked, all };
}

t.test('a few lists are asked for at once, the others in order as these end', async (t) => {
  const { lists, asked, all } = watches();
  for (const { watch } of all) lists.start(watch);
  await turn();
  t.equal(asked.length, AT_ONCE);
  t.equal(asked.at(-1), `first /w/${AT_ONCE - 1}`);
  all[7]!.end();
  await turn();
  t.same(asked.slice(AT_ONCE), [`first /w/${AT_ONCE}`]);
});

t.test('a list that fails, or takes long, keeps no turn', async (t) => {
  const { clock, lists, asked, all } = watches();
  for (const { watch } of all) lists.again(watch);
  all[0]!.fail();
  await turn();
  t.equal(asked.length, AT_ONCE + 1);
  clock.advance(TURN_MS);
  await turn();
  t.equal(asked.length, AT_ONCE + 3);
});

t.test('one that waits to be read again is read once, however often that is asked for', async (t) => {
  const { lists, asked, all } = watches();
  for (let sweeps = 0; sweeps < 3; sweeps += 1) for (const { watch } of all) lists.again(watch);
  for (const { end } of all) end();
  await turn(AT_ONCE);
  // Those that were begun at once may have missed what the second wish is about.
  t.equal(asked.filter((one) => one === 'again /w/0').length, 2);
  t.equal(asked.filter((one) => one === `again /w/${AT_ONCE + 2}`).length, 1);
});

t.test('when all stops, what waits is never read', async (t) => {
  const { lists, asked, all } = watches();
  for (const { watch } of all) lists.start(watch);
  lists.stop();
  for (const { end } of all) end();
  await turn();
  t.equal(asked.length, AT_ONCE);
});
