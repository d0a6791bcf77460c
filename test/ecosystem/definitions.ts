import type { Connection } from '../controlplane/connection.ts';
import type { KubeObject } from '../controlplane/http.ts';

type Definition = KubeObject & {
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
};

const BASE = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';

/** Applies a neighbour's own CustomResourceDefinitions, and waits until the API server serves them. */
export const applyDefinitions = async (cp: Connection, files: readonly string[]): Promise<void> => {
  const apply = ['apply', '--server-side', '--force-conflicts', '-o', 'name', '-f'];
  for (const file of files) {
    const { stdout } = await cp.kubectl([...apply, file]);
    const name = stdout.trim().split('/').at(-1) ?? '';
    await cp.untilObject<Definition>(`${BASE}/${name}`, ({ status }) =>
      (status?.conditions ?? []).some((one) => one.type === 'Established' && one.status === 'True'),
    );
  }
};
