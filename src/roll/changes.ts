import { compareVersions } from '../core/resource-version.ts';
import { sourceKey, type SourceRef } from '../core/source.ts';
import type { Stamp } from '../core/stamp-map.ts';
import type { Sighting } from './sightings.ts';

/** One stored change of a source on which something depends. */
export type Change = {
  readonly uid: string;
  /** The version that it made; for a deletion, the version that it ended. */
  readonly version: string;
  readonly deleted: boolean;
  /** Milliseconds since 1970, when it was seen. */
  readonly at: number;
  /** The write as admission saw it; undefined if nobody saw it. */
  readonly sighting: Sighting | undefined;
};

/** Too few to weigh anything, enough for the edits of one quiet period. */
const KEPT_PER_SOURCE = 20;

/** The last changes of sources: who made them and which keys they touched. Only for telling, never for deciding. */
export class Changes {
  readonly #bySource = new Map<string, Change[]>();

  note(source: SourceRef, change: Change): void {
    const key = sourceKey(source);
    this.#bySource.set(key, [...(this.#bySource.get(key) ?? []), change].slice(-KEPT_PER_SOURCE));
  }

  /** Names who made a change that is noted and that nobody was seen to make; false if there is none of this version. */
  attribute(source: SourceRef, version: string, sighting: Sighting): boolean {
    const noted = this.#bySource.get(sourceKey(source)) ?? [];
    const deleted = sighting.operation === 'DELETE';
    const at = noted.findLastIndex((change) => change.version === version && change.deleted === deleted);
    const found = noted[at];
    if (found === undefined) return false;
    if (found.sighting === undefined) noted[at] = { ...found, sighting };
    return true;
  }

  /**
   * The changes of a source since the version that a stamp was made of, oldest first. Of another uid it says nothing:
   * then all count.
   */
  since(source: SourceRef, stamp: Pick<Stamp, 'uid' | 'rv'> | undefined): readonly Change[] {
    return (this.#bySource.get(sourceKey(source)) ?? []).filter(
      ({ uid, version, deleted }) =>
        stamp?.rv === undefined ||
        stamp.uid !== uid ||
        (deleted && version === stamp.rv) ||
        compareVersions(version, stamp.rv) > 0,
    );
  }

  forget(source: SourceRef): void {
    this.#bySource.delete(sourceKey(source));
  }
}
