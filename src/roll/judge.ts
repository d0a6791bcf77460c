import { ABSENT } from '../core/digest.ts';
import { findDependencies, findDependency, fitMap, type Dependency } from '../core/dependency.ts';
import { leverValues } from '../core/lever-values.ts';
import { judgeStamp, planWorkload, type Current, type Plan } from '../core/plan.ts';
import type { SourceMarks } from '../core/opt-in.ts';
import { parseStampKey, stampKey, type SourceRef } from '../core/source.ts';
import { sameStamps, type Stamp, type StampMap } from '../core/stamp-map.ts';
import { workloadKey, type Workload } from '../core/workload.ts';
import type { FirstSight, Past } from './first-sight.ts';
import type { Lenders } from './lenders.ts';
import type { Mounted, PodStatuses } from './pod-statuses.ts';
import { knows, versionSince } from './order.ts';
import type { SourceBook } from './source-book.ts';
import type { Need, SourceReader, SourceState } from './source-reader.ts';
import type { Page, WorkloadBook } from './workload-book.ts';

export type JudgeSettings = {
  readonly autoReloadAll: boolean;
  readonly reloadOnCreate: boolean;
  readonly reloadOnDelete: boolean;
  readonly adoptByRoll: boolean;
};

export type Unread = { readonly ref: SourceRef; readonly need: Need };
export type Late = { readonly page: Page; readonly plan: Plan };

/** What is to be done for a workload, from what is in memory. */
export type Verdict =
  /** Sources must be read first; they are named. */
  | {
      readonly is: 'waiting';
      readonly unread: readonly Unread[];
      /** What would be rolled without waiting for them, as far as that is known. */
      readonly late: Late | undefined;
    }
  | ({ readonly is: 'stale' } & Late)
  /** Nothing to roll; `write` tells that the stored map should say what the plan's baseline says. */
  | { readonly is: 'fresh'; readonly page: Page; readonly plan: Plan; readonly write: boolean };

export type JudgeOptions = {
  readonly workloads: WorkloadBook;
  readonly sources: SourceBook;
  readonly reader: SourceReader;
  /** What a workload's pods have mounted of SecretProviderClasses; nobody reads these. */
  readonly statuses: Pick<PodStatuses, 'current'>;
  readonly keyId: string;
  readonly settings: JudgeSettings;
  /** How a source was when it became a dependency. */
  readonly firstSight: Pick<FirstSight, 'look'>;
  /** Who else may speak for a workload. */
  readonly lenders: Pick<Lenders, 'hasAll'>;
  /** An entry went because its source is no dependency any more, although it was stale. */
  readonly onDropped: (workload: Workload, stampKey: string) => void;
};

/** Brings the books and the pure rules together: what each workload depends on, and whether it is stale. */
export class Judge {
  readonly #options: JudgeOptions;

  constructor(options: JudgeOptions) {
    this.#options = options;
  }

  /** What rolls this workload, by stamp key. */
  dependencies(workload: Workload, map: StampMap | undefined): Map<string, Dependency> {
    const { sources, settings } = this.#options;
    return findDependencies(workload, map, sources.lookup(workload.namespace), settings.autoReloadAll);
  }

  /** Judges one workload; undefined if there is none of this key. Remembers what it drops, writes nothing. */
  judge(key: string): Verdict | undefined {
    const { workloads, keyId, settings } = this.#options;
    const page = workloads.get(key);
    if (page === undefined) return undefined;
    const { workload, stored } = page;
    const map = this.#prune(key, page);
    const dependencies = this.dependencies(workload, map);
    const { currents, late, pasts, unread } = this.#gather(page, map, dependencies.keys());
    const planFrom = (known: (name: string) => Current | undefined): Plan =>
      planWorkload({
        dependencies,
        map,
        current: known,
        past: (name) => pastOf(pasts.get(name)),
        keyId,
        // A CronJob that was there before us has no pods that run older data: each run reads what is stored.
        workloadCreated: workload.kind === 'CronJob' && !page.addedAfterStart ? Number.NaN : workload.created,
        addedAfterStart: page.addedAfterStart,
        settled: workload.settled,
        workloadWritten: workload.written,
        levers: (name) => leverValues(workload, name),
        keepOthers: !this.#knowsAll(workload),
        ...settings,
      });
    if (unread.length > 0 || [...pasts.values()].some(({ is }) => is === 'unread')) {
      // The first map of all must tell what was born in the dark: it waits for every source.
      const plan = map === undefined ? undefined : planFrom((name) => currents.get(name) ?? late.get(name));
      const isStale = plan !== undefined && plan.stale.length > 0;
      return { is: 'waiting', unread, late: isStale ? { page, plan } : undefined };
    }
    const plan = planFrom((name) => currents.get(name));
    if (plan.changed) workloads.remember(key, workload.uid, plan.baseline);
    if (plan.stale.length > 0) return { is: 'stale', page, plan };
    const write = this.#mustWrite(workload, stored, plan.baseline);
    return { is: 'fresh', page, plan, write };
  }

