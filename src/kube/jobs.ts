import type { JobManifest } from '../core/objects/job.ts';
import { kindPath } from '../core/api/kind.ts';
import type { WorkloadObject } from '../core/objects/workload.ts';
import type { KubeClient } from './client.ts';
import { FIELD_MANAGER } from './objects.ts';
import { readPages } from './watch/paged-list.ts';

type JobId = { readonly namespace: string; readonly name: string };
type JobState = JobId & { readonly uid: string; readonly resourceVersion: string };

type Job = {
  readonly metadata: {
    readonly name: string;
    readonly uid: string;
    readonly resourceVersion: string;
    readonly ownerReferences?: readonly { readonly uid: string; readonly controller?: boolean }[];
  };
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
};

/** Jobs also where their kind is ignored: a CronJob runs one all the same. */
export const JOBS = { group: 'batch', version: 'v1', resource: 'jobs' };

/** Reads, creates and deletes Jobs. Errors are RESTAMP_KUBE_*. */
export function createJobs(client: KubeClient) {
  const path = (namespace: string, name?: string): string => kindPath(JOBS, namespace, name);
  return {
    read: async (namespace: string, name: string) =>
      (await client.send({ method: 'GET', path: path(namespace, name) })) as WorkloadObject,
    /** RESTAMP_KUBE_CONFLICT if the name is taken. `dryRun`: nothing is stored. */
    create: async (manifest: JobManifest, dryRun: boolean) =>
      (await client.send({
        method: 'POST',
        path: path(manifest.metadata.namespace),
        query: { fieldManager: FIELD_MANAGER, ...(dryRun ? { dryRun: 'All' } : {}) },
        body: manifest,
      })) as WorkloadObject,
    /** The Jobs of a CronJob that have not finished. */
    running: async ({ namespace, uid }: { readonly namespace: string; readonly uid: string }) => {
      const found: JobState[] = [];
      const { signal } = new AbortController();
      for await (const { items } of readPages<Job>(client, { path: path(namespace), signal }))
        for (const { metadata, status } of items) {
          const isOurs = metadata.ownerReferences?.some(
            (owner) => owner.controller === true && owner.uid === uid,
          );
          if (isOurs === true && !isFinished(status)) {
            const { name, resourceVersion } = metadata;
            found.push({ namespace, name, uid: metadata.uid, resourceVersion });
          }
        }
      return found;
    },
    /** Deletes this very state of a Job, its pods in the background. */
    remove: async ({ namespace, name, uid, resourceVersion }: JobState) => {
      await client.send({
        method: 'DELETE',
        path: path(namespace, name),
        body: {
          apiVersion: 'v1',
          kind: 'DeleteOptions',
          propagationPolicy: 'Background',
          preconditions: { uid, resourceVersion },
        },
      });
    },
  };
}

/** As the controller of CronJobs sees it. */
function isFinished(status: Job['status']): boolean {
  return (status?.conditions ?? []).some(
    ({ type, status: is }) => is === 'True' && (type === 'Complete' || type === 'Failed'),
  );
}
