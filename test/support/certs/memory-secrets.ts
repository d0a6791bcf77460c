import type { SecretObject } from '../../../certs/key-secret.ts';
import type { SecretPort } from '../../../certs/ensure-key-secret.ts';
import { RestampError } from '../../../src/errors.ts';

export type MemorySecrets = SecretPort & {
  /** What is stored, as it is stored. */
  readonly stored: Map<string, SecretObject>;
  /** The calls made, in order. */
  readonly calls: string[];
};

/** Secrets as an API server keeps them: unique names, and a resourceVersion that a replace has to match. */
export function memorySecrets(...secrets: readonly SecretObject[]): MemorySecrets {
  const stored = new Map<string, SecretObject>();
  const calls: string[] = [];
  let version = 0;
  const keyOf = (secret: SecretObject): string => `${secret.metadata.namespace}/${secret.metadata.name}`;
  const put = (secret: SecretObject): SecretObject => {
    version += 1;
    const next = { ...secret, metadata: { ...secret.metadata, resourceVersion: String(version) } };
    stored.set(keyOf(secret), next);
    return next;
  };
  const conflict = (secret: SecretObject) =>
    new RestampError('RESTAMP_KUBE_CONFLICT', `Secret ${keyOf(secret)}`);

  secrets.forEach(put);
  return {
    stored,
    calls,
    read: async (namespace, name) => {
      calls.push('read');
      return stored.get(`${namespace}/${name}`);
    },
    create: async (secret) => {
      calls.push('create');
      if (stored.has(keyOf(secret))) throw conflict(secret);
      return put(secret);
    },
    replace: async (secret) => {
      calls.push('replace');
      const found = stored.get(keyOf(secret));
      if (found?.metadata.resourceVersion !== secret.metadata.resourceVersion) throw conflict(secret);
      return put(secret);
    },
  };
}
