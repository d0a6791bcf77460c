import type { ReloaderKeys } from '../core/api/annotations.ts';
import { keyedDigest, keyedLever, reloaderHash } from '../core/objects/digest.ts';
import { sourceKey, type SourceRef } from '../core/api/source.ts';
import { sourceData } from '../core/objects/source-data.ts';
import { reduceSource, type SourceObject } from '../core/objects/source-metadata.ts';

/** What levers tell of a source: Reloader's hash, or one under our own key. */
export type LeverDigest = 'sha1' | 'keyed';

/** Our HMAC keys, by id, and which of them makes new digests; `levers`: Reloader's unless given. */
export type KeyRing = {
  readonly current: string;
  readonly keys: ReadonlyMap<string, Buffer>;
  readonly levers?: LeverDigest;
};

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
  const keyed = new Map([...ring.keys].map(([id, key]) => [id, keyedLever(key, digests.get(id) ?? '')]));
  const sha1 = reloaderHash(data);
  const { uid, resourceVersion, created, dataTime } = meta;
  return {
    state: 'present' as const,
    meta,
    uid,
    resourceVersion,
    created,
    dataTime,
    /** The value of a lever that tells of this, and every value that could. */
    lever: ring.levers === 'keyed' ? (keyed.get(ring.current) ?? sha1) : sha1,
    levers: [sha1, ...keyed.values()],
    // A selection that was not asked for before the read has no digest: it compares as different from any.
    digest: (id: string, selection: readonly string[] | undefined) =>
      digests.get(digestId(id, selection)) ?? '',
  };
}

function digestId(keyId: string, selection: readonly string[] | undefined): string {
  return selection === undefined ? keyId : `${keyId} ${String(selection)}`;
}
