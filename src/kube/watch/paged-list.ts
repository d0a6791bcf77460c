import type { KubeClient } from '../client.ts';

export type ListRequest = {
  readonly path: string;
  readonly query?: Readonly<Record<string, string>> | undefined;
  readonly accept?: string | undefined;
  readonly signal: AbortSignal;
};

/** A part of a list; `version`: where a watch goes on from, after the last one. */
export type Page<T> = { readonly items: readonly T[]; readonly version: string };

const LIMIT = '500';

/** Reads a whole list in parts, one after the other. Fails with RESTAMP_KUBE_*; with RESTAMP_KUBE_GONE, begin anew. */
export async function* readPages<T>(
  client: KubeClient,
  { path, query, accept, signal }: ListRequest,
): AsyncGenerator<Page<T>> {
  let next: string | undefined;
  do {
    const list = (await client.send({
      method: 'GET',
      path,
      query: { ...query, limit: LIMIT, ...(next === undefined ? {} : { continue: next }) },
      ...(accept === undefined ? {} : { accept }),
      signal,
    })) as { metadata: { resourceVersion: string; continue?: string }; items: T[] | null };
    next = list.metadata.continue === '' ? undefined : list.metadata.continue;
    // Go writes an empty list that was never made as null.
    yield { items: list.items ?? [], version: list.metadata.resourceVersion };
  } while (next !== undefined);
}
