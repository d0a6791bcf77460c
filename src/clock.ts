/** The only source of time and timers, so that tests can hold both in their hands. */
export type Clock = {
  /** Wall clock, in milliseconds since 1970. */
  now(): number;
  /** A clock that never steps back, in milliseconds, for durations. */
  monotonic(): number;
  /** Calls `run` once after `ms`; the timer keeps no process alive. Returns the cancel function. */
  after(ms: number, run: () => void): () => void;
};

/** setTimeout fires at once for anything longer than this. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after: (ms, run) => {
    const timer = setTimeout(run, Math.min(Math.max(ms, 0), LONGEST_TIMER_MS));
    timer.unref();
    return () => clearTimeout(timer);
  },
};

/** Ends after `ms`, or at once when `signal` aborts; never rejects. */
export function pause(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) {
      resolve();
      return;
    }
    const done = (): void => {
      cancel();
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const cancel = clock.after(ms, done);
    signal?.addEventListener('abort', done, { once: true });
  });
}

/** Ends as the work ends, or with undefined as soon as `over` aborts: the work goes on, and nobody waits for it. */
export function orOver<T>(work: Promise<T>, over: AbortSignal): Promise<T | undefined> {
  if (over.aborted) {
    work.catch(() => undefined);
    return Promise.resolve(undefined);
  }
  return new Promise((resolve, reject) => {
    const leave = (): void => resolve(undefined);
    over.addEventListener('abort', leave, { once: true });
    work.then(resolve, reject).finally(() => over.removeEventListener('abort', leave));
  });
}

/** Without a reason of ours, each abort would make an error with a stack of its own. */
const NOBODY_WAITS = new Error('nobody waits for it any more');

/** Ends with the work, or after `ms` if that is sooner: `over` tells the work, which must not reject, that nobody waits any more. */
export async function atMost(
  clock: Clock,
  ms: number,
  work: (over: AbortSignal) => Promise<unknown>,
): Promise<void> {
  const over = new AbortController();
  await Promise.race([work(over.signal), pause(clock, ms, over.signal)]);
  over.abort(NOBODY_WAITS);
}
