import { findDependencies, findDependency, fitMap, type Dependency } from '../core/stamps/dependency.ts';
import { leverValues } from '../core/stamps/lever-values.ts';
import { judgeStamp, planWorkload, type Current, type Plan } from '../core/stamps/plan.ts';
import type { SourceMarks } from '../core/opt-in/opt-in.ts';
import { stampKey, type SourceRef } from '../core/api/source.ts';
import { sameStamps, type Stamp, type StampMap } from '../core/stamps/stamp-map.ts';
import type { Wishes } from '../core/opt-in/overrides.ts';
import { workloadKey, type Workload } from '../core/objects/workload.ts';
import type { Past } from '../state/first-sight.ts';
import type { Lenders } from '../state/workload-refs.ts';
import type { Mounted } from '../state/csi-mounts.ts';
import { SourceView, type MountOwner, type SourceViewOptions, type Unread } from '../state/source-view.ts';
import type { Page } from '../state/cached-workload.ts';

export type JudgeSettings = {
  readonly autoReloadAll: boolean;
  readonly reloadOnCreate: boolean;
  readonly reloadOnDelete: boolean;
  readonly adoptByRoll: boolean;
};

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
  /** `write`: the baseline of a source that is stale, or new, is in memory alone, and would be lost with this process. */
  | ({ readonly is: 'stale'; readonly write: boolean } & Late)
  /** Nothing to roll; `write` tells that the stored map should say what the plan's baseline says. */
  | { readonly is: 'fresh'; readonly page: Page; readonly plan: Plan; readonly write: boolean };

export type JudgeOptions = SourceViewOptions & {
  readonly settings: JudgeSettings;
  /** Who else may speak for a workload. */
  readonly lenders: Pick<Lenders, 'hasAll'>;
  /** An entry went because its source is no dependency any more, although it was stale. */
  readonly onDropped: (workload: Workload, stampKey: string) => void;
};

/** Brings the books and the pure rules together: what each workload depends on, and whether it is stale. */
export class Judge {
  readonly #options: JudgeOptions;
  readonly #sources: SourceView;
  /** What of the maps of these entries has room, and for what that was found: to fit a large one in takes as long as to judge it. */
  readonly #fitted = new WeakMap<
    StampMap['s'],
    { readonly of: string; readonly map: StampMap | undefined }
  >();

  constructor(options: JudgeOptions) {
    this.#options = options;
    this.#sources = new SourceView(options);
  }

  /** What rolls this workload, by stamp key. */
  dependencies(workload: Workload, map: StampMap | undefined): Map<string, Dependency> {
    const { sources, settings } = this.#options;
    return findDependencies(workload, map, sources.in(workload.namespace), settings.autoReloadAll);
  }

  /** What the sources ask for that roll this workload, in a map or not yet: their times count for it. */
  asked(workload: Workload): Wishes[] {
    const { sources, settings, workloads } = this.#options;
    const map = workloads.map(workloadKey(workload));
    const rolls = sources.asking(workload.namespace).filter((meta) => {
      const key = stampKey(meta);
      const known = { marks: meta.marks, stamped: map?.s.has(key) ?? false };
      return findDependency(workload, key, known, settings.autoReloadAll) !== undefined;
    });
    return rolls.map(({ wishes }) => wishes);
  }

