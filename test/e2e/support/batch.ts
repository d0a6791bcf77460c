import type { KubeObject } from '../../controlplane/http.ts';
import type { Annotations, SourceName } from './objects.ts';
import { split } from './objects.ts';
import type { Stage } from './environment.ts';

type Variable = { readonly name: string; readonly value?: string };
type PodTemplate = {
  readonly metadata?: { readonly annotations?: Annotations };
  readonly spec: { readonly containers: readonly { readonly env?: readonly Variable[] }[] };
};

/** A Job, as far as tests look at it. */
export type Job = KubeObject & {
  readonly metadata: {
    readonly ownerReferences?: readonly { readonly kind: string; readonly name: string }[];
  };
  readonly spec: { readonly template: PodTemplate };
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
};
export type CronJob = KubeObject & {
  readonly spec: { readonly jobTemplate: { readonly spec: { readonly template: PodTemplate } } };
};

export type BatchOptions = {
  readonly annotations?: Annotations;
  readonly uses: readonly SourceName[];
  readonly suspend?: boolean;
  /** Of somebody else: it stays when it is deleted. */
  readonly finalizers?: readonly string[];
  readonly concurrencyPolicy?: 'Forbid' | 'Replace';
};

const jobSpec = (uses: readonly SourceName[]): object => ({
  template: {
    metadata: { labels: { app: 'batch' } },
    spec: {
      restartPolicy: 'Never',
      containers: [
        {
          name: 'main',
          image: 'registry.example/main:1',
          envFrom: uses.map(split).map(({ kind, name }) => ({
            [kind === 'Secret' ? 'secretRef' : 'configMapRef']: { name, optional: true },
          })),
        },
      ],
    },
  },
});

/** Paths and objects of CronJobs and Jobs in the namespace of a stage. */
export function batchOf(stage: Stage) {
  const path = (resource: 'cronjobs' | 'jobs', name?: string): string =>
    `/apis/batch/v1/namespaces/${stage.ns}/${resource}${name === undefined ? '' : `/${name}`}`;
  const { api, untilObject } = stage.cp;
  return {
    path,
    createCronJob: (
      name: string,
      { annotations = {}, uses, suspend = false, concurrencyPolicy }: BatchOptions,
    ) =>
      api('POST', path('cronjobs'), {
        metadata: { name, annotations },
        // Once a year: no test sees it run by itself.
        spec: { schedule: '0 0 1 1 *', suspend, concurrencyPolicy, jobTemplate: { spec: jobSpec(uses) } },
      }),
    /** A Job of a CronJob that goes on until it is deleted. */
    createRun: ({ metadata }: CronJob, name: string) =>
      api<Job>('POST', path('jobs'), {
        metadata: {
          name,
          ownerReferences: [
            {
              apiVersion: 'batch/v1',
              kind: 'CronJob',
              name: metadata.name,
              uid: metadata.uid,
              controller: true,
            },
          ],
        },
        spec: { ...jobSpec([]), suspend: true },
      }),
    createJob: (name: string, { annotations = {}, uses, suspend = false, finalizers = [] }: BatchOptions) =>
      api<Job>('POST', path('jobs'), {
        metadata: { name, annotations, finalizers },
        spec: { ...jobSpec(uses), suspend, backoffLimit: 0 },
      }),
    cronJob: (name: string) => api<CronJob>('GET', path('cronjobs', name)),
    job: (name: string) => api<Job>('GET', path('jobs', name)),
    untilJob: (name: string, fits: (job: Job) => boolean) => untilObject<Job>(path('jobs', name), fits),
    untilCronJob: (name: string, fits: (cronJob: CronJob) => boolean) =>
      untilObject<CronJob>(path('cronjobs', name), fits),
    /** The Jobs that a CronJob controls. */
    jobsOf: async (name: string): Promise<Job[]> => {
      const { items } = await api<KubeObject & { items: Job[] }>('GET', path('jobs'));
      return items.filter(({ metadata }) =>
        (metadata.ownerReferences ?? []).some((owner) => owner.kind === 'CronJob' && owner.name === name),
      );
    },
  };
}

/** The value of an env var of the first container. */
export function envOf({ spec }: PodTemplate, name: string): string | undefined {
  return spec.containers[0]?.env?.find((variable) => variable.name === name)?.value;
}
