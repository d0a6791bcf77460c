import type { Connection } from '../../controlplane/connection.ts';
import type { KubeObject } from '../../controlplane/http.ts';
import { pathOf } from '../../e2e/support/objects.ts';
import { actorPath } from '../population/kinds.ts';

type Revision = KubeObject & {
  readonly revision: number;
  readonly metadata: {
    readonly ownerReferences?: readonly { readonly kind: string; readonly name: string }[];
  };
};

/**
 * How many pod templates the controller of each workload has worked on, by `Kind/name`: an old one that comes back
 * counts again. It may have skipped some, but it has made none up. For a CronJob: how many Jobs it has.
 */
export async function revisionsOf({ api }: Connection, ns: string): Promise<ReadonlyMap<string, number>> {
  const revisions = new Map<string, number>();
  const deployments = await api<{ items: KubeObject[] }>('GET', pathOf(ns, 'Deployment'));
  for (const { metadata } of deployments.items)
    revisions.set(
      `Deployment/${metadata.name}`,
      Number(metadata.annotations?.['deployment.kubernetes.io/revision'] ?? 0),
    );
  const others = await api<{ items: Revision[] }>(
    'GET',
    `/apis/apps/v1/namespaces/${ns}/controllerrevisions`,
  );
  for (const { revision, metadata } of others.items) {
    const owner = metadata.ownerReferences?.[0];
    const id = `${owner?.kind ?? ''}/${owner?.name ?? ''}`;
    revisions.set(id, Math.max(revision, revisions.get(id) ?? 0));
  }
  const jobs = await api<{ items: Omit<Revision, 'revision'>[] }>('GET', actorPath(ns, 'Job'));
  for (const { metadata } of jobs.items)
    for (const { kind, name } of metadata.ownerReferences ?? [])
      revisions.set(`${kind}/${name}`, (revisions.get(`${kind}/${name}`) ?? 0) + 1);
  return revisions;
}
