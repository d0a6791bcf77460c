import fc from 'fast-check';
import t from 'tap';
import type { Clock } from '../../../src/clock.ts';
import { LeaderElection } from '../../../src/kube/leader-election.ts';
import { fakeClock } from '../../support/fake-clock.ts';
import { HANGS, OUTAGE, pass, PROMPT, START } from '../../support/kube/election-harness.ts';
import { memoryLeases } from '../../support/kube/memory-leases.ts';

// Many short steps: a busy machine takes its time.
t.setTimeout(120_000);

// One step of a run: somebody's network or process changes for the worse, or all is well again.
type Mishap = {
  readonly at: number;
  readonly who: number;
  readonly what: 'down' | 'hang' | 'mute' | 'slow' | 'freeze' | 'well' | 'stop';
  readonly there: number;
  readonly back: number;
};

const mishap = (kinds: readonly Mishap['what'][]): fc.Arbitrary<Mishap> =>
  fc.record({
    at: fc.integer({ min: 0, max: 90 }).map((seconds) => seconds * 1000),
    who: fc.nat(2),
    what: fc.constantFrom(...kinds),
    there: fc.integer({ min: 0, max: 60 }).map((tenths) => tenths * 200),
    back: fc.integer({ min: 0, max: 60 }).map((tenths) => tenths * 100),
  });

/** Plays a run with skewed wall clocks; `look` is called after each tenth of a second. */
async function play(run: { count: number; skews: number[]; mishaps: Mishap[] }, frozenLies: boolean) {
  const clock = fakeClock(START);
  const leases = memoryLeases(clock);
  const inTerm = new Set<string>();
  const wrong: string[] = [];
  const all = Array.from({ length: run.count }, (_, index) => {
    const identity = `candidate-${index}`;
    const state = { fate: PROMPT, thaw: undefined as (() => void)[] | undefined, stopped: false };
    const late = (then: () => void): void => {
      if (state.thaw === undefined) then();
      else state.thaw.push(then);
    };
    const own: Clock = {
      now: () => clock.now() + (run.skews[index] ?? 0),
      monotonic: () => clock.monotonic(),
      after: (ms, then) => clock.after(ms, () => late(then)),
    };
    const wire = leases.clientFor(identity, () => state.fate);
    const election = new LeaderElection({
      client: {
        // A process that does not run gets no answer either.
        send: (call) => wire.send(call).finally(() => new Promise<void>((resolve) => late(resolve))),
      },
      clock: own,
      namespace: 'own',
      name: 'restamp',
      identity,
      onGain: () => {
        if (state.stopped) wrong.push(`${identity} gained after stop`);
        if (inTerm.has(identity)) wrong.push(`${identity} gained twice`);
        inTerm.add(identity);
        if (!frozenLies && inTerm.size > 1) wrong.push(`${[...inTerm].join()} at ${clock.monotonic()}`);
      },
      onLose: () => {
        if (!inTerm.delete(identity)) wrong.push(`${identity} lost what it had not`);
      },
      onTrouble: () => undefined,
      random: () => ((index * 7919 + clock.monotonic()) % 1000) / 1000,
    });
    const well = (): void => {
      state.fate = PROMPT;
      const pending = state.thaw ?? [];
      state.thaw = undefined;
      for (const then of pending) then();
    };
    const meet = ({ what, there, back }: Mishap): void => {
      if (what === 'freeze') state.thaw ??= [];
      else if (what === 'stop') {
        state.stopped = true;
        void election.stop();
      } else if (what === 'well') well();
      else
        state.fate = {
          down: OUTAGE,
          hang: HANGS,
          mute: { there, back: Infinity },
          slow: { there, back },
        }[what];
    };
    return { election, state, meet, well };
  });
  const look = (): void => {
    const leaders = all.filter(({ election }) => election.isLeader);
    if (leaders.length > 1) wrong.push(`${leaders.length} leaders at ${clock.monotonic()}`);
  };
  for (const { election } of all) election.start();
  for (let at = 0; at <= 90_000; at += 1_000) {
    for (const one of run.mishaps) if (one.at === at) all[one.who]?.meet(one);
    look();
    await pass(clock, 1_000, look);
  }
  for (const { well } of all) well();
  // What hangs ends, what is on its way arrives, and a Lease left behind runs out.
  await pass(clock, 45_000, look);
  const standing = all.filter(({ state }) => !state.stopped);
  const leaders = standing.filter(({ election }) => election.isLeader).length;
  if (standing.length > 0 && leaders !== 1) wrong.push(`${leaders} leaders in the end`);
  for (const { election } of all) void election.stop();
  await pass(clock, 1_000);
  if (inTerm.size > 0) wrong.push('a term without an end');
  return wrong;
}

function throwIfAny(wrong: readonly string[]): void {
  if (wrong.length > 0) throw new Error(wrong.slice(0, 5).join('; '));
}

const runs = (kinds: readonly Mishap['what'][]) =>
  fc.record({
    count: fc.constantFrom(2, 3),
    skews: fc.array(fc.integer({ min: -1e9, max: 1e9 }), { minLength: 3, maxLength: 3 }),
    mishaps: fc.array(mishap(kinds), { maxLength: 14 }),
  });

t.test('whatever the network and the wall clocks do, never two lead, and in the end one does', async () => {
  await fc.assert(
    fc.asyncProperty(runs(['down', 'hang', 'mute', 'slow', 'slow', 'well', 'stop']), async (run) => {
      throwIfAny(await play(run, false));
    }),
    { numRuns: 50 },
  );
});

t.test('a process that does not run for a while does not believe that it leads', async () => {
  await fc.assert(
    fc.asyncProperty(runs(['down', 'slow', 'freeze', 'freeze', 'well']), async (run) => {
      throwIfAny(await play(run, true));
    }),
    { numRuns: 30 },
  );
});
