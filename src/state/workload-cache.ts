import { ReverseIndex } from '../core/stamps/reverse-index.ts';
import { isSameMap, type KnownMap } from '../core/stamps/known-map.ts';
import { compareVersions, newerVersion } from '../core/api/resource-version.ts';
import type { SourceRef } from '../core/api/source.ts';
import { mapOwner, parseStamps, type StampMap, type Unreadable } from '../core/stamps/stamp-map.ts';
import { afterUnseenWrite, isOtherTemplate } from '../core/stamps/unseen-write.ts';
import { workloadKey, type Workload } from '../core/objects/workload.ts';
import { keepNewest } from '../keep-newest.ts';
import { KnownMaps } from './known-maps.ts';
import { moment } from './moment.ts';
import type { Page, Showing, WorkloadState } from './cached-workload.ts';
import { UnreadableMaps } from './unreadable-maps.ts';

type Seen = Pick<WorkloadState, 'uid' | 'resourceVersion'> & { readonly shown: number };

/** A workload that is gone, as it was. */
type Former = { readonly page: Page; readonly known: KnownMap | undefined };

/** Enough for what comes back within moments. */
const MAX_FORMER = 200;

/** The workloads that are opted in or bear a map of ours, and the map of each that counts: {@link KnownMaps}. */
export class WorkloadBook {
  readonly index = new ReverseIndex();
  readonly #pages = new Map<string, Page>();
  readonly #maps = new KnownMaps();
  readonly #former = new Map<string, Former>();
  /** What was shown last of all workloads, so that opting in later is not taken for being new. */
  readonly #seen = new Map<string, Seen>();
  readonly #keyIds: ReadonlySet<string>;
  readonly #unreadable: UnreadableMaps;
  #started = false;
  /** Of everything that watches have shown. */
  #newest: string | undefined;
  #startedAt: string | undefined;
  /** Workloads that are there, but were not to be looked at. */
  readonly #outside = new Set<string>();

  constructor(keyIds: ReadonlySet<string>, onUnreadable: (key: string, why: Unreadable) => void) {
    this.#keyIds = keyIds;
    this.#unreadable = new UnreadableMaps(onUnreadable);
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

  /**
   * Whether this is news: no newer state is known, and the workload is there. A read or an answer may come after its watch
   * has told that it is gone, that it was made anew, or that it is of no concern: nothing would ever take it out again.
   */
  isNews(state: WorkloadState, { as = 'shown', begun = 0 }: Showing = {}): boolean {
    const key = workloadKey(state);
    const seen = this.#seen.get(key);
    const same = seen?.uid === state.uid;
    if (as === 'answered' && this.#pages.get(key)?.workload.uid !== state.uid) return false;
    if (!same) return as !== 'read';
    return seen.shown <= begun || compareVersions(state.resourceVersion, seen.resourceVersion) >= 0;
  }

  /** Takes in what {@link isNews} of a workload; undefined if it is of no concern. */
  put(state: WorkloadState, workload: Workload | undefined, showing: Showing = {}): void {
    const { as = 'shown' } = showing;
    const { uid, resourceVersion } = state;
    const key = workloadKey(state);
    const former = this.#formerOf(key, uid, workload);
    this.saw(workload?.resourceVersion);
    const isOld = as === 'old' || this.#outside.has(key);
    const isNew = this.#seen.get(key)?.uid !== uid && !isOld;
    this.#seen.set(key, { uid, resourceVersion, shown: moment() });
    if (workload === undefined) this.#optOut(key, as);
    else this.#take(key, workload, former, { ...showing, isOld, isNew });
  }

  #take(
    key: string,
    workload: Workload,
    former: Former | undefined,
    { lent, listed = false, isOld, isNew }: Showing & { isOld: boolean; isNew: boolean },
  ): void {
    this.#outside.delete(key);
    const page = this.#pages.get(key);
    const same = page?.workload.uid === workload.uid;
    const before = same ? this.#goOn(key, page, workload.resourceVersion) : undefined;
    const stored = this.#parse(key, workload);
    const { stored: kept, mapped } =
      before !== undefined && isSame(before.stored, stored) ? before : { stored, mapped: moment() };
    const isMade = isNew && this.#started && !listed && former === undefined;
    this.#pages.set(key, {
      // The text is not kept beside what was parsed from it.
      workload: { ...workload, stamps: undefined },
      stored: kept,
      shown: moment(),
      mapped,
      born: before === undefined ? isMade : isStillBorn(before, workload, kept),
      addedAfterStart: same ? page.addedAfterStart : this.#isAdded(workload, isNew),
      ...this.#askedSince(workload, before, isOld, lent),
      templates: templatesAfter(workload, (before ?? former?.page)?.templates ?? this.#noTemplates(isNew)),
    });
    this.index.set(workload);
    this.#takeMap(key, workload, stored, before);
    // What came with it says nothing of pods that go on.
    if (former?.known !== undefined && !same) this.remember(key, workload.uid, former.known.map);
  }

