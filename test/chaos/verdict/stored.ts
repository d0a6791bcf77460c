import type { Connection } from '../../controlplane/connection.ts';
import type { KubeObject } from '../../controlplane/http.ts';
import { pathOf, sha1Of, SOURCE_KINDS, type Data, type SourceName } from '../../e2e/support/objects.ts';

type Source = KubeObject & { readonly data?: Data };

/** Reloader's digest of every source that the API server has now, computed here and by nothing of the product. */
export async function storedDigests(
  { api }: Connection,
  ns: string,
): Promise<ReadonlyMap<SourceName, string>> {
  const digests = new Map<SourceName, string>();
  for (const { kind } of SOURCE_KINDS) {
    const { items } = await api<{ items: Source[] }>('GET', pathOf(ns, kind));
    for (const { metadata, data = {} } of items)
      digests.set(`${kind}/${metadata.name}`, sha1Of(kind === 'Secret' ? decoded(data) : data));
  }
  return digests;
}

function decoded(data: Data): Data {
  return Object.fromEntries(
    Object.entries(data).map(([key, value]) => [key, Buffer.from(value, 'base64').toString()]),
  );
}
