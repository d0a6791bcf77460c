import { ABSENT, type Digest } from '../objects/digest.ts';
import type { Dependency } from './dependency.ts';
import { isSameStamp, sameStamps, wasBefore, type Stamp, type StampMap } from './stamp-map.ts';

/** A source as it is stored now. */
export type Current =
  /** Filtered: it exists, but has not the labels that are asked for. */
  | { readonly state: 'missing'; readonly filtered?: boolean }
  | {
      readonly state: 'present';
      readonly uid: string;
      readonly resourceVersion: string;
      /** Milliseconds since 1970, to the second. */
      readonly created: number;
      /** Time of the newest managedFields entry that owns data; undefined if the API server keeps none. */
      readonly dataTime: number | undefined;
      /** The pods have started with this: where it differs from a stamp, the stamp is taken anew and nothing rolls. */
      readonly fromStart?: boolean;
      /** The values that a lever of it may have, Reloader's hash first; undefined where it was not read. */
      readonly levers?: readonly string[];
      /** The digest under one of our keys, of all keys or of a selection. */
      digest(keyId: string, selection: readonly string[] | undefined): Digest;
    };

export type PlanInput = {
  readonly dependencies: ReadonlyMap<string, Dependency>;
  readonly map: StampMap | undefined;
  /** Undefined for a source that cannot be read: its entry stays as it is, and nothing is made of it. */
  readonly current: (stampKey: string) => Current | undefined;
  /**
   * A source without an entry as it was when it became a dependency, if it was written since; `unknown` if nobody can
   * tell any more.
   */
  readonly past?: (stampKey: string) => Current | 'unknown' | undefined;
  readonly keyId: string;
  /** Milliseconds since 1970, to the second. */
  readonly workloadCreated: number;
  /** When anybody last wrote the workload outside its status. */
  readonly workloadWritten?: number | undefined;
  /** The workload appeared after our start, so that its pods may run data older than what we read first. */
  readonly addedAfterStart: boolean;
  /** All pods run the newest template: a digest that was kept for older ones can go. */
  readonly settled: boolean;
  /** The values of a source's levers in the template: of env vars, and of the annotation where it speaks of it. */
  readonly levers: (stampKey: string) => readonly string[];
  /** More sources may be dependencies than are known yet: entries of others stay, too. */
  readonly keepOthers?: boolean;
  /** --adopt=roll: also what may have changed before the first baseline. */
  readonly adoptByRoll: boolean;
  readonly reloadOnCreate: boolean;
  readonly reloadOnDelete: boolean;
};

/** Why a dependency is stale. */
export type StaleCause = 'changed' | 'created' | 'deleted' | 'born-in-the-dark' | 'adopted';
export type Stale = { readonly key: string; readonly dependency: Dependency; readonly cause: StaleCause };

export type Plan = {
  readonly stale: readonly Stale[];
  /** The map as it should be while nothing is rolled: baselines for what is new, stale entries untouched. */
  readonly baseline: StampMap;
  /** The map as the roll writes it: everything current. */
  readonly rolled: StampMap;
  /**
   * A rollout is under way, and levers that go or return to an older value may make a template of which pods still
   * run, with older data.
   */
  readonly returns: boolean;
  /** The baseline says something that the given map does not. */
  readonly changed: boolean;
  /** Sources that may have changed before the first baseline; nobody can tell (DESIGN 2.7). */
  readonly unproven: readonly string[];
};

type Verdict =
  | { readonly is: 'fresh' | 'new' | 'unproven' }
  | { readonly is: 'kept' }
  | { readonly is: 'stale'; readonly cause: StaleCause };

/**
 * Compares the stamps of a workload with its sources as they are (DESIGN 2.1 to 2.7). Pure: it does the same
 * however often and in whatever order it is called, which is what makes everything else safe to repeat.
 */
