import type { Clock } from '../clock.ts';
import type { Call } from './client.ts';

/**
 * Without an answer for longer than this, the API server may have been away, and be back with an older state. Another one of
 * the same cluster answers at once, and so does one whose connections a balancer has cut.
 */
const AWAY_MS = 1_000;
/** After so long it may have been started anew, and refuses everybody for a while: until it has read all rights. */
const STARTED_MS = 3_000;
const SETTLING_MS = 20_000;
/** What one group of the API never answers, be it served by another server or converted by a webhook, says nothing of the rest. */
const GROUPS = 2;

/**
 * Whether the API server answers at all, by all calls of this process. Versions do not tell whether one that comes back goes on
 * in the same history: it resumes a watch also from a version that it has not reached yet, and then leaves out what comes before.
 */
export class Contact {
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #back: (() => void)[] = [];
  /** Since when the first call is unanswered that has failed since the last answer, and of which groups there are such. */
  #failing: number | undefined;
  readonly #groups = new Set<string>();
  #answeredAt = -Infinity;
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
    return this.#silence() > STARTED_MS || this.#clock.monotonic() < this.#settled;
  }

  /** Tells of the end of each absence, before whoever has asked gets the first answer. */
  onBack(run: () => void): void {
    this.#back.push(run);
  }

  /**
   * A call has ended after `ms` with this status; 0 stands for no answer, which says nothing where whoever asked wants none any
   * more. An API server that fails inside may have lost its store.
   */
  heard({ path, signal }: Pick<Call, 'path' | 'signal'>, status: number, ms = 0): void {
    if (status === 0 && isUnwanted(signal)) return;
    if (status !== 0 && status < 500) this.#answered();
    else this.broken(path, status === 0 ? ms : 0);
  }

  /** What was asked for at `path` is broken off, or was not answered for so long. */
  broken(path: string, ms = 0): void {
    this.#failing ??= Math.max(this.#answeredAt, this.#clock.monotonic() - ms);
    this.#groups.add(groupOf(path));
  }

  #answered(): void {
    const silence = this.#silence();
    this.#answeredAt = this.#clock.monotonic();
    this.#failing = undefined;
    this.#groups.clear();
    if (silence > STARTED_MS) this.#settled = this.#answeredAt + SETTLING_MS;
    if (silence <= AWAY_MS) return;
    this.#absences += 1;
    for (const run of this.#back) run();
  }

  #silence(): number {
    if (this.#failing === undefined || this.#groups.size < GROUPS) return 0;
    return this.#clock.monotonic() - this.#failing;
  }
}

/** A wait that is over by its own timeout was in vain; any other was given up. */
function isUnwanted(signal: AbortSignal | undefined): boolean {
  return signal?.aborted === true && (signal.reason as Error | undefined)?.name !== 'TimeoutError';
}

/** `/apis/apps/v1/deployments` is of `apps`; all that is under `/api` is of one. */
function groupOf(path: string): string {
  const [, root = '', group = ''] = path.split('/');
  return root === 'apis' ? group : '';
}
