import { ROLLOUT } from '../../e2e/support/crds.ts';
import { csiVolume } from '../../e2e/support/csi-driver.ts';
import { workload, type Annotations, type ClassName, type SourceName } from '../../e2e/support/objects.ts';
import type { ActorKind, ActorManifest } from './kinds.ts';

export type ManifestOptions = {
  readonly annotations: Annotations;
  readonly uses: readonly SourceName[];
  /** What its pods mount. */
  readonly mounts?: ClassName;
  /** With pods or without; with two where they mount something, so that they can disagree. */
  readonly pods: boolean;
  /** Of a Job. */
  readonly finalizers?: readonly string[];
};

/** Of a CronJob every Job stays: its controller would delete all but the last few. */
const ALL = 1_000_000;

/** A workload of any kind with the least that it needs. */
export function manifestOf(kind: ActorKind, name: string, options: ManifestOptions): ActorManifest {
  const { annotations, uses, pods, mounts, finalizers = [] } = options;
  const builtIn = kind === 'CronJob' || kind === 'Job' || kind === 'Rollout' ? 'Deployment' : kind;
  const apps = workload(builtIn, name, {
    annotations,
    uses,
    replicas: pods ? (mounts === undefined ? 1 : 2) : 0,
  }) as unknown as ActorManifest & {
    spec: { template: { metadata: object; spec: { containers: readonly object[] } } };
  };
  const { template } = apps.spec;
  if (mounts !== undefined) {
    const volumes = [csiVolume(mounts.slice(mounts.indexOf('/') + 1))];
    const volumeMounts = volumes.map(({ name: of }) => ({ name: of, mountPath: '/secrets' }));
    const containers = template.spec.containers.map((container) => ({ ...container, volumeMounts }));
    const spec = { ...template.spec, containers, volumes };
    return { ...apps, spec: { ...apps.spec, template: { ...template, spec } } };
  }
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
    const metadata = { ...apps.metadata, ...(finalizers.length === 0 ? {} : { finalizers }) };
    return { ...apps, apiVersion: 'batch/v1', kind, metadata, spec: kind === 'Job' ? job : cronJob };
  }
  // Nobody makes pods of it: there is no controller.
  if (kind === 'Rollout') return { ...apps, apiVersion: `${ROLLOUT.group}/${ROLLOUT.version}`, kind };
  if (pods || kind !== 'DaemonSet') return apps;
  const nowhere = { ...template.spec, nodeSelector: { 'kubernetes.io/hostname': 'nowhere' } };
  return { ...apps, spec: { ...apps.spec, template: { ...template, spec: nowhere } } };
}
