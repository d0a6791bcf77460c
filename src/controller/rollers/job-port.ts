import type { JobManifest } from '../../core/objects/job.ts';
import type { WorkloadObject } from '../../core/objects/workload.ts';
import type { Remake } from './job-intent-store.ts';

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
