import type { Connection } from '../../controlplane/connection.ts';
import type { KubeObject } from '../../controlplane/http.ts';
import { ApiError } from '../../controlplane/http.ts';

type Definition = KubeObject & {
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
};

export const ROLLOUT = {
  group: 'argoproj.io',
  version: 'v1alpha1',
  kind: 'Rollout',
  plural: 'rollouts',
};
const BASE = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
const anything = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };

/** Defines a kind whose objects may hold anything, like that of an operator, and waits until it is served. */
export async function defineKind(
  cp: Connection,
  { group, version, kind, plural }: { group: string; version: string; kind: string; plural: string },
): Promise<void> {
  const name = `${plural}.${group}`;
  await cp
    .api('POST', BASE, {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name },
      spec: {
        group,
        scope: 'Namespaced',
        names: { kind, plural },
        versions: [
          {
            name: version,
            served: true,
            storage: true,
            schema: { openAPIV3Schema: { ...anything, properties: { spec: anything, status: anything } } },
          },
        ],
      },
    })
    .catch((error: unknown) => {
      // Another test file may have defined it.
      if (!(error instanceof ApiError && error.status === 409)) throw error;
    });
  await untilServed(cp, name);
}

/** Waits until the API server serves a definition, by its name: `rollouts.argoproj.io`. */
export async function untilServed(cp: Connection, name: string): Promise<void> {
  await cp.untilObject<Definition>(`${BASE}/${name}`, ({ status }) =>
    (status?.conditions ?? []).some((one) => one.type === 'Established' && one.status === 'True'),
  );
}

/** Gives the identity `restamp` the rights on a resource that an installation with such a kind has. */
export async function grantKind(cp: Connection, group: string, plural: string): Promise<void> {
  const name = `restamp-${plural}`;
  const rbac = '/apis/rbac.authorization.k8s.io/v1';
  const create = (path: string, body: object): Promise<unknown> =>
    cp.api('POST', `${rbac}/${path}`, body).catch((error: unknown) => {
      if (!(error instanceof ApiError && error.status === 409)) throw error;
    });
  await create('clusterroles', {
    metadata: { name },
    rules: [{ apiGroups: [group], resources: [plural], verbs: ['get', 'list', 'watch', 'patch'] }],
  });
  await create('clusterrolebindings', {
    metadata: { name },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name },
    subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'restamp' }],
  });
}
