import { setTimeout as delay } from 'node:timers/promises';
import type { Connection } from '../controlplane/connection.ts';

type List<T> = { readonly metadata: { readonly resourceVersion: string }; readonly items: readonly T[] };

/** Who hears of objects. */
export type Listener<T> = {
  /** Everything that is there now. */
  readonly all: (items: readonly T[]) => void;
  readonly one: (object: T) => void;
  readonly gone: (object: T) => void;
};

const RETRY_MS = 100;

/** Follows all objects at `path` at the API server itself until `signal`, whatever that goes through. */
export async function follow<T>(
  cp: Connection,
  path: string,
  signal: AbortSignal,
  listener: Listener<T>,
): Promise<void> {
  const isOver = (): boolean => signal.aborted;
  while (!isOver()) {
    try {
      const { items, metadata } = await cp.api<List<T>>('GET', path, undefined, undefined, signal);
      if (isOver()) return;
      listener.all(items);
      const query = `?watch=true&resourceVersion=${metadata.resourceVersion}`;
      for await (const { type, object } of cp.watch<T>(path + query, signal)) {
        if (type === 'ERROR' || isOver()) break;
        if (type === 'DELETED') listener.gone(object);
        else if (type !== 'BOOKMARK') listener.one(object);
      }
    } catch {
      // The API server is one of the things that are broken on purpose.
    }
    await delay(RETRY_MS, undefined, { signal }).catch(() => undefined);
  }
}
