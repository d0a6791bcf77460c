// What is older: where versions tell, and where only moments do.

import { compareVersions } from '../core/api/resource-version.ts';
import type { SourceMeta } from '../core/objects/source-metadata.ts';
import type { Stamp } from '../core/stamps/stamp-map.ts';
import type { KnownSource } from './source-cache.ts';
import type { SourceState } from './source-reader.ts';

/** Whether a read shows what the watch has shown: it began later, or shows no older version of the same object. */
export function knows(state: SourceState, { uid, resourceVersion, shown }: KnownSource): boolean {
  if (state.began > shown) return true;
  return (
    state.state === 'present' &&
    state.uid === uid &&
    compareVersions(state.resourceVersion, resourceVersion) >= 0
  );
}

/** How a read compares with the version that a stamp was made of: above 0 if newer, NaN where nobody can tell. */
export function versionSince(state: SourceState, { uid, rv }: Stamp): number {
  if (state.state !== 'present' || state.uid !== uid || rv === undefined) return NaN;
  return compareVersions(state.resourceVersion, rv);
}

/**
 * Whether a source is shown in an older version than was shown `before` or read: the API server was restored to an
 * older state. A read may be ahead of its watch, but not of a list that was asked for after it, at the moment `begun`.
 */
export function hasGoneBack(
  now: SourceMeta,
  { before, read, begun }: { before: SourceMeta | undefined; read: SourceState | undefined; begun: number },
): boolean {
  const isLower = (known: { readonly uid: string; readonly resourceVersion: string } | undefined): boolean =>
    known?.uid === now.uid && compareVersions(now.resourceVersion, known.resourceVersion) < 0;
  return isLower(before) || (read?.state === 'present' && read.ended < begun && isLower(read));
}