export function planWorkload(input: PlanInput): Plan {
  const { map, dependencies } = input;
  const verdicts = new Map<string, Verdict>();
  const stale: Stale[] = [];
  const unproven: string[] = [];
  for (const [key, dependency] of dependencies) {
    const verdict = judge(input, key, map?.s.get(key));
    verdicts.set(key, verdict);
    if (verdict.is === 'stale') stale.push({ key, dependency, cause: verdict.cause });
    else if (verdict.is === 'unproven') unproven.push(key);
  }
  const baseline = compose(input, verdicts, (verdict) => verdict.is === 'kept' || verdict.is === 'stale');
  const rolled = stale.length === 0 ? baseline : compose(input, verdicts, (verdict) => verdict.is === 'kept');
  return {
    stale,
    baseline,
    rolled,
    returns: !input.settled && stale.some(({ key }) => isReturn(map?.s.get(key), rolled.s.get(key))),
    // A map without what was born in the dark would be a map all the same, and nothing in it would roll.
    changed:
      map === undefined
        ? stale.every(({ key }) => baseline.s.has(key)) && baseline.s.size > 0
        : !sameStamps(map, baseline),
    unproven,
  };
}

function isReturn(old: Stamp | undefined, rolled: Stamp | undefined): boolean {
  return rolled?.h === ABSENT || (old?.was !== undefined && old.was === rolled?.h);
}

function judge(input: PlanInput, key: string, stamp: Stamp | undefined): Verdict {
  const current = input.current(key);
  if (current === undefined) return { is: 'kept' };
  if (stamp === undefined) {
    const before = firstStamp(input, key, input.keyId);
    const verdict = before && judgeStamp(input, before, current);
    const isGone = before !== undefined && before.h !== ABSENT && current.state === 'missing';
    if (verdict?.is === 'stale' || isGone) return verdict ?? { is: 'kept' };
    return judgeUnstamped(input, key, current);
  }
  return judgeStamp({ ...input, keyId: input.map?.key ?? input.keyId }, stamp, current);
}

/** Judges one entry of a map against its source; `keyId` is the key of that map (DESIGN 2.5, 2.6). */
export function judgeStamp(
  input: Pick<PlanInput, 'keyId' | 'reloadOnCreate' | 'reloadOnDelete'>,
  stamp: Stamp,
  current: Current,
): Verdict {
  if (current.state === 'missing') {
    if (stamp.h === ABSENT) return { is: 'fresh' };
    return input.reloadOnDelete && current.filtered !== true
      ? { is: 'stale', cause: 'deleted' }
      : { is: 'kept' };
  }
  if (stamp.h === ABSENT) {
    if (input.reloadOnCreate) return { is: 'stale', cause: 'created' };
    // It was created and then written again, and nobody has seen it in between: pods that waited for it may have.
    const isRewritten = current.dataTime !== undefined && current.created < current.dataTime;
    return isRewritten ? { is: 'stale', cause: 'changed' } : { is: 'new' };
  }
  if (current.digest(input.keyId, stamp.f) === stamp.h) return { is: 'fresh' };
  return current.fromStart === true ? { is: 'new' } : { is: 'stale', cause: 'changed' };
}

/**
 * What the entry of a new dependency would be if it had been made when the source became one: the pods have seen
 * nothing that came later. Undefined where nothing has.
 */
function firstStamp(input: PlanInput, key: string, keyId: string): Stamp | undefined {
  const past = input.past?.(key);
  if (past === 'unknown') return undefined;
  if (past !== undefined) return stampFor(past, keyId);
  const current = input.current(key);
  const { map, workloadWritten } = input;
  // It did not exist when the workload was last written: a pattern names nothing that is not there. What pods mount of
  // a SecretProviderClass always comes after them.
  const isLater =
    current?.state === 'present' &&
    workloadWritten !== undefined &&
    workloadWritten < current.created &&
    input.dependencies.get(key)?.type !== 'spc';
  return map !== undefined && isLater ? { h: ABSENT } : undefined;
}

