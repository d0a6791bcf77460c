import fc from 'fast-check';
import t from 'tap';
import { RollQueue } from '../../../src/controller/workqueue.ts';
import { noFaults } from '../../support/contained-faults.ts';
import { fakeClock } from '../../support/fake-clock.ts';
import { turn } from '../../support/recording.ts';

const QUIET = 1000;
const LONGEST = 3000;
const ROLL_MS = 700;
const key = fc.constantFrom('a', 'b', 'c');
const step = fc.record({ key, wait: fc.nat(900), how: fc.constantFrom('add', 'ensure') });

type Span = { readonly key: string; readonly from: number; to: number };

/** Plays a sequence of changes; every roll takes a while. */
async function play(
  steps: readonly { key: string; wait: number; how: 'add' | 'ensure' }[],
  parallel: number,
): Promise<{ spans: readonly Span[]; adds: readonly { key: string; at: number }[]; left: number }> {
  const clock = fakeClock(0);
  const spans: Span[] = [];
  const adds: { key: string; at: number }[] = [];
  const queue = new RollQueue({
    clock,
    faults: noFaults,
    timing: () => ({ quietMs: QUIET, longestMs: LONGEST }),
    recoveryPerSecond: 10,
    parallel,
    onIdle: () => undefined,
    roll: (name) => {
      const span = { key: name, from: clock.monotonic(), to: Infinity };
      spans.push(span);
      return new Promise((resolve) =>
        clock.after(ROLL_MS, () => {
          span.to = clock.monotonic();
          resolve({ is: 'done' });
        }),
      );
    },
  });
  // Small steps, because what a roll's end makes ready must run at its own time.
  const pass = async (ms: number): Promise<void> => {
    for (let left = ms; left > 0; left -= 100) {
      clock.advance(Math.min(100, left));
      await turn(1);
    }
  };
  for (const { key: name, wait, how } of steps) {
    queue[how](name);
    adds.push({ key: name, at: clock.monotonic() });
    await pass(wait);
  }
  await pass(20_000);
  return { spans, adds, left: queue.size };
}

t.test('no workload is ever rolled twice at once, and no more than so many are', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { maxLength: 12 }),
      fc.integer({ min: 1, max: 3 }),
      async (steps, parallel) => {
        const { spans } = await play(steps, parallel);
        return spans.every((one) => {
          const beside = spans.filter((other) => other.from <= one.from && one.from < other.to);
          return (
            beside.length <= parallel && new Set(beside.map((other) => other.key)).size === beside.length
          );
        });
      },
    ),
    { numRuns: 60 },
  );
});

t.test(
  'every change is followed by a roll, no later than the longest delay and a roll under way',
  async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
        const { spans, adds, left } = await play(steps, 3);
        const inTime = adds.every((add) =>
          spans.some(
            (span) =>
              span.key === add.key && span.from >= add.at && span.from <= add.at + LONGEST + ROLL_MS + 100,
          ),
        );
        return inTime && left === 0;
      }),
      { numRuns: 60 },
    );
  },
);

t.test('changes that come together are one roll: never more rolls than changes', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
      const { spans, adds } = await play(steps, 3);
      return spans.length <= adds.length;
    }),
    { numRuns: 60 },
  );
});