  /** Judges one workload; undefined if there is none of this key. Remembers what it drops, writes nothing. */
  judge(key: string): Verdict | undefined {
    const { workloads, keyId, settings } = this.#options;
    const page = workloads.get(key);
    if (page === undefined) return undefined;
    const { workload, stored } = page;
    const before = workloads.map(key);
    const dependencies = this.dependencies(workload, before);
    const known = this.#prune(page, before, dependencies);
    const { currents, late, pasts, unread } = this.#sources.gather(page, known, dependencies);
    const map = page.born ? asBorn(known, currents, pasts) : known;
    const planFrom = (current: (name: string) => Current | undefined): Plan =>
      planWorkload({
        dependencies,
        map,
        current,
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
      const plan =
        map === undefined || page.born ? undefined : planFrom((name) => currents.get(name) ?? late.get(name));
      const isStale = plan !== undefined && plan.stale.length > 0;
      return { is: 'waiting', unread, late: isStale ? { page, plan } : undefined };
    }
    const plan = planFrom((name) => currents.get(name));
    if (plan.changed || (page.born && map !== undefined))
      workloads.remember(key, workload.uid, plan.baseline);
    workloads.compared(key);
    if (plan.stale.length > 0) {
      const isWhole = map !== undefined || plan.changed;
      return { is: 'stale', page, plan, write: isWhole && this.#lacks(workload, stored, plan.baseline) };
    }
    const write = this.#mustWrite(workload, stored, plan.baseline);
    return { is: 'fresh', page, plan, write };
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

  /** {@link SourceView.mounted} */
  mounted(workload: MountOwner, name: string): Mounted | undefined {
    return this.#sources.mounted(workload, name);
  }

  /**
   * The workloads that would roll if a source became `next`, which nobody has stored yet: the same rules, asked
   * ahead of time.
   */
  preview(ref: SourceRef, next: Current, marks: SourceMarks | undefined): Workload[] {
    const { workloads, keyId, settings } = this.#options;
    const rolls: Workload[] = [];
    const name = stampKey(ref);
    for (const key of workloads.candidates(ref)) {
      const page = workloads.get(key);
      const map = workloads.map(key);
      const stamp = map?.s.get(name);
      if (page === undefined || stamp === undefined) continue;
      const { workload } = page;
      if (workload.terminating) continue;
      const stays =
        findDependency(workload, name, { marks, stamped: true }, settings.autoReloadAll) !== undefined;
      if (stays && judgeStamp({ ...settings, keyId: map?.key ?? keyId }, stamp, next).is === 'stale')
        rolls.push(workload);
    }
    return rolls;
  }

  /**
   * Entries of non-dependencies go at once and without a read, so that no later change finds them (DESIGN 2.1). That makes
   * nothing else a dependency, or none.
   */
  #prune(
    page: Page,
    map: StampMap | undefined,
    dependencies: ReadonlyMap<string, Dependency>,
  ): StampMap | undefined {
    if (map === undefined || !this.#knowsAll(page.workload)) return map;
    const kept = [...map.s].filter(([name]) => dependencies.has(name));
    if (kept.length === map.s.size) return map;
    for (const [name, stamp] of map.s)
      if (!dependencies.has(name) && this.#sources.moved(page, name, stamp, map.key))
        this.#options.onDropped(page.workload, name);
    const pruned = { ...map, s: new Map<string, Stamp>(kept) };
    this.#options.workloads.remember(workloadKey(page.workload), page.workload.uid, pruned);
    return pruned;
  }

  /** Whether nobody else can make more sources dependencies of it than are known. */
  #knowsAll(workload: Workload): boolean {
    return this.#options.lenders.hasAll(workloadKey(workload), workload.borrowed);
  }

  /** Whether the stored map has not all the entries that it could have. */
  #lacks(workload: Workload, stored: Page['stored'], baseline: StampMap): boolean {
    if (typeof stored !== 'object') return this.#mustWrite(workload, stored, baseline);
    const fitted = this.#fit(workload, baseline);
    return fitted !== undefined && [...fitted.s.keys()].some((key) => !stored.s.has(key));
  }

  /** Whether the stored map should say something else. What does not fit is not missed in it. */
  #mustWrite(workload: Workload, stored: Page['stored'], baseline: StampMap): boolean {
    if (typeof stored !== 'object') return workload.optedIn && baseline.s.size > 0;
    const fitted = this.#fit(workload, baseline);
    return fitted !== undefined && !sameStamps(withoutOld(stored, fitted), fitted);
  }

  #fit(workload: Workload, map: StampMap): StampMap | undefined {
    const of = JSON.stringify([map.n, map.key, map.req, workload.room, workload.asks]);
    const known = this.#fitted.get(map.s);
    if (known?.of === of) return known.map;
    const fitted = fitMap(workload, map)?.map;
    this.#fitted.set(map.s, { of, map: fitted });
    return fitted;
  }
}

/**
 * The map that came with a new workload, without the entries of which it is known what its pods have seen: they have started
 * with what was stored when it was made, whatever a copy of another one's map says.
 */
function asBorn(
  map: StampMap | undefined,
  currents: ReadonlyMap<string, Current>,
  pasts: ReadonlyMap<string, Past>,
): StampMap | undefined {
  const isKnown = (key: string): boolean => {
    const past = pasts.get(key)?.is;
    return past === 'same' || past === 'known' || (past === undefined && isMissing(currents.get(key)));
  };
  return map && { ...map, s: new Map([...map.s].filter(([key]) => !isKnown(key))) };
}

function isMissing(current: Current | undefined): boolean {
  return current?.state === 'missing' && current.filtered !== true;
}

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
