import fc from 'fast-check';
import t from 'tap';
import type { RolloutFacts } from '../../../src/core/objects/rollout.ts';
import { RolloutObserver, type RolloutObserverOptions } from '../../../src/controller/rollout-observer.ts';
import { fakeClock } from '../../support/fake-clock.ts';

/** A StatefulSet of three pods that are all to be made new, as the roll has stored it. */
const ROLLED: RolloutFacts = {
  uid: 'u',
  generation: 2,
  observedGeneration: 1,
  scaledToZero: false,
  behind: 0,
  old: 0,
  unready: 0,
  kept: 0,
  hold: undefined,
  deadline: 'ours',
};
const SEEN: RolloutFacts = { ...ROLLED, observedGeneration: 2, behind: 3 };
const DONE: RolloutFacts = { ...SEEN, behind: 0 };
const DEPLOYMENT: RolloutFacts = { ...SEEN, deadline: 'kept' };
const KEY = 'apps/StatefulSet/db';

function observer(options: Partial<RolloutObserverOptions> = {}) {
  const clock = fakeClock(0);
  const said: string[] = [];
  const rollouts = new RolloutObserver({
    clock,
    onOutcome: (key, outcome) => {
      const what = outcome.is === 'completed' ? `${outcome.seconds} s` : outcome.reason;
      said.push(`${key === KEY ? '' : `${key} `}${outcome.is} ${what}`);
    },
    ...options,
  });
  return { clock, said, rollouts };
}

t.test('a rollout is reported once when it is complete, with the seconds since the roll', async (t) => {
  const { clock, said, rollouts } = observer();
  rollouts.rolled(KEY, ROLLED);
  t.ok(rollouts.follows(KEY));
  clock.advance(1_500);
  rollouts.look(KEY, SEEN);
  t.same(said, []);
  clock.advance(2_000);
  rollouts.look(KEY, DONE);
  rollouts.look(KEY, DONE);
  t.same(said, ['completed 3.5 s']);
  t.notOk(rollouts.follows(KEY));
  t.equal(clock.waiting(), 0);
});

t.test('what asks for no pods is reported at its roll', async (t) => {
  const { said, rollouts } = observer();
  rollouts.rolled(KEY, { ...ROLLED, scaledToZero: true });
  t.same(said, ['completed 0 s']);
  t.equal(rollouts.size, 0);
});

t.test('a workload that was not rolled is not reported', async (t) => {
  const { said, rollouts } = observer();
  rollouts.look(KEY, DONE);
  rollouts.forget(KEY);
  t.notOk(rollouts.follows(KEY));
  t.same(said, []);
});

t.test('a state from before the roll is not taken for its end', async (t) => {
  const { said, rollouts } = observer();
  rollouts.rolled(KEY, ROLLED);
  rollouts.look(KEY, { ...DONE, generation: 1, observedGeneration: 1 });
  t.same(said, []);
  rollouts.look(KEY, SEEN);
  t.same(said, []);
  rollouts.look(KEY, DONE);
  t.same(said, ['completed 0 s']);
});

t.test('an event that overtakes the answer to the patch counts', async (t) => {
  t.test('when the rollout is complete by then', async (t) => {
    const { said, rollouts } = observer();
    rollouts.rolling(KEY);
    t.ok(rollouts.follows(KEY), 'its events are wanted');
    rollouts.look(KEY, DONE);
    t.same(said, []);
    rollouts.rolled(KEY, ROLLED);
    t.same(said, ['completed 0 s']);
    t.notOk(rollouts.follows(KEY));
  });

  t.test('unless it is of before the patch, or of another object', async (t) => {
    for (const seen of [
      { ...DONE, generation: 1, observedGeneration: 1 },
      { ...DONE, uid: 'before' },
    ]) {
      const { said, rollouts } = observer();
      rollouts.rolling(KEY);
      rollouts.look(KEY, seen);
      rollouts.rolled(KEY, ROLLED);
      t.same(said, []);
      rollouts.look(KEY, DONE);
      t.same(said, ['completed 0 s']);
    }
  });

  t.test('for the roll before if there was no roll', async (t) => {
    const { said, rollouts } = observer();
    rollouts.rolled(KEY, ROLLED);
    rollouts.rolling(KEY);
    rollouts.look(KEY, SEEN);
    rollouts.notRolled(KEY);
    rollouts.look(KEY, DONE);
    t.same(said, ['completed 0 s']);
    t.notOk(rollouts.follows(KEY));
  });
});

