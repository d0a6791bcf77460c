import type { Clock } from '../../src/clock.ts';

export type FakeClock = Clock & {
  /** Lets time pass: both clocks go on, and every timer that falls due runs, in order, at its own time. */
  advance(ms: number): void;
  /** Sets the wall clock forward or back, as a person or a sleeping machine does: no timer takes notice. */
  shiftWall(ms: number): void;
  /** How many timers are waiting. */
  waiting(): number;
};

/** A clock in the test's hands; `startMs` is its wall clock at the start, in milliseconds since 1970. */
export function fakeClock(startMs: number): FakeClock {
  let wall = startMs;
  let monotonic = 0;
  const timers = new Set<{ readonly at: number; readonly run: () => void }>();

  const goTo = (at: number): void => {
    wall += at - monotonic;
    monotonic = at;
  };
  /** Of two timers for the same time, the one that was set first runs first. */
  const nextUntil = (end: number) => {
    let next: { readonly at: number; readonly run: () => void } | undefined;
    for (const timer of timers)
      if (timer.at <= end && (next === undefined || timer.at < next.at)) next = timer;
    return next;
  };

  return {
    now: () => wall,
    monotonic: () => monotonic,
    after: (ms, run) => {
      const timer = { at: monotonic + Math.max(ms, 0), run };
      timers.add(timer);
      return () => void timers.delete(timer);
    },
    advance: (ms) => {
      const end = monotonic + ms;
      for (let timer = nextUntil(end); timer !== undefined; timer = nextUntil(end)) {
        timers.delete(timer);
        goTo(timer.at);
        timer.run();
      }
      goTo(end);
    },
    shiftWall: (ms) => {
      wall += ms;
    },
    waiting: () => timers.size,
  };
}
