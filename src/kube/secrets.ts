import type { KubeClient } from './client.ts';
import { readOrNothing } from './objects.ts';
import { Reflector, type ReflectorOptions } from './watch/reflector.ts';
import type { Identified } from './watch/known-objects.ts';

type Named = { readonly metadata: { readonly namespace: string; readonly name: string } };

/** Reads and writes whole Secrets: only for the one that is ours. Errors are RESTAMP_KUBE_*. */
export type SecretStore<S extends Named> = {
  read(namespace: string, name: string): Promise<S | undefined>;
  create(secret: S): Promise<S>;
  replace(secret: S): Promise<S>;
};

/** Follows one Secret, whole: only for the one that is ours. */
export function followSecret<S extends Identified>(
  { namespace, name }: Named['metadata'],
  options: Pick<ReflectorOptions<S>, 'client' | 'clock' | 'contact' | 'follower' | 'onTrouble' | 'faults'>,
): Reflector<S> {
  const path = `/api/v1/namespaces/${namespace}/secrets`;
  // By name: the right to watch this one alone is enough then.
  return new Reflector({ ...options, path, query: { fieldSelector: `metadata.name=${name}` } });
}

export function createSecretStore<S extends Named>(client: KubeClient): SecretStore<S> {
  const path = (namespace: string, name = ''): string =>
    `/api/v1/namespaces/${namespace}/secrets${name === '' ? '' : `/${name}`}`;
  return {
    read: async (namespace, name) => (await readOrNothing(client, path(namespace, name))) as S | undefined,
    create: async (secret) =>
      (await client.send({ method: 'POST', path: path(secret.metadata.namespace), body: secret })) as S,
    replace: async (secret) =>
      (await client.send({
        method: 'PUT',
        path: path(secret.metadata.namespace, secret.metadata.name),
        body: secret,
      })) as S,
  };
}
