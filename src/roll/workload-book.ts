import { ReverseIndex } from '../core/reverse-index.ts';
import { compareVersions, newerVersion } from '../core/resource-version.ts';
import type { SourceRef } from '../core/source.ts';
import { mapOwner, parseStamps, type StampMap, type Unreadable } from '../core/stamp-map.ts';
import { afterUnseenWrite, isOtherTemplate } from '../core/unseen-write.ts';
import { workloadKey, type Workload } from '../core/workload.ts';

/** A workload with its map, and what is remembered about it. */
export type Page = {
  readonly workload: Workload;
  /** The map that is stored on the workload. */
  readonly stored: StampMap | Unreadable | undefined;
  /** It was opted in when it was first seen, and that was after the start. */
  readonly addedAfterStart: boolean;
  /**
   * The version of the newest write by which it came to ask for what it asks for, or to have the template that it has;
   * where that was before anybody looked, the newest version that was known then.
   */
  readonly asked: string | undefined;
  /** Digests of its templates since a rollout was last complete; undefined if that was not seen. */
  readonly templates: ReadonlySet<string> | undefined;
};

/**
 * The workloads that are opted in or bear a map of ours. It remembers the last good map of each, which counts
 * when the stored one is missing, unreadable or older (DESIGN 2.2).
 */
export class WorkloadBook {
  readonly index = new ReverseIndex();
  readonly #pages = new Map<string, Page>();
  readonly #remembered = new Map<string, { uid: string; map: StampMap }>();
  /** Uids of all workloads, so that opting in later is not taken for being new. */
  readonly #seen = new Map<string, string>();
  readonly #keyIds: ReadonlySet<string>;
  readonly #onUnreadable: (key: string, why: Unreadable) => void;
  #started = false;
  /** Of everything that watches have shown. */
  #newest: string | undefined;
  #startedAt: string | undefined;
  /** Workloads that are there, but were not to be looked at. */
  readonly #outside = new Set<string>();

  constructor(keyIds: ReadonlySet<string>, onUnreadable: (key: string, why: Unreadable) => void) {
    this.#keyIds = keyIds;
    this.#onUnreadable = onUnreadable;
  }

  /** From now on, a workload that was not seen before is a new one. */
  start(): void {
    this.#started = true;
    this.#startedAt = this.#newest;
    for (const [key, page] of this.#pages) this.#pages.set(key, { ...page, asked: this.#newest });
  }

  /** The newest version that anybody has heard of; {@link saw} tells of those of sources. */
  get newest(): string | undefined {
    return this.#newest;
  }

  saw(version: string | undefined): void {
    this.#newest = newerVersion(this.#newest, version);
  }

  /** Whether all that was there at the start is known. */
  get started(): boolean {
    return this.#started;
  }

  /**
   * Takes a workload in; false if a newer state of it is known already. `old`: it was there before, and is only now to
   * be looked at. `lent`: the version by which what others lend it has changed.
   */
  put(
    id: { kind: string; namespace: string; name: string; uid: string },
    workload: Workload | undefined,
    as: 'shown' | 'old' = 'shown',
    lent?: string,
  ): boolean {
    const key = workloadKey(id);
    this.saw(workload?.resourceVersion);
    const page = this.#pages.get(key);
    const same = page?.workload.uid === id.uid;
    const isOld = as === 'old' || this.#outside.has(key);
    const isNew = this.#seen.get(key) !== id.uid && !isOld;
    this.#seen.set(key, id.uid);
    if (workload === undefined) {
      // It has opted out: what was remembered must not make it stale when it opts in again.
      this.#drop(key);
      this.#remembered.delete(key);
      if (as === 'old') this.#outside.add(key);
      return true;
    }
    this.#outside.delete(key);
    if (same && compareVersions(workload.resourceVersion, page.workload.resourceVersion) < 0) return false;
    const stored = this.#parse(key, workload);
    this.#pages.set(key, {
      // The text is not kept beside what was parsed from it.
      workload: { ...workload, stamps: undefined },
      stored,
      addedAfterStart: same ? page.addedAfterStart : isNew && this.#started && workload.optedIn,
      asked: this.#askedSince(workload, same ? page : undefined, isOld, lent),
      templates: templatesAfter(workload, same ? page.templates : this.#noTemplates(isNew)),
    });
    this.index.set(workload);
    this.#takeMap(key, workload, stored, same ? page : undefined);
    return true;
  }

