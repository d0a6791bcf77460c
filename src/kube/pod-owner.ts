import { apiKind, kindPath, type Kinds } from '../core/api/kind.ts';
import { workloadKey } from '../core/objects/workload.ts';
import { METADATA, type KubeClient } from './client.ts';
import { JOBS } from './jobs.ts';
import { orNothing } from './objects.ts';

type Owner = { readonly apiVersion: string; readonly kind: string; readonly name: string };
type Metadata = {
  readonly creationTimestamp?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly ownerReferences?: readonly (Owner & { readonly controller?: boolean })[];
};

export type PodOwner = {
  /** The workload that the pod belongs to; undefined if it belongs to none of the table. */
  readonly workload: string | undefined;
  /** Milliseconds since 1970, to the second. */
  readonly created: number;
};

/** A ReplicaSet is named by its owner and by the hash in one of these labels, so that it need not be read. */
const REPLICA_SET_OWNERS = [
  { label: 'rollouts-pod-template-hash', apiVersion: 'argoproj.io/v1alpha1', kind: 'Rollout' },
  { label: 'pod-template-hash', apiVersion: 'apps/v1', kind: 'Deployment' },
];

/** Which workload a pod belongs to, from the metadata of the pod and of its Job; undefined if there is no such pod. */
export async function readPodOwner(
  client: KubeClient,
  kinds: Kinds,
  pod: { readonly namespace: string; readonly name: string },
): Promise<PodOwner | undefined> {
  const { namespace, name } = pod;
  const metadata = await readMetadata(client, `/api/v1/namespaces/${namespace}/pods/${name}`);
  if (metadata === undefined) return undefined;
  const created = Date.parse(metadata.creationTimestamp ?? '');
  let owner: Owner | undefined = controllerOf(metadata);
  if (owner?.kind === 'ReplicaSet') owner = ownerOfReplicaSet(owner, metadata);
  else if (owner?.kind === 'ReplicationController') owner = ownerOfReplicationController(owner, metadata);
  else if (owner?.kind === 'Job' && kinds.rows.some(({ group }) => group === 'batch')) {
    const job = await readMetadata(client, kindPath(JOBS, namespace, owner.name));
    owner = (job && controllerOf(job)) ?? owner;
  }
  if (owner === undefined) return { workload: undefined, created };
  const { apiVersion, kind } = owner;
  const row = kinds.rows.find((one) => apiKind(one) === kind && apiVersion.startsWith(`${one.group}/`));
  return { workload: row && workloadKey({ kind: row.kind, namespace, name: owner.name }), created };
}

function controllerOf({ ownerReferences }: Metadata): Owner | undefined {
  return ownerReferences?.find(({ controller }) => controller === true);
}

function ownerOfReplicaSet({ name }: Owner, { labels = {} }: Metadata): Owner | undefined {
  for (const { label, apiVersion, kind } of REPLICA_SET_OWNERS) {
    const end = `-${labels[label] ?? ''}`;
    if (end !== '-' && name.endsWith(end)) return { apiVersion, kind, name: name.slice(0, -end.length) };
  }
  return undefined;
}

/** OpenShift numbers the ReplicationControllers of a DeploymentConfig, and names it in a label of their pods. */
function ownerOfReplicationController({ name }: Owner, { labels = {} }: Metadata): Owner | undefined {
  const config = labels['deploymentconfig'] ?? '';
  if (config === '' || !name.startsWith(`${config}-`)) return undefined;
  return { apiVersion: 'apps.openshift.io/v1', kind: 'DeploymentConfig', name: config };
}

async function readMetadata(client: KubeClient, path: string): Promise<Metadata | undefined> {
  const object = await orNothing(client.send({ method: 'GET', path, accept: METADATA }));
  return (object as { metadata: Metadata } | undefined)?.metadata;
}
