import { createHash } from 'node:crypto';
import { pause, type Clock } from '../clock.ts';
import type { JobManifest } from '../core/job.ts';
import { isDeleted, type WorkloadObject } from '../core/workload.ts';
import { asRestampError, hasCode, type RestampError } from '../errors.ts';
import { orNothing } from '../kube/objects.ts';
import { FailureRow } from './backoff.ts';

/** A Job that is to give way to another one of its name. */
export type Remake = {
  readonly namespace: string;
  readonly name: string;
  /** The Job that goes, as it was judged. */
  readonly uid: string;
  readonly resourceVersion: string;
  readonly manifest: JobManifest;
};

/** Keeps what has been begun over a crash: a Secret, because the environment of a Job may be secret. */
export type RemakeStore = {
  all(): Promise<Remake[]>;
  put(key: string, remake: Remake): Promise<void>;
  /** Whether it is still what is kept under this key. */
  holds(key: string, remake: Remake): Promise<boolean>;
  /** Nothing happens to another one that is kept under the same key. */
  remove(key: string, remake: Remake): Promise<void>;
};

/** Whether both replace one state of one Job. */
export function isSameRemake(a: Remake, b: Remake): boolean {
  return a.uid === b.uid && a.resourceVersion === b.resourceVersion;
}

/** What is done to Jobs. All fail with RESTAMP_KUBE_*. */
export type JobPort = {
  read(namespace: string, name: string): Promise<WorkloadObject>;
  /** `dryRun`: only asks whether the API server would take it. */
  create(manifest: JobManifest, dryRun: boolean): Promise<WorkloadObject>;
  /** The Jobs of a CronJob that have not finished. */
  running(cronJob: { readonly namespace: string; readonly uid: string }): Promise<readonly RunningJob[]>;
  /** Deletes this very state of a Job, and its pods in the background. */
  remove(job: Pick<Remake, 'namespace' | 'name' | 'uid' | 'resourceVersion'>): Promise<void>;
};

export type RunningJob = Pick<Remake, 'namespace' | 'name' | 'uid' | 'resourceVersion'>;

export type RemakesOptions = {
  readonly store: RemakeStore;
  readonly jobs: JobPort;
  readonly clock: Clock;
  readonly onTrouble: (error: RestampError) => void;
};

/**
 * Deletes Jobs and creates them anew. Between the two a Job exists nowhere but in the store, so that a crash
 * loses none, and whoever leads next ends what was begun.
 */
export class Remakes {
  readonly #options: RemakesOptions;
  #stopped = false;

  constructor(options: RemakesOptions) {
    this.#options = options;
  }

  /** Returns the new Job. Fails, with the old one untouched, if the API server would not take the new one. */
  async remake(remake: Remake): Promise<WorkloadObject> {
    const { store, jobs } = this.#options;
    // Admission and validation speak before the API server finds that the name is taken.
    await jobs.create(remake.manifest, true).catch((error: unknown) => {
      if (!hasCode(error, 'RESTAMP_KUBE_CONFLICT')) throw error;
    });
    await store.put(keyOf(remake), remake);
    try {
      await jobs.remove(remake);
    } catch (error) {
      if (!(await this.#isGone(remake))) {
        await this.#insist(remake.name, () => store.remove(keyOf(remake), remake));
        throw error;
      }
    }
    return this.#finish(remake, 'just begun');
  }

  /** Ends what a process before this one has begun. Never rejects. */
  async resume(): Promise<void> {
    const { store, onTrouble } = this.#options;
    const subject = 'the Jobs that are to be made anew';
    const begun = await this.#insist(subject, () => store.all());
    const resumeOne = (remake: Remake): Promise<void> =>
      this.#resumeOne(remake).catch((error: unknown) =>
        onTrouble(asRestampError(error, 'RESTAMP_KUBE_PROTOCOL', subject)),
      );
    await Promise.all((begun ?? []).map(resumeOne));
  }

  stop(): void {
    this.#stopped = true;
  }

  async #resumeOne(remake: Remake): Promise<void> {
    const { store, jobs } = this.#options;
    const { namespace, name } = remake;
    const now = await this.#insist(name, () => orNothing(jobs.read(namespace, name)));
    // It was not deleted yet: it is judged again like every workload, from what is stored now.
    if (now !== undefined && !isDeleted(now))
      await this.#insist(name, () => store.remove(keyOf(remake), remake));
    else await this.#finish(remake, 'long begun');
  }

  /** Whether the old Job was deleted: an answer that was lost says nothing. */
  async #isGone({ namespace, name, uid }: Remake): Promise<boolean> {
    const now = await this.#insist(name, () => orNothing(this.#options.jobs.read(namespace, name)));
    return now === undefined || now.metadata.uid !== uid || isDeleted(now);
  }

  /**
   * The old Job is gone or going: makes the new one, however often that must be tried. Another process that leads
   * meanwhile may end it first, and then begin the next one: what this one knows is then no Job to make any more.
   */
  async #finish(remake: Remake, when: 'just begun' | 'long begun'): Promise<WorkloadObject> {
    const { store, jobs, clock } = this.#options;
    const { namespace, name } = remake;
    let known = when === 'just begun';
    while (!this.#stopped) {
      const made = await this.#insist(`Job ${namespace}/${name}`, async () => {
        if (!known && !(await store.holds(keyOf(remake), remake))) return 'over';
        known = false;
        const job = await this.#create(remake);
        if (job !== undefined) await store.remove(keyOf(remake), remake);
        return job;
      });
      if (made === 'over') break;
      if (made !== undefined) return made;
      // Its name is taken until the last finalizer of the old one is gone.
      await pause(clock, GOING_MS);
    }
    return jobs.read(namespace, name);
  }

  /** Tries until it is done; undefined once this process is to end. */
  async #insist<T>(subject: string, work: () => Promise<T>): Promise<T | undefined> {
    const { clock, onTrouble } = this.#options;
    const row = new FailureRow();
    while (!this.#stopped)
      try {
        return await work();
      } catch (error) {
        const trouble = asRestampError(error, 'RESTAMP_KUBE_PROTOCOL', subject);
        onTrouble(trouble);
        await pause(clock, row.next(trouble));
      }
    return undefined;
  }

  /** The new Job, or the one that somebody else has made meanwhile; undefined while the old one is there. */
  async #create(remake: Remake): Promise<WorkloadObject | undefined> {
    const { jobs } = this.#options;
    try {
      return await jobs.create(remake.manifest, false);
    } catch (error) {
      if (!hasCode(error, 'RESTAMP_KUBE_CONFLICT')) throw error;
      const now = await orNothing(jobs.read(remake.namespace, remake.name));
      return now === undefined || isDeleted(now) ? undefined : now;
    }
  }
}

const GOING_MS = 100;

/** A key of a Secret has fewer signs than a name and a namespace together may have. */
function keyOf({ namespace, name }: Remake): string {
  return createHash('sha256').update(`${namespace}/${name}`).digest('hex').slice(0, 32);
}
