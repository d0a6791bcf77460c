import { ReverseIndex } from '../core/reverse-index.ts';
import { isSameMap, keepInMemory, takeStored, type KnownMap } from '../core/known-map.ts';
import { compareVersions, newerVersion } from '../core/resource-version.ts';
import type { SourceRef } from '../core/source.ts';
import { mapOwner, parseStamps, type StampMap, type Unreadable } from '../core/stamp-map.ts';
import { afterUnseenWrite, isOtherTemplate } from '../core/unseen-write.ts';
import { workloadKey, type Workload } from '../core/workload.ts';
import { moment } from './moment.ts';

/** A workload with its map, and what is remembered about it. */
export type Page = {
  readonly workload: Workload;
  /** The map that is stored on the workload. */
  readonly stored: StampMap | Unreadable | undefined;
  /** The moment when it was taken in, and that since which the map says this. */
  readonly shown: number;
  readonly mapped: number;
  /** It was opted in when it was first seen, and that was after the start. */
  readonly addedAfterStart: boolean;
  /**
   * The version of the newest write by which it came to ask for what it asks for, or to have the template that it has;
   * where that was before anybody looked, the newest version that was known then.
   */
  readonly asked: string | undefined;
  /** The moment when that write was shown; 0 where it was before the start. */
  readonly heard: number;
  /** Digests of its templates since a rollout was last complete; undefined if that was not seen. */
  readonly templates: ReadonlySet<string> | undefined;
};

/** How a workload came to be shown. */
export type Showing = {
  /** `old`: it was there before, and is only now to be looked at. */
  readonly as?: 'shown' | 'old';
  /** The version by which what others lend it has changed. */
  readonly lent?: string | undefined;
  /**
   * When it was asked for. What was known at that moment is not newer, whatever its version: it is older, or of a state
   * of the API server that is no more.
   */
  readonly begun?: number;
};

/**
 * The workloads that are opted in or bear a map of ours. It remembers the last good map of each, which counts
 * when the stored one is missing, unreadable or older (DESIGN 2.2).
 */
export class WorkloadBook {
  readonly index = new ReverseIndex();
  readonly #pages = new Map<string, Page>();
  readonly #known = new Map<string, KnownMap & { readonly uid: string }>();
  /** Maps that we were writing, of which not everything fits. */
  readonly #writing = new Map<string, StampMap>();
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

  /** The API server has gone back to this version: what was asked later was asked in a state that is no more. */
  rewind(version: string): void {
    this.#newest = this.#startedAt = version;
    for (const [key, page] of this.#pages)
      if (newerVersion(version, page.asked) !== version) this.#pages.set(key, { ...page, asked: version });
  }

  saw(version: string | undefined): void {
    this.#newest = newerVersion(this.#newest, version);
  }

  /** Whether all that was there at the start is known. */
  get started(): boolean {
    return this.#started;
  }

  /** Takes a workload in; false if a newer state of it is known already. */
  put(
    id: { kind: string; namespace: string; name: string; uid: string },
    workload: Workload | undefined,
    { as = 'shown', lent, begun = 0 }: Showing = {},
  ): boolean {
    const key = workloadKey(id);
    this.saw(workload?.resourceVersion);
    const page = this.#pages.get(key);
    const same = page?.workload.uid === id.uid;
    const isOld = as === 'old' || this.#outside.has(key);
    const isNew = this.#seen.get(key) !== id.uid && !isOld;
    this.#seen.set(key, id.uid);
    if (workload === undefined) {
      this.#optOut(key, as);
      return true;
    }
    this.#outside.delete(key);
    const lower = same && compareVersions(workload.resourceVersion, page.workload.resourceVersion) < 0;
    if (lower && page.shown > begun) return false;
    // Maps that were made after what was restored say nothing of the pods that were restored with it.
    if (lower) this.#forgetMap(key);
    const before = same && !lower ? page : undefined;
    const stored = this.#parse(key, workload);
    const { stored: kept, mapped } =
      before !== undefined && isSame(before.stored, stored) ? before : { stored, mapped: moment() };
    this.#pages.set(key, {
      // The text is not kept beside what was parsed from it.
      workload: { ...workload, stamps: undefined },
      stored: kept,
      shown: moment(),
      mapped,
      addedAfterStart: same ? page.addedAfterStart : this.#isAdded(workload, isNew),
      ...this.#askedSince(workload, before, isOld, lent),
      templates: templatesAfter(workload, before?.templates ?? this.#noTemplates(isNew)),
    });
    this.index.set(workload);
    this.#takeMap(key, workload, stored, before);
    return true;
  }