  /** What is known of the sources of these entries, now and in the past, and what must be read first. */
  #gather(page: Page, map: StampMap | undefined, names: Iterable<string>) {
    const { workload } = page;
    const currents = new Map<string, Current>();
    const late = new Map<string, Current>();
    const pasts = new Map<string, Past>();
    const unread: Unread[] = [];
    for (const name of names) {
      const ref = refOf(workload, name);
      const stamp = map?.s.get(name);
      if (ref.type === 'spc') {
        // Without a pod there is nothing to compare: what is stamped stays.
        const mounted = this.mounted(workload, ref.name);
        if (mounted !== undefined) currents.set(name, mounted);
        continue;
      }
      const found = this.#current(ref, { stamp, mapKey: map?.key, mapped: page.mapped });
      const current = typeof found === 'number' ? undefined : found;
      const past = stamp === undefined ? this.#past(page, ref, current) : undefined;
      if (past !== undefined) pasts.set(name, past);
      // Nothing can be made of a new one before it is known what its pods have seen.
      if (past?.is === 'unread') continue;
      if (typeof found !== 'number') currents.set(name, found);
      else if (!this.#options.reader.unreadable(ref)) {
        unread.push({ ref, need: { since: found, selection: stamp?.f } });
        const before = this.#lateState(ref, stamp, page.mapped);
        if (before !== undefined) late.set(name, before);
      }
    }
    return { currents, late, pasts, unread };
  }

  /**
   * The dependencies of a workload, as the watch has shown it, of which its template tells a hash. What somebody says of
   * the workload counts for nothing here: its uid must be that of the one that is stored.
   */
  bearing(workload: Workload): ReadonlySet<string> {
    const key = workloadKey(workload);
    const known = this.#options.workloads.get(key)?.workload;
    if (known === undefined || known.uid !== workload.uid) return new Set();
    const names = [...this.dependencies(known, this.#options.workloads.map(key)).keys()];
    return new Set(names.filter((name) => leverValues(known, name).length > 0));
  }

  /** What a workload's pods have mounted of a SecretProviderClass, as far as it is known. */
  mounted(
    workload: Pick<Workload, 'kind' | 'namespace' | 'name' | 'lastRoll'>,
    name: string,
  ): Mounted | undefined {
    const { workloads, statuses, keyId } = this.#options;
    const map = workloads.map(workloadKey(workload));
    return statuses.current(workload, name, map?.s.get(stampKey({ type: 'spc', name })), map?.key ?? keyId);
  }

  /**
   * The workloads that would roll if a source became `next`, which nobody has stored yet: the same rules, asked
   * ahead of time.
   */
  preview(ref: SourceRef, next: Current, marks: SourceMarks | undefined): Workload[] {
    const { workloads, keyId, settings } = this.#options;
    const rolls: Workload[] = [];
    for (const key of workloads.candidates(ref)) {
      const page = workloads.get(key);
      const map = workloads.map(key);
      const stamp = map?.s.get(stampKey(ref));
      if (page === undefined || stamp === undefined) continue;
      const { workload } = page;
      if (workload.terminating) continue;
      const stays =
        findDependency(workload, ref, { marks, stamped: true }, settings.autoReloadAll) !== undefined;
      if (stays && judgeStamp({ ...settings, keyId: map?.key ?? keyId }, stamp, next).is === 'stale')
        rolls.push(workload);
    }
    return rolls;
  }

  /** Entries of non-dependencies go at once and without a read, so that no later change finds them (DESIGN 2.1). */
  #prune(key: string, page: Page): StampMap | undefined {
    const map = this.#options.workloads.map(key);
    if (map === undefined || !this.#knowsAll(page.workload)) return map;
    const dependencies = this.dependencies(page.workload, map);
    const kept = [...map.s].filter(([name]) => dependencies.has(name));
    if (kept.length === map.s.size) return map;
    for (const [name, stamp] of map.s)
      if (!dependencies.has(name) && this.#moved(page, name, stamp, map.key))
        this.#options.onDropped(page.workload, name);
    const pruned = { ...map, s: new Map<string, Stamp>(kept) };
    this.#options.workloads.remember(key, page.workload.uid, pruned);
    return pruned;
  }

  /** Whether nobody else can make more sources dependencies of it than are known. */
  #knowsAll(workload: Workload): boolean {
    return this.#options.lenders.hasAll(workloadKey(workload), workload.borrowed);
  }

  #past({ asked }: Page, ref: SourceRef, current: Current | undefined): Past | undefined {
    if (current === undefined || (current.state === 'missing' && current.filtered === true)) return undefined;
    const { firstSight, sources } = this.#options;
    if (current.state === 'present')
      return firstSight.look(ref, sources.get(ref), asked, current.resourceVersion);
    // It has gone since the workload began to depend on it, perhaps: its pods have seen it then.
    const gone = sources.gone(ref);
    return gone && firstSight.look(ref, gone, asked, undefined);
  }

  /** Whether an entry is known to be stale. */
  #moved({ workload }: Page, name: string, stamp: Stamp, mapKey: string): boolean {
    const ref = refOf(workload, name);
    const state =
      ref.type === 'spc' ? this.mounted(workload, ref.name) : this.#options.reader.state(ref, stamp.f);
    if (state?.state === 'present' && state.fromStart === true) return false;
    return state?.state === 'present' && stamp.h !== ABSENT && state.digest(mapKey, stamp.f) !== stamp.h;
  }

  /** Whether the stored map should say something else. What does not fit is not missed in it. */
  #mustWrite(workload: Workload, stored: Page['stored'], baseline: StampMap): boolean {
    if (typeof stored !== 'object') return workload.optedIn && baseline.s.size > 0;
    const fitted = fitMap(workload, baseline);
    return fitted !== undefined && !sameStamps(withoutOld(stored, fitted.map), fitted.map);
  }

  /**
   * A source as it was read last, although a newer version has been heard of: good enough to roll on when nobody
   * can wait any longer, if it is at least as new as what the stamp was made of (DESIGN 2.3).
   */
  #lateState(ref: SourceRef, stamp: Stamp | undefined, mapped: number): Current | undefined {
    const state = this.#options.reader.state(ref, stamp?.f);
    if (state?.state !== 'present' || stamp === undefined) return undefined;
    return state.began > mapped || versionSince(state, stamp) >= 0 ? state : undefined;
  }

  /** A source as it is now; if it must be read first, the moment of what that read must show. */
  #current(ref: SourceRef, stamped: Stamped): Current | number {
    const { sources, reader, keyId } = this.#options;
    const { stamp, mapKey } = stamped;
    const meta = sources.get(ref);
    const state = reader.state(ref, stamp?.f);
    if (state !== undefined) {
      if (meta !== undefined && !knows(state, meta)) return meta.shown;
      return this.#mayPrecede(state, stamped) ? stamped.mapped : state;
    }
    if (meta === undefined) return stamp?.rv === undefined ? { state: 'missing' } : stamped.mapped;
    // The stamp was made of the very version that is stored: what it says need not be read.
    const unchanged = stamp?.uid === meta.uid && stamp.rv === meta.resourceVersion;
    if (!unchanged || mapKey !== keyId || stamp.f !== undefined) return meta.shown;
    const { uid, resourceVersion, created, dataTime } = meta;
    return { state: 'present', uid, resourceVersion, created, dataTime, digest: () => stamp.h };
  }

  /**
   * Whether a source that looks stale may have been read before what its stamp was made of: another process that
   * wrote the map may have seen what the watch has not shown here yet. The version of a stamp tells only where it is
   * newer or older than another one of the same uid; else the source is read once more, after the map was shown.
   */
  #mayPrecede(state: SourceState, { stamp, mapKey, mapped }: Stamped): boolean {
    if (stamp === undefined || state.began > mapped || versionSince(state, stamp) > 0) return false;
    const { settings, keyId } = this.#options;
    return judgeStamp({ ...settings, keyId: mapKey ?? keyId }, stamp, state).is === 'stale';
  }
}

/** An entry of a map, the key of that map, and the moment when it was shown. */
type Stamped = {
  readonly stamp: Stamp | undefined;
  readonly mapKey: string | undefined;
  readonly mapped: number;
};

function pastOf(past: Past | undefined): Current | 'unknown' | undefined {
  if (past?.is === 'known') return past.current;
  return past?.is === 'unknown' ? 'unknown' : undefined;
}

/** A map without each `was` that is over in the wanted one: a rollout that has ended is not worth a write. */
function withoutOld(stored: StampMap, wanted: StampMap): StampMap {
  const kept = [...stored.s].map(([key, stamp]): [string, Stamp] => {
    if (stamp.was === undefined || wanted.s.get(key)?.was !== undefined) return [key, stamp];
    const { h, f } = stamp;
    return [key, f === undefined ? { h } : { h, f }];
  });
  return { ...stored, s: new Map(kept) };
}

function refOf(workload: Workload, name: string): SourceRef {
  const source = parseStampKey(name);
  if (source === undefined) throw new TypeError(`not a stamp key: ${name}`);
  return { ...source, namespace: workload.namespace };
}
