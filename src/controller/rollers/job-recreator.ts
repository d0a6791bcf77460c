import { createHash } from 'node:crypto';
import { pause, type Clock } from '../../clock.ts';
import { annotation, STAMPS } from '../../core/api/annotations.ts';
import type { JobManifest } from '../../core/objects/job.ts';
import { isDeleted, workloadKey, type WorkloadObject } from '../../core/objects/workload.ts';
import { hasCode, isUnanswered, RestampError, type ErrorCode } from '../../errors.ts';
import type { Faults } from '../../faults.ts';
import { orNothing } from '../../kube/objects.ts';
import { FailureRow } from '../../flowcontrol/backoff.ts';
import type { HoldReason } from '../gates/hold-reasons.ts';
import type { JobPort } from './job-port.ts';
import type { Terminations } from '../gates/terminating-namespaces.ts';
import type { Remake, RemakeStore } from './job-intent-store.ts';
import { Turns } from '../../flowcontrol/limiter.ts';

export type RemakesOptions = {
  readonly store: RemakeStore;
  readonly jobs: JobPort;
  readonly clock: Clock;
  readonly onTrouble: (error: RestampError) => void;
  readonly faults: Faults;
  /** In a namespace that is being deleted, or gone, no Job is made anew. */
  readonly terminations: Pick<Terminations, 'has' | 'heard'>;
  /** A Job was made, of this manifest, whose roll had returned before. */
  readonly onMade: (job: WorkloadObject, manifest: JobManifest) => void;
  /** The Job of this key waits for nothing any more, whether one was made or not. */
  readonly onEnd: (key: string) => void;
};

/** A Job that was deleted, or may have been, and is not made anew yet. */
type Pending = {
  readonly key: string;
  readonly remake: Remake;
  /** It is made as soon as the old one is gone, or it is only to be forgotten. */
  next: 'make' | 'forget';
  /** Why it is not made yet. */
  reason: HoldReason;
  /** Until when, on the monotonic clock, a deletion that a former leader has sent may still arrive. */
  readonly lateUntil: number;
  /** How often the old one was looked at in vain. */
  looks: number;
  readonly row: FailureRow;
  /** What was told of it last: each cause is told once. */
  told: ErrorCode | undefined;
  busy: boolean;
  /** Something has happened during the look that is under way. */
  again: boolean;
  cancel: () => void;
};

/** How many are looked at, at once. */
const AT_ONCE = 4;
/** The watch tells when a Job is gone; this is for the case that it does not. */
const FIRST_LOOK_MS = 10_000;
const LONGEST_LOOK_MS = 300_000;
/** A request that was sent before somebody else led is answered, or given up, by then. */
const LATE_MS = 20_000;
/** All looks together: one request a second, however many Jobs are kept by their finalizers. */
const LOOK_SHARE_MS = 1_000;

/**
 * Deletes Jobs and creates them anew. Between the two a Job exists nowhere but in the store, so that a crash loses none,
 * and whoever leads next ends what was begun. Nobody waits for a Job that its finalizers keep: it is made when it is gone.
 */
export class Remakes {
  readonly #options: RemakesOptions;
  readonly #pending = new Map<string, Pending>();
  readonly #turns = new Turns(AT_ONCE);
  /** Counts on when this process leads no more: what was begun under an older one is another's. */
  #term = 0;

  constructor(options: RemakesOptions) {
    this.#options = options;
  }

