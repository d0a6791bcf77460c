import { setTimeout as delay } from 'node:timers/promises';
import { ApiError, type ApiClient, type KubeObject } from './http.ts';

type List<T> = { readonly metadata: { readonly resourceVersion: string }; readonly items: readonly T[] };

const retryMs = 100;

/** What a person needs to see of an object that did not become what it should. Never its data or its spec. */
const brief = (object: KubeObject | undefined): string => {
  if (object === undefined) return 'it does not exist';
  const { resourceVersion, generation, deletionTimestamp, annotations = {} } = object.metadata;
  const names = Object.entries(annotations).filter(([name]) => !name.startsWith('kubectl.kubernetes.io/'));
  const shown = { resourceVersion, generation, deletionTimestamp, annotations: Object.fromEntries(names) };
  return `its last state was ${JSON.stringify({ ...shown, status: object.status }).slice(0, 1_500)}`;
};

const isPassing = (error: unknown): boolean =>
  !(error instanceof ApiError) || error.status === 410 || error.status === 429 || error.status >= 500;

/** Follows one object: its state now, then every change of it; undefined while it does not exist. Survives lost connections. */
async function* follow<T extends KubeObject>(
  client: ApiClient,
  path: string,
  signal: AbortSignal,
): AsyncGenerator<T | undefined> {
  const cut = path.lastIndexOf('/');
  const selected = `${path.slice(0, cut)}?fieldSelector=${encodeURIComponent(`metadata.name=${path.slice(cut + 1)}`)}`;
  while (!signal.aborted) {
    try {
      const list = await client.api<List<T>>('GET', selected, undefined, undefined, signal);
      yield list.items[0];
      const from = `&watch=true&resourceVersion=${list.metadata.resourceVersion}`;
      for await (const { type, object } of client.watch<T>(`${selected}${from}`, signal)) {
        if (type === 'ERROR') break;
        if (type !== 'BOOKMARK') yield type === 'DELETED' ? undefined : object;
      }
    } catch (error) {
      // A stopped API server is something that tests do on purpose; a path that is wrong stays wrong.
      if (!isPassing(error)) throw error;
    }
    await delay(retryMs, undefined, { signal }).catch(() => undefined);
  }
}

const until = async <T extends KubeObject>(
  client: ApiClient,
  path: string,
  holds: (object: T | undefined) => boolean,
  timeoutMs: number,
  signal?: AbortSignal,
): Promise<T | undefined> => {
  const abort = new AbortController();
  signal?.addEventListener('abort', () => abort.abort());
  const timer = setTimeout(() => abort.abort(), timeoutMs);
  let last: T | undefined;
  try {
    for await (const object of follow<T>(client, path, abort.signal)) {
      if (holds(object)) return object;
      last = object;
    }
  } finally {
    clearTimeout(timer);
    abort.abort();
  }
  throw new Error(`${path} was not as awaited after ${timeoutMs / 1000} s: ${brief(last)}`);
};

/**
 * Resolves with the object at `path` (`/apis/apps/v1/namespaces/a/deployments/b`) as soon as `predicate` holds for it, by
 * a watch. It need not exist yet. Throws after `timeoutMs` with its name and last state.
 */
export const untilObject = async <T extends KubeObject = KubeObject>(
  client: ApiClient,
  path: string,
  predicate: (object: T) => boolean,
  timeoutMs = 30_000,
  signal?: AbortSignal,
): Promise<T> => {
  const holds = (object: T | undefined): boolean => object !== undefined && predicate(object);
  return (await until<T>(client, path, holds, timeoutMs, signal)) as T;
};

/** Resolves as soon as nothing is at `path`. Throws after `timeoutMs`. */
export const untilGone = async (client: ApiClient, path: string, timeoutMs = 30_000): Promise<void> => {
  await until(client, path, (object) => object === undefined, timeoutMs);
};
