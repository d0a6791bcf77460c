import type { Connection } from '../../controlplane/connection.ts';
import type { KubeObject } from '../../controlplane/http.ts';
import { manifestOf, workloadPath, type TableKind } from './kinds.ts';

type Given = Parameters<typeof manifestOf>[2];
type Template = { readonly metadata: { readonly labels: object }; readonly spec: object };
type Manifest = { readonly spec: { readonly template: Template } };
type Running = KubeObject & {
  readonly status?: {
    readonly observedGeneration?: number;
    readonly replicas?: number;
    readonly updatedReplicas?: number;
    readonly availableReplicas?: number;
    readonly numberAvailable?: number;
    readonly active?: number;
  };
};

const patienceMs = 120_000;

/** Creates a workload of the tables with one pod, where they have none, and waits for the pod; returns its name. */
export async function createWithPod(
  cp: Connection,
  { ns, kind, name }: { readonly ns: string; readonly kind: TableKind; readonly name: string },
  given: Given,
): Promise<string> {
  const manifest = manifestOf(kind, name, given) as Manifest;
  const made = await cp.api('POST', workloadPath(ns, kind), peopled(kind, manifest));
  const carrier = await carry(cp, { ns, kind, name, uid: made.metadata.uid }, manifest.spec.template);
  await cp.untilObject<Running>(
    carrier,
    ({ status = {} }) =>
      [status.availableReplicas, status.numberAvailable, status.active].some((count) => count === 1),
    patienceMs,
  );
  const { items } = await cp.api<KubeObject & { items: KubeObject[] }>(
    'GET',
    `/api/v1/namespaces/${ns}/pods?labelSelector=app%3D${name}`,
  );
  const [pod] = items;
  if (items.length !== 1 || pod === undefined) throw new Error(`${kind} ${name} has ${items.length} pods`);
  return pod.metadata.name;
}

function peopled(kind: TableKind, manifest: Manifest): object {
  const { spec } = manifest;
  if (kind === 'Deployment' || kind === 'StatefulSet') return { ...manifest, spec: { ...spec, replicas: 1 } };
  const within = (nodeSelector: object): object => ({
    ...spec.template,
    spec: { ...spec.template.spec, nodeSelector },
  });
  if (kind === 'DaemonSet') return { ...manifest, spec: { ...spec, template: within({}) } };
  // A pod of a Job ends at once on a node of the tests: this one waits for a node.
  if (kind === 'Job')
    return { ...manifest, spec: { ...spec, suspend: false, template: within({ none: 'such' }) } };
  return manifest;
}

/**
 * The path of what says that the pod is there. No controller of the tests knows Rollouts and DeploymentConfigs: what
 * theirs make, with the labels that they give, is made here.
 */
async function carry(
  cp: Connection,
  {
    ns,
    kind,
    name,
    uid,
  }: { readonly ns: string; readonly kind: TableKind; readonly name: string; readonly uid: string },
  template: Template,
): Promise<string> {
  if (kind !== 'Rollout' && kind !== 'DeploymentConfig') return workloadPath(ns, kind, name);
  const isRollout = kind === 'Rollout';
  const labels = {
    ...template.metadata.labels,
    ...(isRollout
      ? { 'rollouts-pod-template-hash': '5d4f' }
      : { deployment: `${name}-1`, deploymentconfig: name }),
  };
  const made = `${name}-${isRollout ? '5d4f' : '1'}`;
  const base = isRollout
    ? `/apis/apps/v1/namespaces/${ns}/replicasets`
    : `/api/v1/namespaces/${ns}/replicationcontrollers`;
  const apiVersion = isRollout ? 'argoproj.io/v1alpha1' : 'apps.openshift.io/v1';
  await cp.api('POST', base, {
    apiVersion: isRollout ? 'apps/v1' : 'v1',
    kind: isRollout ? 'ReplicaSet' : 'ReplicationController',
    metadata: { name: made, labels, ownerReferences: [{ apiVersion, kind, name, uid, controller: true }] },
    spec: {
      replicas: 1,
      selector: isRollout ? { matchLabels: labels } : labels,
      template: { ...template, metadata: { labels } },
    },
  });
  return `${base}/${made}`;
}
