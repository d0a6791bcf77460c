import type { Clock } from '../clock.ts';

/** How one attempt to roll a workload ended. */
export type Outcome =
  /** Rolled, or nothing left to roll. */
  | { readonly is: 'done' }
  /** A source is being read; the end of that asks again. */
  | { readonly is: 'waiting' }
  /** Try again after so many milliseconds. */
  | { readonly is: 'again'; readonly ms: number };

export type QueueOptions = {
  readonly clock: Clock;
  /** A workload is due this long after the last change... */
  readonly quietMs: number;
  /** ...but never later than this after the first. */
  readonly longestMs: number;
  /** How many workloads are rolled at once. */
  readonly parallel: number;
  readonly roll: (key: string) => Promise<Outcome>;
  /** Called when no workload is being rolled or due. */
  readonly onIdle: () => void;
};

type Entry = { readonly first: number; due: number; failures: number; parked: boolean };

/** A parked workload is asked for again by the read that it waits for; this is for the case that nobody does. */
const PARKED_MS = 5_000;

/**
 * One entry for each workload, however many sources of it change: changes come together until they have been
 * quiet for a while. One workload is never rolled twice at once.
 */
export class RollQueue {
  readonly #options: QueueOptions;
  readonly #entries = new Map<string, Entry>();
  readonly #rolling = new Set<string>();
  #cancelTimer: () => void = () => undefined;
  #stopped = false;

  constructor(options: QueueOptions) {
    this.#options = options;
  }

  /** A source of this workload has changed: it is rolled when that has been quiet. */
  add(key: string): void {
    const { clock, quietMs, longestMs } = this.#options;
    const now = clock.monotonic();
    const entry = this.#entries.get(key);
    const first = entry?.first ?? now;
    const due = Math.min(now + quietMs, first + longestMs);
    this.#entries.set(key, { first, due, failures: entry?.failures ?? 0, parked: false });
    this.#run();
  }

  /** The workload is stale, but nothing has changed since it was put in: a wait goes on as it is. */
  ensure(key: string): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) this.add(key);
    else if (entry.parked) {
      entry.parked = false;
      entry.due = this.#options.clock.monotonic();
      this.#run();
    }
  }

  /** The workload is fresh again, or gone. */
  drop(key: string): void {
    this.#entries.delete(key);
  }

  /** How many workloads wait. */
  get size(): number {
    return this.#entries.size;
  }

  /** How many attempts to roll this workload have failed in a row. */
  failures(key: string): number {
    return this.#entries.get(key)?.failures ?? 0;
  }

  stop(): void {
    this.#stopped = true;
    this.#cancelTimer();
  }

  #run(): void {
    if (this.#stopped) return;
    const { clock, parallel, onIdle } = this.#options;
    const now = clock.monotonic();
    let next = Infinity;
    for (const [key, entry] of this.#entries) {
      if (this.#rolling.size >= parallel) break;
      if (this.#rolling.has(key)) continue;
      if (entry.due <= now) void this.#roll(key, entry);
      else next = Math.min(next, entry.due);
    }
    this.#cancelTimer();
    // A place that becomes free calls this again, so a timer is needed only for what is not due.
    if (next !== Infinity) this.#cancelTimer = clock.after(next - now, () => this.#run());
    if (this.#rolling.size === 0) onIdle();
  }

  async #roll(key: string, entry: Entry): Promise<void> {
    this.#rolling.add(key);
    const outcome = await this.#options.roll(key);
    this.#rolling.delete(key);
    // A change during the roll has replaced the entry: it stays and gets a roll of its own.
    if (this.#entries.get(key) === entry) {
      const now = this.#options.clock.monotonic();
      if (outcome.is === 'done') this.#entries.delete(key);
      else if (outcome.is === 'waiting') {
        entry.parked = true;
        entry.due = now + PARKED_MS;
      } else {
        entry.due = now + outcome.ms;
        entry.failures += 1;
      }
    }
    this.#run();
  }
}
