import { setTimeout as delay } from 'node:timers/promises';
import type { Connection } from '../controlplane/connection.ts';
import { ApiError, type KubeObject } from '../controlplane/http.ts';

/** The content type of a patch of any kind. */
export const MERGE = 'application/merge-patch+json';
const RETRY_MS = 100;
const ATTEMPTS = 600;

export type Ask = {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly body?: object;
  readonly contentType?: string;
  /** A status that ends it like an answer. */
  readonly done?: number;
};

/** How it ended. */
export type Answer<T> = { readonly object: T; readonly attempts: number };

/**
 * Asks until it is done, whatever the API server goes through. An answer may be lost, so that every request may be
 * carried out more often than once. The object is undefined if it ended by the status that was named.
 */
export async function insist(
  { api }: Pick<Connection, 'api'>,
  { method, path, body, contentType, done }: Ask,
): Promise<Answer<KubeObject | undefined>> {
  // A Job is away for a moment while it is made anew.
  const away = method === 'PATCH' || method === 'PUT' ? 404 : 409;
  for (let attempts = 1; ; attempts += 1)
    try {
      return { object: await api(method, path, body, contentType), attempts };
    } catch (error) {
      const status = error instanceof ApiError ? error.status : 503;
      if (status === done) return { object: undefined, attempts };
      // 403: an API server that has just started has not read the rights yet.
      const passes = status >= 500 || [away, 403, 409, 429].includes(status);
      if (!passes || attempts >= ATTEMPTS) throw error;
      await delay(RETRY_MS);
    }
}

/** The same, for what can end in no other way. */
export async function insistOn(
  cp: Pick<Connection, 'api'>,
  ask: Omit<Ask, 'done'>,
): Promise<Answer<KubeObject>> {
  const { object, attempts } = await insist(cp, ask);
  if (object === undefined) throw new TypeError(`${ask.method} ${ask.path} ended by nothing`);
  return { object, attempts };
}

/** The version that an answer tells, comparable with every other one of this control plane. */
export function versionOf({ metadata }: KubeObject): bigint {
  return BigInt(metadata.resourceVersion);
}
