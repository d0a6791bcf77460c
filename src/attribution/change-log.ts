import { compareVersions } from '../core/api/resource-version.ts';
import { sourceKey, type SourceRef } from '../core/api/source.ts';
import type { Stamp } from '../core/stamps/stamp-map.ts';
import type { Sighting } from './sightings.ts';

/** What is told of a write that admission saw. */
export type Told = Pick<Sighting, 'keys' | 'more' | 'user' | 'manager'>;

/** One stored change of a source on which something depends. */
export type Change = {
  readonly uid: string;
  /** The version that it made; for a deletion, the version that it ended. */
  readonly version: string;
  readonly deleted: boolean;
  /** Milliseconds since 1970, when it was seen. */
  readonly at: number;
  /** The write as admission saw it; undefined if nobody saw it. */
  readonly sighting: Told | undefined;
};

/** Too few to weigh anything, enough for the edits of one quiet period. */
const KEPT_PER_SOURCE = 20;
/** Bytes of all together: beyond it, the source that changed longest ago is forgotten. */
const MAX_WEIGHT = 14 * 1024 * 1024;
/** What a change weighs in memory without what is told of it, and each text of that beside its characters. */
const CHANGE_WEIGHT = 400;
const TEXT_WEIGHT = 32;

/** The last changes of sources: who made them and which keys they touched. Only for telling, never for deciding. */
export class Changes {
  readonly #bySource = new Map<string, readonly Change[]>();
  #weight = 0;

  note(source: SourceRef, change: Change): void {
    const key = sourceKey(source);
    const kept = { ...change, sighting: change.sighting && toldOf(change.sighting) };
    const noted = [...(this.#bySource.get(key) ?? []), kept].slice(-KEPT_PER_SOURCE);
    // Deleting first moves the source to the end, so that the first key is always the oldest.
    this.#keep(key, []);
    this.#keep(key, noted);
    for (const oldest of this.#bySource.keys()) {
      if (this.#weight <= MAX_WEIGHT) return;
      this.#keep(oldest, []);
    }
  }

  /** Names who made a change that is noted and that nobody was seen to make; false if there is none of this version. */
  attribute(source: SourceRef, version: string, sighting: Sighting): boolean {
    const noted = this.#bySource.get(sourceKey(source)) ?? [];
    const deleted = sighting.operation === 'DELETE';
    const at = noted.findLastIndex((change) => change.version === version && change.deleted === deleted);
    const found = noted[at];
    if (found === undefined) return false;
    if (found.sighting === undefined)
      this.#keep(sourceKey(source), noted.with(at, { ...found, sighting: toldOf(sighting) }));
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
    this.#keep(sourceKey(source), []);
  }

  /** How many sources have changes that are noted. */
  get size(): number {
    return this.#bySource.size;
  }

  #keep(key: string, changes: readonly Change[]): void {
    this.#weight += weigh(changes) - weigh(this.#bySource.get(key) ?? []);
    if (changes.length === 0) this.#bySource.delete(key);
    else this.#bySource.set(key, changes);
  }
}

/** The rest of a sighting is large, and has served its turn. */
function toldOf({ keys, more, user, manager }: Told): Told {
  return { keys, user, manager, ...(more === undefined ? {} : { more }) };
}

function weigh(changes: readonly Change[]): number {
  let weight = changes.length * CHANGE_WEIGHT;
  for (const { sighting } of changes)
    if (sighting !== undefined)
      for (const text of [...sighting.keys, sighting.user, sighting.manager ?? ''])
        weight += TEXT_WEIGHT + text.length;
  return weight;
}
