import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Connection } from '../controlplane/connection.ts';

const FOLDER = '/run/secrets/kubernetes.io/serviceaccount';

/** How a program is started that knows no kubeconfig, only what a pod is given. */
export type InCluster = {
  readonly file: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
};

/**
 * Lets a program find the token and certificate of a service account where a pod has them: in a mount namespace of its own,
 * so that nobody else sees them there. Needs Linux with `unshare` and user namespaces. `dir` is a folder of the caller's.
 */
export const inCluster = async (
  cp: Connection,
  { dir, namespace, program }: { dir: string; namespace: string; program: readonly string[] },
): Promise<InCluster> => {
  const files = { token: cp.adminToken, 'ca.crt': cp.ca, namespace };
  for (const [name, text] of Object.entries(files)) await writeFile(join(dir, name), text, { mode: 0o600 });
  const script = `mount -t tmpfs tmpfs /run && mkdir -p ${FOLDER} && cp "$0"/* ${FOLDER} && exec "$@"`;
  return {
    file: 'unshare',
    args: ['--user', '--map-root-user', '--mount', 'sh', '-c', script, dir, ...program],
    env: { KUBERNETES_SERVICE_HOST: '127.0.0.1', KUBERNETES_SERVICE_PORT: new URL(cp.url).port },
  };
};
