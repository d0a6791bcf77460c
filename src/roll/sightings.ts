import type { Clock } from '../clock.ts';
import type { Digest } from '../core/digest.ts';
import { compareVersions } from '../core/resource-version.ts';
import { sourceKey, type SourceRef } from '../core/source.ts';

/** What admission saw of one write: a hint of who did it, never a fact that it was stored. */
export type Sighting = SourceRef & {
  readonly uid: string;
  /** Our digest of the new data, of all keys; undefined for a DELETE. */
  readonly digest: Digest | undefined;
  /** The version that the write would replace; undefined for a CREATE. */
  readonly baseVersion: string | undefined;
  /** Names of the keys that differ, sorted. */
  readonly keys: readonly string[];
  readonly user: string;
  readonly groups: readonly string[];
  readonly manager: string | undefined;
  readonly operation: string;
  readonly requestUid: string;
  /** Milliseconds since 1970. */
  readonly at: number;
};

/** No admitted request can still be stored after this (webhooks.md 4.3). */
const LIFETIME_MS = 60_000;
/** A flood of writes that are never stored must not cost memory. */
const MAX_PER_SOURCE = 50;
const MAX_SOURCES = 10_000;

/** Keeps sightings until the write that they saw has been read, or until it cannot be stored any more. */
export class Sightings {
  readonly #clock: Clock;
  readonly #bySource = new Map<string, Sighting[]>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add(sighting: Sighting): void {
    const key = sourceKey(sighting);
    const there = this.#alive(key);
    there.push(sighting);
    // Deleting first moves the source to the end, so that the first key is always the oldest.
    this.#bySource.delete(key);
    this.#bySource.set(key, there.slice(-MAX_PER_SOURCE));
    for (const oldest of this.#bySource.keys()) {
      if (this.#bySource.size <= MAX_SOURCES && this.#alive(oldest).length > 0) break;
      this.#bySource.delete(oldest);
    }
  }

  /**
   * The sighting of a stored version, if its write was seen. All sightings that this version outdates are
   * retired; one that would replace this very version may still be stored and stays.
   */
  confirm(
    source: SourceRef,
    stored: { uid: string; digest: Digest; resourceVersion: string },
  ): Sighting | undefined {
    const key = sourceKey(source);
    const alive = this.#alive(key);
    const found = alive.findLast((one) => one.uid === stored.uid && one.digest === stored.digest);
    this.#keep(
      key,
      alive.filter(
        (one) =>
          one !== found &&
          (one.uid !== stored.uid ||
            (one.baseVersion !== undefined && compareVersions(one.baseVersion, stored.resourceVersion) >= 0)),
      ),
    );
    return found;
  }

  /** The sighting of the DELETE after which a source was found missing; `uid`: of the one that is gone, if known. */
  confirmDelete(source: SourceRef, uid?: string): Sighting | undefined {
    const key = sourceKey(source);
    const alive = this.#alive(key);
    const found = alive.findLast(
      (one) => one.operation === 'DELETE' && (uid === undefined || one.uid === uid),
    );
    this.#keep(
      key,
      alive.filter((one) => one.operation !== 'DELETE'),
    );
    return found;
  }

  get size(): number {
    let size = 0;
    for (const there of this.#bySource.values()) size += there.length;
    return size;
  }

  #alive(key: string): Sighting[] {
    const oldest = this.#clock.now() - LIFETIME_MS;
    return (this.#bySource.get(key) ?? []).filter((one) => one.at >= oldest);
  }

  #keep(key: string, sightings: Sighting[]): void {
    if (sightings.length === 0) this.#bySource.delete(key);
    else this.#bySource.set(key, sightings);
  }
}
