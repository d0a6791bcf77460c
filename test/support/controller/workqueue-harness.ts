import type { Outcome } from '../../../src/controller/outcome.ts';
import { RollQueue } from '../../../src/controller/workqueue.ts';
import { noFaults } from '../contained-faults.ts';
import { fakeClock, type FakeClock } from '../fake-clock.ts';
import { turn } from '../recording.ts';

export type Rolling = {
  readonly key: string;
  readonly at: number;
  readonly overdue: boolean;
  readonly end: (outcome?: Outcome) => void;
};

export type Queueing = {
  readonly queue: RollQueue;
  readonly clock: FakeClock;
  /** Every roll that has begun. */
  readonly rolls: readonly Rolling[];
  readonly idle: () => number;
  /** Lets time pass and everything run that it has made ready. */
  readonly pass: (ms: number) => Promise<void>;
  /** `key@time` of every roll that has begun. */
  readonly begun: () => string[];
};

const DONE: Outcome = { is: 'done' };

/** A queue whose rolls are ended by the test, or at once if `atOnce`. */
export function queueing(
  more: {
    quietMs?: number;
    longestMs?: number;
    parallel?: number;
    recoveryPerSecond?: number;
    atOnce?: boolean;
  } = {},
): Queueing {
  const { quietMs = 1000, longestMs = 10_000, parallel = 16, recoveryPerSecond = 0.2, atOnce = false } = more;
  const clock = fakeClock(0);
  const rolls: Rolling[] = [];
  let idle = 0;
  const queue = new RollQueue({
    clock,
    faults: noFaults,
    timing: () => ({ quietMs, longestMs }),
    parallel,
    recoveryPerSecond,
    roll: (key, overdue) =>
      new Promise((resolve) => {
        rolls.push({ key, overdue, at: clock.monotonic(), end: (outcome = DONE) => resolve(outcome) });
        if (atOnce) resolve(DONE);
      }),
    onIdle: () => {
      idle += 1;
    },
  });
  return {
    queue,
    clock,
    rolls,
    idle: () => idle,
    pass: async (ms) => {
      await turn(1);
      clock.advance(ms);
      await turn(1);
    },
    begun: () => rolls.map(({ key, at }) => `${key}@${at}`),
  };
}
