import { createHash } from 'node:crypto';
import { pause, type Clock } from '../clock.ts';
import type { JobManifest } from '../core/job.ts';
import type { WorkloadObject } from '../core/workload.ts';
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
  remove(key: string): Promise<void>;
};

/** What is done to Jobs. All fail with RESTAMP_KUBE_*. */
export type JobPort = {
  read(namespace: string, name: string): Promise<WorkloadObject>;
  /** `dryRun`: only asks whether the API server would take it. */
  create(manifest: JobManifest, dryRun: boolean): Promise<WorkloadObject>;
  /** Deletes this very state of a Job, and its pods in the background. */
  remove(job: Pick<Remake, 'namespace' | 'name' | 'uid' | 'resourceVersion'>): Promise<void>;
};

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
    const key = keyOf(remake);
    await store.put(key, remake);
    try {
      await jobs.remove(remake);
    } catch (error) {
      if (!(await this.#isGone(remake))) {
        await store.remove(key);
        throw error;
      }
    }
    return this.#finish(remake);
  }

  /** Ends what a process before this one has begun. */
  async resume(): Promise<void> {
    const { store, onTrouble } = this.#options;
    try {
      for (const remake of await store.all()) await this.#resumeOne(remake);
    } catch (error) {
      onTrouble(asRestampError(error, 'RESTAMP_KUBE_PROTOCOL', 'the Jobs that are to be made anew'));
    }
  }

  stop(): void {
    this.#stopped = true;
  }

  async #resumeOne(remake: Remake): Promise<void> {
    const { store, jobs } = this.#options;
    const now = await orNothing(jobs.read(remake.namespace, remake.name));
    // It was not deleted yet: it is judged again like every workload, from what is stored now.
    if (now !== undefined && !isDeleted(now)) await store.remove(keyOf(remake));
    else await this.#finish(remake);
  }

  /** Whether the old Job was deleted: an answer that was lost says nothing. */
  async #isGone(remake: Remake): Promise<boolean> {
    const { jobs, clock } = this.#options;
    const row = new FailureRow();
    while (!this.#stopped)
      try {
        const now = await orNothing(jobs.read(remake.namespace, remake.name));
        return now === undefined || now.metadata.uid !== remake.uid || isDeleted(now);
      } catch (error) {
        await pause(clock, row.next(asRestampError(error, 'RESTAMP_KUBE_PROTOCOL', remake.name)));
      }
    return true;
  }

  /** The old Job is gone or going: makes the new one, however often that must be tried. */
  async #finish(remake: Remake): Promise<WorkloadObject> {
    const { store, jobs, clock, onTrouble } = this.#options;
    const row = new FailureRow();
    while (!this.#stopped) {
      try {
        const made = await this.#create(remake);
        if (made !== undefined) {
          await store.remove(keyOf(remake));
          return made;
        }
        // Its name is taken until the last finalizer of the old one is gone.
        await pause(clock, GOING_MS);
      } catch (error) {
        const trouble = asRestampError(
          error,
          'RESTAMP_KUBE_PROTOCOL',
          `Job ${remake.namespace}/${remake.name}`,
        );
        onTrouble(trouble);
        await pause(clock, row.next(trouble));
      }
    }
    return jobs.read(remake.namespace, remake.name);
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

function isDeleted({ metadata }: WorkloadObject): boolean {
  return (metadata as { deletionTimestamp?: string }).deletionTimestamp !== undefined;
}
