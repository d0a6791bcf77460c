import type { Clock } from '../clock.ts';
import type { Digest } from '../core/objects/digest.ts';
import { compareVersions } from '../core/api/resource-version.ts';
import { sourceKey, type SourceRef } from '../core/api/source.ts';

/** What admission saw of one write: a hint of who did it, never a fact that it was stored. */
export type Sighting = SourceRef & {
  readonly uid: string;
  /** Our digest of the new data, of all keys; undefined for a DELETE. */
  readonly digest: Digest | undefined;
  /** The version that the write would replace; undefined for a CREATE. */
  readonly baseVersion: string | undefined;
  /** Names of the keys that differ, sorted. */
  readonly keys: readonly string[];
  /** How many more there are, if not all are named. */
  readonly more?: number;
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
/** Characters of all together. */
const MAX_WEIGHT = 16 * 1024 * 1024;

/** Keeps sightings until the write that they saw has been read, or until it cannot be stored any more. */
export class Sightings {
  readonly #clock: Clock;
  readonly #bySource = new Map<string, readonly Sighting[]>();
  #weight = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add(sighting: Sighting): void {
    const key = sourceKey(sighting);
    // A replica whose clock is ahead must not make it last longer.
    const now = this.#clock.now();
    const there = [...this.#alive(key), sighting.at > now ? { ...sighting, at: now } : sighting];
    // Deleting first moves the source to the end, so that the first key is always the oldest.
    this.#keep(key, []);
    this.#keep(key, there.length > MAX_PER_SOURCE ? withoutOneOfMany(there) : there);
    for (const oldest of this.#bySource.keys()) {
      const fits = this.#bySource.size <= MAX_SOURCES && this.#weight <= MAX_WEIGHT;
      if (fits && this.#alive(oldest).length > 0) break;
      this.#keep(oldest, []);
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

  #keep(key: string, sightings: readonly Sighting[]): void {
    this.#weight += weightOf(sightings) - weightOf(this.#bySource.get(key) ?? []);
    if (sightings.length === 0) this.#bySource.delete(key);
    else this.#bySource.set(key, sightings);
  }
}

/** Without the oldest one of whoever has the most, so that a flood of one writer does not drive out the write of another. */
function withoutOneOfMany(sightings: readonly Sighting[]): readonly Sighting[] {
  const counts = new Map<string, number>();
  for (const { user } of sightings) counts.set(user, (counts.get(user) ?? 0) + 1);
  const most = Math.max(...counts.values());
  const one = sightings.findIndex(({ user }) => counts.get(user) === most);
  return sightings.filter((_, index) => index !== one);
}

/** The characters of what others have sent. */
function weightOf(sightings: readonly Sighting[]): number {
  let weight = 0;
  for (const { namespace, name, user, keys, groups, manager = '' } of sightings) {
    for (const text of [...keys, ...groups]) weight += text.length;
    weight += namespace.length + name.length + user.length + manager.length;
  }
  return weight;
}
