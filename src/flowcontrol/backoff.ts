import type { RestampError } from '../errors.ts';

const FIRST_MS = 100;
const LONGEST_MS = 30_000;
const SLOW_FIRST_MS = 1_000;
const SLOW_LONGEST_MS = 300_000;

/**
 * How long to wait before trying again after the `failures`-th failure in a row: doubling from 100 ms to 30 s
 * (from 1 s to 5 min where the error table says so), with jitter, but never less than the API server asked for.
 */
export function backoffMs(error: RestampError, failures: number, random: () => number = Math.random): number {
  const [first, longest] = isSlow(error) ? [SLOW_FIRST_MS, SLOW_LONGEST_MS] : [FIRST_MS, LONGEST_MS];
  const pause = Math.min(first * 2 ** (failures - 1), longest) * (0.5 + random() / 2);
  return Math.max(pause, (error.retryAfter ?? 0) * 1000);
}

/**
 * Failures in a row. What somebody must change first is counted apart: an API server that comes back may refuse for
 * a moment, and what it could not do before that says nothing of how long. Neither count ends while nothing succeeds: two
 * kinds that take turns are tried ever more slowly too.
 */
export class FailureRow {
  #quick = 0;
  #slow = 0;

  /** One more failure: how long to wait now, in milliseconds. */
  next(error: RestampError, random?: () => number): number {
    const count = isSlow(error) ? (this.#slow += 1) : (this.#quick += 1);
    return backoffMs(error, count, random);
  }

  /** It has succeeded. */
  end(): void {
    this.#quick = 0;
    this.#slow = 0;
  }
}

function isSlow({ retry }: RestampError): boolean {
  return retry === 'slow-backoff';
}
