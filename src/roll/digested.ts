import type { ReloaderKeys } from '../core/annotations.ts';
import { keyedDigest, reloaderHash } from '../core/digest.ts';
import { sourceKey, type SourceRef } from '../core/source.ts';
import { sourceData } from '../core/source-data.ts';
import { reduceSource, type SourceObject } from '../core/source-meta.ts';

/** Our HMAC keys, by id; the first one makes new digests. */
export type KeyRing = { readonly current: string; readonly keys: ReadonlyMap<string, Buffer> };

/** What is kept of a source that was read: digests under all keys, of all its keys and of selections, and no data. */
export function digestSource(
  { ring, keys }: { readonly ring: KeyRing; readonly keys: ReloaderKeys },
  ref: SourceRef,
  object: SourceObject,
  selections: Iterable<readonly string[]> = [],
) {
  const data = sourceData(ref.type, object);
  const meta = reduceSource(ref.type, object, keys);
  const digests = new Map<string, string>();
  for (const selection of [undefined, ...selections])
    for (const [id, key] of ring.keys)
      digests.set(digestId(id, selection), keyedDigest({ key, source: sourceKey(ref) }, data, selection));
  const { uid, resourceVersion, created, dataTime } = meta;
  return {
    state: 'present' as const,
    meta,
    uid,
    resourceVersion,
    created,
    dataTime,
    sha1: reloaderHash(data),
    // A selection that was not asked for before the read has no digest: it compares as different from any.
    digest: (id: string, selection: readonly string[] | undefined) =>
      digests.get(digestId(id, selection)) ?? '',
  };
}

function digestId(keyId: string, selection: readonly string[] | undefined): string {
  return selection === undefined ? keyId : `${keyId} ${String(selection)}`;
}