/** DESIGN 2.7: without a map, a source older than the workload with data younger than it may have been missed. */
function judgeUnstamped(input: PlanInput, key: string, current: Current): Verdict {
  if (current.state === 'missing') return { is: 'new' };
  // The map was written while the source could not be read, or it became a dependency while nobody looked.
  const isLater = (current.dataTime ?? 0) > (input.workloadWritten ?? input.workloadCreated);
  const isUnknown =
    input.past?.(key) === 'unknown' || (input.map !== undefined && !input.addedAfterStart && isLater);
  if (input.map !== undefined && !isUnknown) return { is: 'new' };
  const dark =
    input.map === undefined &&
    current.created <= input.workloadCreated &&
    current.dataTime !== undefined &&
    input.workloadCreated < current.dataTime;
  if (dark && input.addedAfterStart) return { is: 'stale', cause: 'born-in-the-dark' };
  const known = current.levers;
  const levers = known === undefined ? [] : input.levers(key);
  // Whoever wrote a lever with today's hash has rolled the workload for what is stored now. One that differs may
  // be left from another strategy.
  const proven =
    levers.length === 0 ? !dark && !isUnknown : levers.some((value) => known?.includes(value) === true);
  if (proven) return { is: 'new' };
  return input.adoptByRoll ? { is: 'stale', cause: 'adopted' } : { is: 'unproven' };
}

/**
 * A map in which `keep` entries stay as they are. All digests of a map are under one key, and an entry that
 * stays cannot be made anew, so while there is one the map keeps a former key.
 */
function compose(
  input: PlanInput,
  verdicts: ReadonlyMap<string, Verdict>,
  keep: (verdict: Verdict) => boolean,
): StampMap {
  const { map } = input;
  const others = input.keepOthers === true ? [...(map?.s ?? [])].filter(([key]) => !verdicts.has(key)) : [];
  const keyId = keyOf(input, verdicts, keep, others.length > 0);
  const entries: [string, Stamp][] = others;
  for (const [key, verdict] of verdicts) {
    const old = map?.s.get(key);
    const stamp = keep(verdict)
      ? (old ?? firstStamp(input, key, keyId))
      : stampOf(input, key, keyId, map?.key === keyId ? old : undefined);
    if (stamp !== undefined) entries.push([key, stamp]);
  }
  const req = map?.req === undefined ? {} : { req: map.req };
  // Text of others: a counter that went beyond what a number holds would make our own map unreadable.
  const n = Math.min((map?.n ?? 0) + 1, Number.MAX_SAFE_INTEGER);
  // Entries that are all the same are known to be by their map alone, however many there are.
  const same = map?.s.size === entries.length && entries.every(([key, stamp]) => map.s.get(key) === stamp);
  return { n, key: keyId, ...req, s: same ? map.s : new Map(entries) };
}

function keyOf(
  { map, keyId }: PlanInput,
  verdicts: ReadonlyMap<string, Verdict>,
  keep: (verdict: Verdict) => boolean,
  hasOthers: boolean,
): string {
  if (map === undefined || map.key === keyId) return keyId;
  const stays = [...verdicts].some(([key, verdict]) => keep(verdict) && map.s.has(key));
  return stays || hasOthers ? map.key : keyId;
}

function stampOf(input: PlanInput, key: string, keyId: string, old: Stamp | undefined): Stamp {
  const current = input.current(key) ?? { state: 'missing' };
  const stamp = stampFor(current, keyId);
  const { was } = wasBefore(old, stamp.h, input.settled);
  const made = was === undefined ? stamp : { ...stamp, was };
  return old !== undefined && isSameStamp(old, made) ? old : made;
}

function stampFor(current: Current, keyId: string): Stamp {
  if (current.state === 'missing') return { h: ABSENT };
  const { uid, resourceVersion: rv } = current;
  return { h: current.digest(keyId, undefined), uid, rv };
}
