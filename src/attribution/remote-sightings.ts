import { compareVersions } from '../core/api/resource-version.ts';
import type { Changes } from './change-log.ts';
import type { Sighting, Sightings } from './sightings.ts';
import type { SourceReader } from '../state/source-reader.ts';

export type HearingParts = {
  readonly reader: Pick<SourceReader, 'state'>;
  readonly changes: Changes;
  readonly sightings: Pick<Sightings, 'add'>;
  readonly keyId: string;
};

/**
 * Takes what another replica has seen at admission. It may come before the write is read here, as our own sightings
 * do, or after: then it says who made a change that is known already.
 */
export function hear({ reader, changes, sightings, keyId }: HearingParts, sighting: Sighting): void {
  const { operation, uid, digest, baseVersion } = sighting;
  const state = reader.state(sighting);
  if (operation === 'DELETE') {
    if (state?.state === 'missing' && changes.attribute(sighting, baseVersion ?? '', sighting)) return;
  } else if (state?.state === 'present' && state.uid === uid && state.digest(keyId, undefined) === digest) {
    const version = state.resourceVersion;
    // Else it is the next write, which brings back what is stored now.
    if (baseVersion === undefined || compareVersions(baseVersion, version) < 0) {
      if (!changes.attribute(sighting, version, sighting))
        changes.note(sighting, { uid, version, deleted: false, at: sighting.at, sighting });
      return;
    }
  }
  sightings.add(sighting);
}