  remove(id: { kind: string; namespace: string; name: string }): void {
    const key = workloadKey(id);
    this.#outside.delete(key);
    this.#drop(key);
    this.#seen.delete(key);
    this.#forgetMap(key);
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
    return this.#knownOf(key, this.#pages.get(key)?.workload.uid)?.map;
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
    // A CREATE has no uid yet.
    const known = this.#knownOf(key, workload.uid);
    if (typeof stored !== 'object') return known?.map;
    return takeStored(known, stored, { restarted: false, writing: this.#writing.get(key) }).map;
  }

  /** Remembers what is not written, or not yet. */
  remember(key: string, uid: string, map: StampMap): void {
    this.#known.set(key, { uid, ...keepInMemory(this.#knownOf(key, uid), map) });
  }

  /** A map is to be written of which not everything fits: once it is stored, this is what counts. */
  writing(key: string, whole: StampMap): void {
    this.#writing.set(key, whole);
  }

  #askedSince(
    workload: Workload,
    before: Page | undefined,
    isOld: boolean,
    lent: string | undefined,
  ): Pick<Page, 'asked' | 'heard'> {
    if (!this.#started) return { asked: this.#newest, heard: 0 };
    if (isOld) return { asked: this.#newest, heard: moment() };
    const same = before?.workload.asks === workload.asks && before.workload.bare === workload.bare;
    if (same) return { asked: before.asked, heard: before.heard };
    const now = newerVersion(workload.resourceVersion, lent);
    const asked = newerVersion(before === undefined ? this.#startedAt : before.asked, now);
    return { asked, heard: moment() };
  }

  /** What was seen of the templates of a workload before it was put in: all of a new one. */
  #noTemplates(isNew: boolean): ReadonlySet<string> | undefined {
    return isNew && this.#started ? new Set() : undefined;
  }

  /** Which map counts after a workload was stored; `before` is the same one as it was known. */
  #takeMap(key: string, workload: Workload, stored: Page['stored'], before: Page | undefined): void {
    const { uid } = workload;
    const known = this.#knownOf(key, uid);
    const other = before !== undefined && isOtherTemplate(before.workload, workload);
    if (typeof stored === 'object') {
      const restarted = other || before?.workload.lastRoll !== workload.lastRoll;
      const now = takeStored(known, stored, { restarted, writing: this.#writing.get(key) });
      this.#known.set(key, { uid, ...now });
      if (now.stored !== known?.stored) this.#writing.delete(key);
      if (now.stored === stored) return;
    }
    if (known !== undefined && other && (before.templates?.has(workload.bare) ?? true))
      this.remember(key, uid, afterUnseenWrite(known.map, before.workload, workload));
  }

  #knownOf(key: string, uid: string | undefined): KnownMap | undefined {
    const known = this.#known.get(key);
    return known?.uid === uid ? known : undefined;
  }

  #forgetMap(key: string): void {
    this.#known.delete(key);
    this.#writing.delete(key);
  }

  #isAdded({ optedIn }: Workload, isNew: boolean): boolean {
    return isNew && this.#started && optedIn;
  }

  /** What was remembered must not make it stale when it opts in again. */
  #optOut(key: string, as: Showing['as']): void {
    this.#drop(key);
    this.#forgetMap(key);
    if (as === 'old') this.#outside.add(key);
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

/** Whether two stored maps, or the reasons why they are none, are one. */
function isSame(a: Page['stored'], b: Page['stored']): boolean {
  return typeof a === 'object' && typeof b === 'object' ? isSameMap(a, b) : a === b;
}

/** The templates since a rollout was last complete, with that of this workload; undefined where nobody can tell. */
function templatesAfter(
  { settled, bare }: Workload,
  known: ReadonlySet<string> | undefined,
): ReadonlySet<string> | undefined {
  if (settled) return new Set([bare]);
  return known?.has(bare) === true ? known : known && new Set([...known, bare]);
}
