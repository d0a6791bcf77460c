import type { Clock } from '../clock.ts';

/** A `Date` header tells whole seconds. */
const SECOND_MS = 1_000;

/**
 * The wall clock of the API server, as far as its answers tell it: all times that we compare ours with are by that
 * clock, and a node without NTP may be minutes away. What is known of the difference are two bounds for each answer:
 * its `Date` was written between the request and the answer. Where several API servers disagree, or somebody sets one
 * of the clocks, the last answer counts.
 */
export class ServerClock implements Clock {
  readonly #own: Clock;
  /** The difference is between these, in milliseconds. */
  #least = Number.NEGATIVE_INFINITY;
  #most = Number.POSITIVE_INFINITY;

  constructor(own: Clock) {
    this.#own = own;
  }

  /** By how much the API server is ahead of our own clock, in milliseconds; as little as its answers allow. */
  get ahead(): number {
    return Math.max(this.#least, Math.min(this.#most, 0));
  }

  now(): number {
    return this.#own.now() + this.ahead;
  }

  monotonic(): number {
    return this.#own.monotonic();
  }

  after(ms: number, run: () => void): () => void {
    return this.#own.after(ms, run);
  }

  /** Takes in the `Date` header of an answer that has just come, `ms` after the request; one that is no date is ignored. */
  learn(date: string | undefined, ms: number): void {
    const told = Date.parse(date ?? '');
    if (Number.isNaN(told)) return;
    const now = this.#own.now();
    const [least, most] = [told - now, told + SECOND_MS - (now - ms)];
    const agrees = least <= this.#most && most >= this.#least;
    this.#least = agrees ? Math.max(least, this.#least) : least;
    this.#most = agrees ? Math.min(most, this.#most) : most;
  }
}