  remove(id: { kind: string; namespace: string; name: string }): void {
    const key = workloadKey(id);
    this.#outside.delete(key);
    this.#drop(key);
    this.#seen.delete(key);
    this.#remembered.delete(key);
  }

  get(key: string): Page | undefined {
    return this.#pages.get(key);
  }

  keys(): IterableIterator<string> {
    return this.#pages.keys();
  }

  get size(): number {
    return this.#pages.size;
  }

  /** Keys of the workloads that a change of this source may roll. */
  candidates(source: SourceRef): Set<string> {
    return this.index.candidates(source);
  }

  /** The map that counts for a workload: the newest good one of this uid. */
  map(key: string): StampMap | undefined {
    const remembered = this.#remembered.get(key);
    return remembered !== undefined && remembered.uid === this.#pages.get(key)?.workload.uid
      ? remembered.map
      : undefined;
  }

  /** Whether pods of a template that somebody writes may run, if a rollout is under way. */
  mayRun(workload: Workload): boolean {
    return this.#pages.get(workloadKey(workload))?.templates?.has(workload.bare) ?? true;
  }

  /** The map that counts for a workload as somebody writes it, which may be newer than what the watch has shown. */
  mapBefore(workload: Workload): StampMap | undefined {
    const key = workloadKey(workload);
    const stored =
      workload.stamps === undefined
        ? undefined
        : parseStamps(workload.stamps, mapOwner(workload), this.#keyIds);
    const remembered = this.#remembered.get(key);
    // A CREATE has no uid yet.
    const ours = remembered !== undefined && remembered.uid === workload.uid ? remembered.map : undefined;
    if (typeof stored !== 'object') return ours;
    return ours !== undefined && ours.n > stored.n ? ours : stored;
  }

  remember(key: string, uid: string, map: StampMap): void {
    this.#remembered.set(key, { uid, map });
  }

  #askedSince(
    workload: Workload,
    before: Page | undefined,
    isOld: boolean,
    lent: string | undefined,
  ): string | undefined {
    if (!this.#started || isOld) return this.#newest;
    const same = before?.workload.asks === workload.asks && before.workload.bare === workload.bare;
    if (same) return before.asked;
    const now = newerVersion(workload.resourceVersion, lent);
    return newerVersion(before === undefined ? this.#startedAt : before.asked, now);
  }

  /** What was seen of the templates of a workload before it was put in: all of a new one. */
  #noTemplates(isNew: boolean): ReadonlySet<string> | undefined {
    return isNew && this.#started ? new Set() : undefined;
  }

  /** Which map counts after a workload was stored; `before` is the same one as it was known. */
  #takeMap(key: string, workload: Workload, stored: Page['stored'], before: Page | undefined): void {
    const { uid } = workload;
    const remembered = this.#remembered.get(key);
    const ours = remembered?.uid === uid ? remembered.map : undefined;
    if (typeof stored === 'object' && (ours === undefined || supersedes(stored, ours)))
      this.remember(key, uid, stored);
    else if (ours !== undefined && before !== undefined && isOtherTemplate(before.workload, workload))
      if (before.templates?.has(workload.bare) ?? true)
        this.remember(key, uid, afterUnseenWrite(ours, before.workload, workload));
  }

  #drop(key: string): void {
    this.#pages.delete(key);
    this.index.delete(key);
  }

  #parse(key: string, workload: Workload): StampMap | Unreadable | undefined {
    if (workload.stamps === undefined) return undefined;
    const parsed = parseStamps(workload.stamps, mapOwner(workload), this.#keyIds);
    if (typeof parsed === 'string') this.#onUnreadable(key, parsed);
    return parsed;
  }
}

/** Whether a stored map takes the place of the remembered one, which may hold more than what fits into the stored. */
function supersedes(stored: StampMap, remembered: StampMap): boolean {
  if (stored.n !== remembered.n) return stored.n > remembered.n;
  return (
    [...stored.s].some(([key, stamp]) => remembered.s.get(key)?.h !== stamp.h) ||
    stored.key !== remembered.key
  );
}

/** The templates since a rollout was last complete, with that of this workload; undefined where nobody can tell. */
function templatesAfter(
  { settled, bare }: Workload,
  known: ReadonlySet<string> | undefined,
): ReadonlySet<string> | undefined {
  if (settled) return new Set([bare]);
  return known?.has(bare) === true ? known : known && new Set([...known, bare]);
}
