import type { Clock } from '../clock.ts';
import type { Faults } from '../faults.ts';
import type { Timing } from '../core/opt-in/overrides.ts';
import { backoffMs } from '../flowcontrol/backoff.ts';
import { FairQueue } from '../flowcontrol/fair-queue.ts';
import type { HoldReason } from './gates/hold-reasons.ts';
import type { Outcome } from './outcome.ts';
import { Pace } from '../flowcontrol/pacer.ts';

/** A stale workload, and why it waits. */
export type Waiting = {
  readonly key: string;
  readonly reason: HoldReason;
  /** Milliseconds since the first change that it waits for was seen. */
  readonly forMs: number;
};

export type QueueOptions = {
  readonly clock: Clock;
  readonly faults: Faults;
  /** A workload is due `quietMs` after the last change, but never later than `longestMs` after the first. */
  readonly timing: (key: string) => Timing;
  /** How many workloads are rolled at once, and a quarter more where none of their namespace is. */
  readonly parallel: number;
  /** How many of those that a start, a new leader or a sweep has found stale are let through in a second. */
  readonly recoveryPerSecond: number;
  /** `overdue`: the longest delay is over. `waitedMs`: since it was put in. */
  readonly roll: (key: string, overdue: boolean, waitedMs: number) => Promise<Outcome>;
  /** A workload was put in that did not wait yet. */
  readonly onAdded?: () => void;
  /** Called when no workload is being rolled or due. */
  readonly onIdle: () => void;
};

type Entry = {
  readonly first: number;
  /** From when on it waits for no read. */
  latest: number;
  due: number;
  /** How many attempts have failed in a row, for each reason. */
  failures: ReadonlyMap<HoldReason, number>;
  parked: boolean;
  again: boolean;
  reason: HoldReason;
  /** Ends the wait for the time at which it is due. */
  cancel: () => void;
};

/** A parked workload is asked for again by the read that it waits for; this is for the case that nobody does. */
const PARKED_MS = 5_000;
const NONE: Entry['failures'] = new Map();
const DEFAULT_TIMING: Timing = { quietMs: 1_000, longestMs: 10_000 };

/**
 * One entry for each workload, however many sources of it change: changes come together until they have been
 * quiet for a while. One workload is never rolled twice at once, and the namespaces take turns.
 */
export class RollQueue {
  readonly #options: QueueOptions;
  readonly #entries = new Map<string, Entry>();
  /** What is being rolled now, as it stood when that began. */
  readonly #rolling = new Map<string, Entry>();
  /** What is due. */
  readonly #ready: FairQueue<Entry>;
  readonly #recovering: Pace;
  #stopped = false;
  #active = true;

  constructor(options: QueueOptions) {
    this.#options = options;
    this.#ready = new FairQueue(options.parallel);
    this.#recovering = new Pace(options.clock, options.recoveryPerSecond, (key) => this.#recovered(key));
  }

  /** A source of this workload has changed: it is rolled when that has been quiet. */
  add(key: string): void {
    const { clock } = this.#options;
    const { quietMs, longestMs } = this.#timing(key);
    const now = clock.monotonic();
    const entry = this.#entries.get(key);
    const failures = entry?.failures ?? NONE;
    // What is being rolled began without this change.
    const waits = entry !== undefined && entry !== this.#rolling.get(key);
    if (!waits) this.#options.onAdded?.();
    const first = waits ? entry.first : now;
    const latest = Math.min(waits ? entry.latest : Infinity, now + longestMs);
    const quiet = Math.min(now + quietMs, first + longestMs);
    // A change does not shorten the pause after a failure: the API server has asked for it. In the slow line there is none.
    const paused = failures.size === 0 || entry?.due === Infinity ? 0 : (entry?.due ?? 0);
    this.#put(key, { ...newEntry(first, latest, Math.max(quiet, paused)), failures });
  }

