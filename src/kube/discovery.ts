import type { KindName } from '../core/api/kind.ts';
import { apiVersion } from '../core/api/kind.ts';
import type { KubeClient } from './client.ts';
import { readOrNothing } from './objects.ts';

type ResourceList = {
  readonly resources?: readonly {
    readonly name: string;
    readonly kind: string;
    readonly namespaced: boolean;
  }[];
};

/** Under which name the API server serves a kind; undefined if it does not, or not in namespaces. */
export async function findResource(client: KubeClient, name: KindName): Promise<string | undefined> {
  const base = name.group === '' ? '/api' : '/apis';
  const list = (await readOrNothing(client, `${base}/${apiVersion(name)}`)) as ResourceList | undefined;
  // A subresource has a slash in its name.
  return list?.resources?.find((one) => one.kind === name.kind && one.namespaced && !one.name.includes('/'))
    ?.name;
}