  /** The map of a new workload has been compared with what its pods have seen. */
  compared(key: string): void {
    const page = this.#pages.get(key);
    if (page?.born === true) this.#pages.set(key, { ...page, born: false });
  }

  remove(id: { kind: string; namespace: string; name: string }): void {
    const key = workloadKey(id);
    const page = this.#pages.get(key);
    if (page !== undefined)
      keepNewest(this.#former, key, { page, known: this.#maps.get(key, page.workload.uid) }, MAX_FORMER);
    this.#outside.delete(key);
    this.#drop(key);
    this.#unreadable.forget(key);
    this.#seen.delete(key);
    this.#maps.forget(key);
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
    return this.#maps.get(key, this.#pages.get(key)?.workload.uid)?.map;
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
    if (typeof stored !== 'object') return this.#maps.get(key, workload.uid)?.map;
    return this.#maps.after(key, workload.uid, stored, false).map;
  }

  /** {@link KnownMaps.remember} */
  remember(key: string, uid: string, map: StampMap): void {
    this.#maps.remember(key, uid, map);
  }

  /** {@link KnownMaps.writing} */
  writing(key: string, whole: StampMap): void {
    this.#maps.writing(key, whole);
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

  /**
   * The one that was there before, if this is the same again, or if its pods go on as those of this one: they were left
   * behind, and the controller takes over what has its template. Then what was known of it is known of this one.
   */
  #formerOf(key: string, uid: string, workload: Workload | undefined): Former | undefined {
    const page = this.#pages.get(key);
    const last = page && { page, known: this.#maps.get(key, page.workload.uid) };
    const former = this.#former.get(key) ?? (page?.workload.uid === uid ? undefined : last);
    this.#former.delete(key);
    if (former === undefined || workload === undefined) return undefined;
    const was = former.page.workload;
    const isSame = was.uid === uid;
    if (isSame) {
      this.#pages.set(key, former.page);
      this.#seen.set(key, { uid, resourceVersion: was.resourceVersion, shown: former.page.shown });
      this.#maps.restore(key, uid, former.known);
    } else if (!was.orphans || workload.row.roll !== 'template' || isOtherTemplate(was, workload))
      return undefined;
    return former;
  }

  /** What was known of a workload before this version of it; nothing, if the API server has gone back behind that. */
  #goOn(key: string, page: Page, version: string): Page | undefined {
    if (compareVersions(version, page.workload.resourceVersion) >= 0) return page;
    // Maps that were made after what was restored say nothing of the pods that were restored with it.
    this.#maps.forget(key);
    return undefined;
  }

  /** What was seen of the templates of a workload before it was put in: all of a new one. */
  #noTemplates(isNew: boolean): ReadonlySet<string> | undefined {
    return isNew && this.#started ? new Set() : undefined;
  }

  /** Which map counts after a workload was stored; `before` is the same one as it was known. */
  #takeMap(key: string, workload: Workload, stored: Page['stored'], before: Page | undefined): void {
    const { uid } = workload;
    const other = before !== undefined && isOtherTemplate(before.workload, workload);
    const restarted = other || before?.workload.lastRoll !== workload.lastRoll;
    const known = this.#maps.get(key, uid);
    if (typeof stored === 'object' && this.#maps.store(key, uid, stored, restarted)) return;
    if (known !== undefined && other && (before.templates?.has(workload.bare) ?? true))
      this.remember(key, uid, afterUnseenWrite(known.map, before.workload, workload));
  }

  #isAdded({ optedIn }: Workload, isNew: boolean): boolean {
    return isNew && this.#started && optedIn;
  }

  /** What was remembered must not make it stale when it opts in again. */
  #optOut(key: string, as: Showing['as']): void {
    this.#drop(key);
    this.#maps.forget(key);
    if (as === 'old') this.#outside.add(key);
  }

  #drop(key: string): void {
    this.#pages.delete(key);
    this.index.delete(key);
  }

  #parse(key: string, workload: Workload): StampMap | Unreadable | undefined {
    if (workload.stamps === undefined) return undefined;
    const parsed = parseStamps(workload.stamps, mapOwner(workload), this.#keyIds);
    this.#unreadable.look(key, workload.stamps, parsed);
    return parsed;
  }
}

/** Whether a workload has still the pods and the map that it was made with. */
function isStillBorn(before: Page, workload: Workload, stored: Page['stored']): boolean {
  return before.born && stored === before.stored && !isOtherTemplate(before.workload, workload);
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