t.test('a newer roll of the same workload takes the place of the one before', async (t) => {
  const { clock, said, rollouts } = observer();
  rollouts.rolled(KEY, ROLLED);
  clock.advance(599_000);
  rollouts.rolled(KEY, { ...ROLLED, generation: 3 });
  rollouts.look(KEY, DONE);
  clock.advance(599_000);
  t.same(said, []);
  rollouts.look(KEY, { ...DONE, generation: 3, observedGeneration: 3 });
  t.same(said, ['completed 599 s']);
});

t.test('a deadline is reported when it passes, without an event', async (t) => {
  for (const facts of [ROLLED, SEEN]) {
    const { clock, said, rollouts } = observer();
    rollouts.rolled(KEY, ROLLED);
    rollouts.look(KEY, facts);
    clock.advance(599_999);
    t.same(said, []);
    clock.advance(1);
    t.same(said, ['failed deadline']);
    clock.advance(6_000_000);
    rollouts.look(KEY, SEEN);
    t.same(said, ['failed deadline'], 'once');
    rollouts.look(KEY, DONE);
    t.same(said, ['failed deadline', 'completed 6600 s'], 'and its completion after that');
    t.equal(clock.waiting(), 0);
  }
});

t.test('the deadline counts from the last progress', async (t) => {
  const { clock, said, rollouts } = observer({ deadlineMs: 1_000 });
  rollouts.rolled(KEY, ROLLED);
  clock.advance(900);
  rollouts.look(KEY, SEEN);
  clock.advance(900);
  rollouts.look(KEY, { ...SEEN, behind: 2 });
  clock.advance(900);
  t.test('which a pod that comes and goes does not make', async (t) => {
    rollouts.look(KEY, { ...SEEN, behind: 2, unready: 1 });
    rollouts.look(KEY, { ...SEEN, behind: 2 });
    clock.advance(99);
    t.same(said, []);
    clock.advance(1);
    t.same(said, ['failed deadline']);
  });
  t.test('and anew for another spec', async (t) => {
    const { clock, said, rollouts } = observer({ deadlineMs: 1_000 });
    rollouts.rolled(KEY, ROLLED);
    rollouts.look(KEY, { ...SEEN, behind: 1 });
    clock.advance(900);
    rollouts.look(KEY, { ...SEEN, generation: 3, observedGeneration: 3 });
    clock.advance(900);
    t.same(said, []);
    clock.advance(100);
    t.same(said, ['failed deadline']);
  });
});

t.test('a Deployment has no deadline of ours', async (t) => {
  const { clock, said, rollouts } = observer();
  rollouts.rolled(KEY, { ...ROLLED, deadline: 'kept' });
  t.equal(clock.waiting(), 0);
  clock.advance(6_000_000);
  rollouts.look(KEY, DEPLOYMENT);
  t.same(said, []);
  rollouts.look(KEY, { ...DEPLOYMENT, deadline: 'exceeded' });
  rollouts.look(KEY, { ...DEPLOYMENT, deadline: 'exceeded' });
  t.same(said, ['failed deadline']);
  rollouts.look(KEY, { ...DEPLOYMENT, behind: 0 });
  t.same(said, ['failed deadline', 'completed 6000 s']);
});

