import t from 'tap';
import { runChaos } from './chaos.ts';
import { EVERY_KIND } from './faults/faults.ts';
import { textOf } from './report.ts';

// A short storm with every kind of fault once; `make chaos` runs the long ones.
t.setTimeout(300_000);
const SEED = 1;

t.test('a storm of changes and faults: none is lost, nothing rolls unasked or too often', async (t) => {
  const report = await runChaos({
    seed: SEED,
    changes: 60,
    faults: EVERY_KIND,
    size: { sources: 12, dependents: 24, still: 3, strangers: 3, mounting: 4 },
    admission: 'on',
    baseline: 'annotation',
    say: () => undefined,
  });
  t.comment(textOf(report, SEED));
  t.same(report.failings, [], `seed ${SEED}: no failings`);
  t.equal(report.deaths, 0, 'Restamp ended only when it was killed');
  t.ok(report.rolls > 0, 'it rolled at all');
});
