import type { Clock } from '../clock.ts';

/**
 * Without an answer for longer than this, the API server may have been away, and be back with an older state. Another one of
 * the same cluster answers at once, and so does one whose connections a balancer has cut.
 */
const AWAY_MS = 1_000;
/** After so long it may have been started anew, and refuses everybody for a while: until it has read all rights. */
const STARTED_MS = 3_000;
const SETTLING_MS = 20_000;
/** A single call that always fails says nothing, while nobody else asks. */
const STARTED_FAILURES = 2;

/**
 * Whether the API server answers at all, by all calls of this process. Versions do not tell whether one that comes back goes on
 * in the same history: it resumes a watch also from a version that it has not reached yet, and then leaves out what comes before.
 */
export class Contact {
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #back: (() => void)[] = [];
  /** When the first call has failed since the last answer, and how many have. */
  #failing: number | undefined;
  #failures = 0;
  #absences = 0;
  #settled = -Infinity;

  constructor(clock: Pick<Clock, 'monotonic'>) {
    this.#clock = clock;
  }

  /** How often it was away. What was heard of it before the last time may be of a state that is no more. */
  get absences(): number {
    return this.#absences;
  }

  /** Whether it is away now. */
  get isAway(): boolean {
    return this.#silence() > AWAY_MS;
  }

  /** Whether it is away, or was until now: neither a refusal nor a long wait tells anything of one object. */
  get isSettling(): boolean {
    return this.#isLong() || this.#clock.monotonic() < this.#settled;
  }

  /** Tells of the end of each absence, before whoever has asked gets the first answer. */
  onBack(run: () => void): void {
    this.#back.push(run);
  }

  /**
   * A call has ended with this status; 0 stands for no answer, which says nothing where we have given it up by `signal`. An API
   * server that fails inside may have lost its store.
   */
  heard(status: number, signal?: AbortSignal): void {
    if (status === 0 && signal?.aborted === true) return;
    if (status === 0 || status >= 500) this.broken();
    else this.#answered();
  }

  /** A watch was broken off. */
  broken(): void {
    this.#failing ??= this.#clock.monotonic();
    this.#failures += 1;
  }

  #answered(): void {
    if (this.#failing === undefined) return;
    const wasAway = this.isAway;
    if (this.#isLong()) this.#settled = this.#clock.monotonic() + SETTLING_MS;
    this.#failing = undefined;
    this.#failures = 0;
    if (!wasAway) return;
    this.#absences += 1;
    for (const run of this.#back) run();
  }

  #silence(): number {
    return this.#failing === undefined ? 0 : this.#clock.monotonic() - this.#failing;
  }

  #isLong(): boolean {
    return this.#silence() > STARTED_MS && this.#failures >= STARTED_FAILURES;
  }
}
