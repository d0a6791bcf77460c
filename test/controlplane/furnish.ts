import { fileURLToPath } from 'node:url';
import type { Connection } from './connection.ts';
import { ApiError, type KubeObject } from './http.ts';
import { untilObject } from './until.ts';

/** The shipped roles: that of every server, and what one outside of a cluster needs beside it. */
const roles = ['base', 'outside'].map((folder) =>
  fileURLToPath(new URL(`../../manifests/${folder}/role.yaml`, import.meta.url)),
);

const nodeName = 'kwok';

const create = async ({ api }: Connection, path: string, object: object): Promise<void> => {
  await api('POST', path, object).catch((error: unknown) => {
    // A folder used again has them already.
    if (!(error instanceof ApiError && error.status === 409)) throw error;
  });
};

const size = { cpu: '1000', memory: '1000Gi', pods: '9000' };

/** Registers a Node with room for everything; kwok plays its kubelet. */
export const createNode = (connection: Connection): Promise<void> =>
  create(connection, '/api/v1/nodes', {
    metadata: {
      name: nodeName,
      annotations: { 'kwok.x-k8s.io/node': 'fake' },
      labels: { 'kubernetes.io/hostname': nodeName, 'kubernetes.io/os': 'linux', type: 'kwok' },
    },
    status: { allocatable: size, capacity: size },
  });

type Node = KubeObject & {
  readonly spec?: { readonly taints?: readonly unknown[] };
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
};

/** Resolves when the Node is Ready, and with `untainted` when it takes Pods. */
export const untilNodeReady = async (
  client: Connection,
  options: { readonly timeoutMs: number; readonly untainted: boolean; readonly signal: AbortSignal },
): Promise<void> => {
  const { timeoutMs, untainted, signal } = options;
  const isReady = (node: Node): boolean =>
    (!untainted || (node.spec?.taints ?? []).length === 0) &&
    (node.status?.conditions ?? []).some(({ type, status }) => type === 'Ready' && status === 'True');
  await untilObject<Node>(client, `/api/v1/nodes/${nodeName}`, isReady, timeoutMs, signal);
};

const rbac = '/apis/rbac.authorization.k8s.io/v1';
const bindingTo = (kind: 'ClusterRole' | 'Role', name: string): object => ({
  metadata: { name },
  roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind, name },
  subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'restamp' }],
});

/** Creates the namespace `restamp` and gives the user `restamp` exactly the shipped roles. */
export const createIdentity = async (connection: Connection): Promise<void> => {
  await create(connection, '/api/v1/namespaces', { metadata: { name: 'restamp' } });
  await connection.kubectl(['apply', '--server-side', ...roles.flatMap((file) => ['-f', file])]);
  for (const name of ['restamp', 'restamp-outside']) {
    await create(connection, `${rbac}/clusterrolebindings`, bindingTo('ClusterRole', name));
    await create(connection, `${rbac}/namespaces/restamp/rolebindings`, bindingTo('Role', name));
  }
};