t.test('each reason to wait is reported once, and the time of it does not count', async (t) => {
  const { clock, said, rollouts } = observer({ deadlineMs: 1_000 });
  rollouts.rolled(KEY, ROLLED);
  clock.advance(500);
  rollouts.look(KEY, { ...SEEN, hold: 'on-delete' });
  rollouts.look(KEY, { ...SEEN, behind: 2, hold: 'on-delete' });
  clock.advance(1_000_000);
  t.same(said, ['waiting on-delete']);
  t.equal(clock.waiting(), 0);
  rollouts.look(KEY, { ...SEEN, behind: 2 });
  clock.advance(999);
  t.same(said, ['waiting on-delete']);
  rollouts.look(KEY, { ...SEEN, behind: 2, kept: 2 });
  rollouts.look(KEY, { ...SEEN, behind: 2, hold: 'on-delete' });
  t.same(said, ['waiting on-delete', 'waiting partition']);
  rollouts.look(KEY, { ...SEEN, behind: 2 });
  clock.advance(1_000);
  rollouts.look(KEY, DONE);
  t.same(said.slice(2), ['failed deadline', 'completed 1002.499 s']);
});

t.test('a workload that is gone is forgotten, with its timer', async (t) => {
  const { clock, said, rollouts } = observer();
  rollouts.rolled(KEY, ROLLED);
  rollouts.rolling(KEY);
  rollouts.forget(KEY);
  t.notOk(rollouts.follows(KEY));
  clock.advance(6_000_000);
  rollouts.look(KEY, DONE);
  t.same(said, []);
  t.equal(clock.waiting(), 0);
});

t.test('another object of the same name is not the one that was rolled', async (t) => {
  const { clock, said, rollouts } = observer();
  rollouts.rolled(KEY, ROLLED);
  rollouts.look(KEY, { ...DONE, uid: 'other' });
  t.same(said, []);
  t.equal(rollouts.size, 0);
  t.equal(clock.waiting(), 0);
});

t.test('no more rollouts are followed than the limit: the oldest one goes', async (t) => {
  const { clock, said, rollouts } = observer({ limit: 2 });
  for (const key of ['a', 'b', 'a', 'c']) rollouts.rolled(key, ROLLED);
  t.equal(rollouts.size, 2);
  t.equal(clock.waiting(), 2);
  for (const key of ['a', 'b', 'c']) rollouts.look(key, DONE);
  t.same(said, ['a completed 0 s', 'c completed 0 s']);
});

t.test('after stop nothing is reported', async (t) => {
  const { clock, said, rollouts } = observer();
  rollouts.rolled('a', ROLLED);
  rollouts.rolled('b', ROLLED);
  rollouts.stop();
  clock.advance(6_000_000);
  t.same(said, []);
  t.equal(clock.waiting(), 0);
});

t.test('whatever comes, each outcome is reported once for each roll, and completion last', async () => {
  const facts = fc.record({
    uid: fc.constant('u'),
    generation: fc.constantFrom(2, 3),
    observedGeneration: fc.constantFrom(1, 2, 3),
    scaledToZero: fc.constant(false),
    behind: fc.nat(2),
    old: fc.constant(0),
    unready: fc.nat(1),
    kept: fc.nat(1),
    hold: fc.constantFrom(undefined, undefined, 'on-delete' as const, 'paused' as const),
    deadline: fc.constantFrom('ours' as const, 'kept' as const, 'exceeded' as const),
  });
  const step = fc.oneof(
    { weight: 5, arbitrary: facts.map((seen) => ({ seen }) as const) },
    { weight: 3, arbitrary: fc.nat(1500).map((ms) => ({ ms }) as const) },
    { weight: 1, arbitrary: facts.map((stored) => ({ stored }) as const) },
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const { clock, said, rollouts } = observer({ deadlineMs: 1_000 });
      for (const one of steps) {
        if ('ms' in one) clock.advance(one.ms);
        else if ('seen' in one) rollouts.look(KEY, one.seen);
        else {
          said.length = 0;
          rollouts.rolled(KEY, one.stored);
        }
        const kinds = said.map((text) => text.replace(/\d.*/, ''));
        if (new Set(kinds).size !== kinds.length) return false;
        const end = kinds.indexOf('completed ');
        if (end >= 0 && (end !== kinds.length - 1 || rollouts.size > 0)) return false;
        if (clock.waiting() > rollouts.size) return false;
      }
      return true;
    }),
    { numRuns: 1000 },
  );
});
