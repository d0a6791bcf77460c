import type { KubeClient } from './client.ts';
import { readOrNothing } from './objects.ts';

export type ConfigMapObject = {
  readonly apiVersion: 'v1';
  readonly kind: 'ConfigMap';
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly labels?: Readonly<Record<string, string>>;
  };
  readonly data: Readonly<Record<string, string>>;
};

/** Puts a ConfigMap in place of what is stored under its name, or creates it. Fails with RESTAMP_KUBE_*. */
export async function putConfigMap(
  client: KubeClient,
  body: ConfigMapObject,
  onReplace: () => void,
): Promise<void> {
  const { namespace, name } = body.metadata;
  const all = `/api/v1/namespaces/${namespace}/configmaps`;
  if ((await readOrNothing(client, `${all}/${name}`)) === undefined) {
    await client.send({ method: 'POST', path: all, body });
    return;
  }
  onReplace();
  await client.send({ method: 'PUT', path: `${all}/${name}`, body });
}