  /**
   * Returns the new Job; undefined if it is made later, when its name is free. Fails, with the old one untouched, if the API
   * server would not take the new one, or has not deleted the old one.
   */
  async remake(remake: Remake): Promise<WorkloadObject | undefined> {
    const { store, jobs } = this.#options;
    const term = this.#term;
    // Whoever leads by then has judged this Job by itself: it must not go under that one's hands.
    const stillLeads = (): void => {
      if (term !== this.#term) throw new RestampError('RESTAMP_KUBE_CONFLICT', keyOf(remake));
    };
    // Admission and validation speak before the API server finds that the name is taken.
    await jobs.create(remake.manifest, true).catch((error: unknown) => {
      if (!hasCode(error, 'RESTAMP_KUBE_CONFLICT')) throw error;
    });
    stillLeads();
    const pending = this.#begin(remake);
    // The watch may tell of the deletion before it is answered.
    pending.busy = true;
    let isKept = false;
    try {
      await store.put(storeKey(remake), remake);
      isKept = true;
      stillLeads();
      await jobs.remove(remake);
    } catch (error) {
      // Whoever has deleted it meanwhile, or changed it, was not us: nothing is to come back.
      if (!isKept || !isUnanswered(error)) pending.next = 'forget';
      const made = await this.#look(pending, 'begun');
      if (this.reason(pending.key) === undefined && made === undefined) throw error;
      return made;
    }
    return this.#look(pending, 'deleted');
  }

  /** Why the Job of this key is not made yet; undefined if none is to be. */
  reason(key: string): HoldReason | undefined {
    const pending = this.#pending.get(key);
    return pending?.next === 'make' ? pending.reason : undefined;
  }

  /** The watch has told that the Job of this key is gone; returns whether it comes back. */
  gone(key: string): boolean {
    const pending = this.#pending.get(key);
    if (pending?.next !== 'make') return false;
    this.#lookLater(pending, 0);
    return true;
  }

  /** Ends what a process before this one has begun. Never rejects. */
  async resume(): Promise<void> {
    const { store, clock, onTrouble, faults } = this.#options;
    const term = this.#term;
    const row = new FailureRow();
    let begun: readonly Remake[] | undefined;
    while (begun === undefined && term === this.#term)
      try {
        begun = await store.all();
      } catch (error) {
        const trouble = faults.caught('the Jobs that are to be made anew', error);
        if (trouble === error) onTrouble(trouble);
        await pause(clock, row.next(trouble));
      }
    if (term !== this.#term) return;
    const others = (begun ?? []).filter((remake) => !this.#pending.has(keyOf(remake)));
    const lateUntil = clock.monotonic() + LATE_MS;
    await Promise.all(others.map((remake) => this.#finish(this.#begin(remake, lateUntil))));
  }

  /** Another process leads: what was begun is ended by that one. */
  release(): void {
    this.#term += 1;
    for (const pending of this.#pending.values()) pending.cancel();
    this.#pending.clear();
  }

  stop(): void {
    this.release();
    this.#turns.stop();
  }

  #begin(remake: Remake, lateUntil = 0): Pending {
    const key = keyOf(remake);
    this.#pending.get(key)?.cancel();
    const pending: Pending = {
      key,
      remake,
      next: 'make',
      reason: 'terminating',
      lateUntil,
      looks: 0,
      row: new FailureRow(),
      told: undefined,
      busy: false,
      again: false,
      cancel: () => undefined,
    };
    this.#pending.set(key, pending);
    return pending;
  }

  #isPending(pending: Pending): boolean {
    return this.#pending.get(pending.key) === pending;
  }

  #lookLater(pending: Pending, ms: number): void {
    pending.cancel();
    if (pending.busy) pending.again = true;
    else pending.cancel = this.#options.clock.after(ms, () => void this.#finish(pending));
  }

  /** Looks at it in its turn; nobody else hears what comes of it. */
  async #finish(pending: Pending): Promise<void> {
    const job = await this.#turns.run(pending.key, () => this.#look(pending));
    const { faults, onMade, onEnd } = this.#options;
    if (job !== undefined) faults.contain(pending.key, () => onMade(job, pending.remake.manifest));
    if (pending.next === 'forget') onEnd(pending.key);
  }

  /** Goes on as far as it can now, and sees to it that it is looked at again. Returns the new Job; never rejects. */
  async #look(pending: Pending, just?: 'begun' | 'deleted'): Promise<WorkloadObject | undefined> {
    if (!this.#isPending(pending) || (pending.busy && just === undefined)) return undefined;
    const { onTrouble, faults } = this.#options;
    let job: WorkloadObject | undefined;
    let ms = 0;
    pending.busy = true;
    pending.again = false;
    try {
      if (pending.next === 'make') job = await this.#make(pending, just === 'deleted');
      if (isSettled(pending)) await this.#forget(pending);
      else ms = this.#lookMs(pending);
      pending.row.end();
    } catch (error) {
      const trouble = faults.caught(pending.key, error);
      if (trouble === error && pending.told !== trouble.code) onTrouble(trouble);
      pending.told = trouble.code;
      pending.reason = trouble.retry === 'slow-backoff' ? 'rejected' : 'unavailable';
      ms = pending.row.next(trouble);
    }
    pending.busy = false;
    if (this.#isPending(pending)) this.#lookLater(pending, isWantedAgain(pending) ? 0 : ms);
    return job;
  }

  /** Makes the new Job if the old one is gone. Another process that leads meanwhile may have ended it first. */
  async #make(pending: Pending, isGone: boolean): Promise<WorkloadObject | undefined> {
    const { store, jobs, terminations } = this.#options;
    const { remake } = pending;
    const { namespace, name, manifest } = remake;
    pending.reason = 'terminating';
    if (!isGone) {
      const now = await orNothing(jobs.read(namespace, name));
      if (now?.metadata.uid === remake.uid && (isDeleted(now) || this.#mayGo(pending, now))) return undefined;
      const isOver = now !== undefined || terminations.has(namespace);
      if (isOver || !(await store.holds(storeKey(remake), remake))) pending.next = 'forget';
      // The answer to its creation was lost.
      const isOurs = stampsOf(manifest) !== undefined && now?.metadata.uid !== remake.uid;
      if (now !== undefined && isOurs && stampsOf(now) === stampsOf(manifest)) return now;
      if (isSettled(pending)) return undefined;
    }
    if (!this.#isPending(pending)) return undefined;
    try {
      const job = await jobs.create(manifest, false);
      pending.next = 'forget';
      return job;
    } catch (error) {
      const isHomeless = terminations.heard(namespace, error) || hasCode(error, 'RESTAMP_KUBE_NOT_FOUND');
      if (isHomeless) pending.next = 'forget';
      // Its name is taken until the last finalizer of the old one is gone.
      else if (!hasCode(error, 'RESTAMP_KUBE_CONFLICT')) throw error;
      return undefined;
    }
  }

  /** Whether a former leader may have sent the deletion of this very state, which has not arrived yet. */
  #mayGo({ remake, lateUntil }: Pending, { metadata }: WorkloadObject): boolean {
    return metadata.resourceVersion === remake.resourceVersion && this.#options.clock.monotonic() < lateUntil;
  }

  async #forget(pending: Pending): Promise<void> {
    // The same state of the Job may have been taken up anew meanwhile: what is kept is for that one.
    if (!this.#isPending(pending)) return;
    await this.#options.store.remove(storeKey(pending.remake), pending.remake);
    if (this.#isPending(pending)) this.#pending.delete(pending.key);
  }

  #lookMs(pending: Pending): number {
    const late = pending.lateUntil - this.#options.clock.monotonic();
    const ms = late > 0 ? late : Math.min(FIRST_LOOK_MS * 2 ** pending.looks, LONGEST_LOOK_MS);
    pending.looks += 1;
    return Math.max(ms, this.#pending.size * LOOK_SHARE_MS);
  }
}

/** Set while others are awaited, which the compiler cannot see. */
function isSettled(pending: Pending): boolean {
  return pending.next === 'forget';
}

function isWantedAgain(pending: Pending): boolean {
  return pending.again;
}

function stampsOf({ metadata }: { readonly metadata: object }): string | undefined {
  return annotation((metadata as WorkloadObject['metadata']).annotations, STAMPS);
}

function keyOf({ namespace, name }: Remake): string {
  return workloadKey({ kind: 'Job', namespace, name });
}

/** A key of a Secret has fewer signs than a name and a namespace together may have. */
function storeKey({ namespace, name }: Remake): string {
  return createHash('sha256').update(`${namespace}/${name}`).digest('hex').slice(0, 32);
}
