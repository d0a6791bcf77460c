import { ROLLOUT } from '../e2e/crds.ts';
import { workload, type Annotations, type SourceName } from '../e2e/objects.ts';
import type { ActorKind, ActorManifest } from './kinds.ts';

export type ManifestOptions = {
  readonly annotations: Annotations;
  readonly uses: readonly SourceName[];
  /** With pods or without. */
  readonly pods: boolean;
};

/** Of a CronJob every Job stays: its controller would delete all but the last few. */
const ALL = 1_000_000;

/** A workload of any kind with the least that it needs. */
export function manifestOf(kind: ActorKind, name: string, options: ManifestOptions): ActorManifest {
  const { annotations, uses, pods } = options;
  const builtIn = kind === 'CronJob' || kind === 'Job' || kind === 'Rollout' ? 'Deployment' : kind;
  const apps = workload(builtIn, name, {
    annotations,
    uses,
    replicas: pods ? 1 : 0,
  }) as unknown as ActorManifest & { spec: { template: { metadata: object; spec: object } } };
  const { template } = apps.spec;
  if (kind === 'CronJob' || kind === 'Job') {
    const job = {
      backoffLimit: 0,
      parallelism: pods ? 1 : 0,
      template: { ...template, spec: { ...template.spec, restartPolicy: 'Never' } },
    };
    const cronJob = {
      // Once a year: none runs by itself.
      schedule: '0 0 1 1 *',
      successfulJobsHistoryLimit: ALL,
      failedJobsHistoryLimit: ALL,
      jobTemplate: { spec: job },
    };
    return { ...apps, apiVersion: 'batch/v1', kind, spec: kind === 'Job' ? job : cronJob };
  }
  // Nobody makes pods of it: there is no controller.
  if (kind === 'Rollout') return { ...apps, apiVersion: `${ROLLOUT.group}/${ROLLOUT.version}`, kind };
  if (pods || kind !== 'DaemonSet') return apps;
  const nowhere = { ...template.spec, nodeSelector: { 'kubernetes.io/hostname': 'nowhere' } };
  return { ...apps, spec: { ...apps.spec, template: { ...template, spec: nowhere } } };
}