  /** The workload is stale, but nothing has changed since it was put in: a wait goes on as it is. */
  ensure(key: string): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) this.add(key);
    // The roll under way may have been judged before this; if not, the next one finds nothing to do.
    else if (entry === this.#rolling.get(key)) entry.again = true;
    else if (entry.parked) {
      entry.parked = false;
      this.#schedule(key, entry, this.#options.clock.monotonic());
      this.#run();
    }
  }

  /** A gate may have opened: asks it again for this workload, or for all that are held. */
  recheck(key?: string): void {
    const now = this.#options.clock.monotonic();
    for (const one of key === undefined ? this.#entries.keys() : [key]) {
      const entry = this.#entries.get(one);
      if (entry !== undefined && entry.reason !== 'quiet' && entry.failures.size === 0)
        this.#schedule(one, entry, now);
    }
    this.#run();
  }

  /** While inactive, what is stale stays in: another replica rolls it. What that leaves is recovered, as after a start. */
  setActive(active: boolean): void {
    if (active && !this.#active)
      for (const [key, entry] of this.#entries)
        if (entry.due !== Infinity && !this.#rolling.has(key)) this.#line(key, entry);
    this.#active = active;
    this.#recovering.setOpen(active && !this.#stopped);
    this.#run();
  }

  /** Puts a workload in that a start, a new leader or a sweep has found stale: it stands in a line that goes slowly. */
  recover(key: string): void {
    if (this.#entries.has(key)) return;
    this.#options.onAdded?.();
    const now = this.#options.clock.monotonic();
    this.#line(key, newEntry(now, Infinity, now + this.#timing(key).quietMs));
  }

  /** Everything that is stale and not being rolled, with the reason. */
  waiting(): Waiting[] {
    const now = this.#options.clock.monotonic();
    return [...this.#entries].map(([key, { first, reason }]) => ({
      key,
      reason: this.#active ? reason : 'standby',
      forMs: now - first,
    }));
  }

  /** The workload is fresh again, or gone. */
  drop(key: string): void {
    this.#entries.get(key)?.cancel();
    this.#ready.delete(key);
    this.#recovering.delete(key);
    this.#entries.delete(key);
  }

  has(key: string): boolean {
    return this.#entries.has(key);
  }

  isRolling(key: string): boolean {
    return this.#rolling.has(key);
  }

  /** How many workloads wait. */
  get size(): number {
    return this.#entries.size;
  }

  /** Whether this process rolls. */
  get isActive(): boolean {
    return this.#active;
  }

  /**
   * How many attempts to roll this workload have failed in a row for this reason: an API server that comes back may
   * refuse for a moment, and what it could not do before that says nothing of how long. What has failed for other reasons
   * in between has not ended the row.
   */
  failures(key: string, reason: HoldReason): number {
    return this.#entries.get(key)?.failures.get(reason) ?? 0;
  }

  /** Nothing more is rolled; what is under way goes on. */
  stop(): void {
    this.#stopped = true;
    this.#recovering.stop();
    for (const { cancel } of this.#entries.values()) cancel();
  }

  /** Its turn has come: from now on it is like any other that waits. */
  #recovered(key: string): void {
    const now = this.#options.clock.monotonic();
    const entry = this.#entries.get(key) ?? newEntry(now, now, now);
    this.#put(key, { ...entry, latest: now + this.#timing(key).longestMs, due: now });
  }

  /** When it is due, it joins the slow line. */
  #line(key: string, entry: Entry): void {
    const { clock } = this.#options;
    entry.cancel();
    this.#ready.delete(key);
    const cancel = clock.after(entry.due - clock.monotonic(), () => this.#recovering.add(key));
    this.#entries.set(key, { ...entry, due: Infinity, parked: false, cancel });
  }

  #put(key: string, entry: Entry): void {
    this.#entries.get(key)?.cancel();
    this.#recovering.delete(key);
    this.#entries.set(key, entry);
    this.#schedule(key, entry, entry.due);
    this.#run();
  }

  /** It is due at this time. What is due already keeps its place in the line. */
  #schedule(key: string, entry: Entry, due: number): void {
    const { clock } = this.#options;
    entry.due = due;
    entry.cancel();
    // The end of the roll under way does this.
    if (this.#rolling.has(key) || this.#stopped) return;
    const left = due - clock.monotonic();
    if (left <= 0) this.#ready.add(key, entry);
    else {
      this.#ready.delete(key);
      entry.cancel = clock.after(left, () => {
        this.#ready.add(key, entry);
        this.#run();
      });
    }
  }

  #run(): void {
    while (!this.#stopped && this.#active) {
      const next = this.#ready.next();
      if (next === undefined) break;
      void this.#roll(next.key, next.item);
    }
    if (this.#rolling.size === 0) this.#options.onIdle();
  }

  /** A workload whose times cannot be found out is not rolled sooner than others. */
  #timing(key: string): Timing {
    return this.#options.faults.contain(key, () => this.#options.timing(key)) ?? DEFAULT_TIMING;
  }

  /** An exception holds this workload back, as a refusal does, and no other. */
  async #attempt(key: string, overdue: boolean, waitedMs: number): Promise<Outcome> {
    try {
      return await this.#options.roll(key, overdue, waitedMs);
    } catch (error) {
      const fault = this.#options.faults.caught(key, error);
      return { is: 'again', reason: 'rejected', ms: backoffMs(fault, this.failures(key, 'rejected') + 1) };
    }
  }

  async #roll(key: string, entry: Entry): Promise<void> {
    this.#rolling.set(key, entry);
    entry.again = false;
    const taken = this.#options.clock.monotonic();
    const outcome = await this.#attempt(key, taken >= entry.latest, taken - entry.first);
    const overdue = taken >= entry.latest;
    this.#rolling.delete(key);
    this.#ready.done(key);
    const current = this.#entries.get(key);
    // A change during the roll has replaced the entry: it stays and gets a roll of its own.
    if (current === entry) this.#settle(key, entry, outcome, overdue);
    else if (current !== undefined) this.#schedule(key, current, current.due);
    this.#run();
  }

  #settle(key: string, entry: Entry, outcome: Outcome, overdue: boolean): void {
    const now = this.#options.clock.monotonic();
    if (outcome.is === 'done') {
      this.drop(key);
      if (entry.again) this.add(key);
    } else if (outcome.is === 'waiting') {
      entry.parked = true;
      this.#schedule(key, entry, overdue ? now + PARKED_MS : Math.min(now + PARKED_MS, entry.latest));
    } else {
      entry.reason = outcome.reason;
      const count = (entry.failures.get(outcome.reason) ?? 0) + 1;
      entry.failures = outcome.is === 'again' ? new Map(entry.failures).set(outcome.reason, count) : NONE;
      const due = now + outcome.ms;
      // It waits for no read: when the gate opens, or the API server is back, what changed meanwhile is read first.
      entry.latest = due + this.#timing(key).longestMs;
      this.#schedule(key, entry, due);
    }
  }
}

function newEntry(first: number, latest: number, due: number): Entry {
  return {
    first,
    latest,
    due,
    failures: NONE,
    parked: false,
    again: false,
    reason: 'quiet',
    cancel: () => undefined,
  };
}
