import { STAMPS } from '../api/annotations.ts';
import { decide, type Reason, type SourceMarks } from '../opt-in/opt-in.ts';
import { Room } from '../api/annotation-room.ts';
import { parseStampKey, SOURCE_ROWS, stampKey, type SourceType } from '../api/source.ts';
import type { SourceMeta } from '../objects/source-metadata.ts';
import { fitStamps, mapOwner, type StampMap } from './stamp-map.ts';
import type { Workload } from '../objects/workload.ts';

/** A source that rolls a workload, with the reason and the container that gets the lever. */
export type Dependency = {
  readonly type: SourceType;
  readonly name: string;
  readonly reason: Reason;
  readonly container: string;
};

/** The sources that exist in one namespace, by stamp key. */
export type NamespaceSources = ReadonlyMap<string, Pick<SourceMeta, 'type' | 'marks'>>;

/**
 * The dependencies of a workload, by stamp key. A source that does not exist keeps the last answer about it
 * (DESIGN 2.5): what is in the map stays, as far as the workload still asks for it.
 */
export function findDependencies(
  workload: Workload,
  map: StampMap | undefined,
  sources: NamespaceSources,
  autoReloadAll: boolean,
): Map<string, Dependency> {
  const found = new Map<string, Dependency>();
  if (workload.firstContainer === undefined || !workload.optedIn) return found;
  for (const key of candidates(workload, map, sources)) {
    const known = { marks: sources.get(key)?.marks, stamped: map?.s.has(key) ?? false };
    const dependency = findDependency(workload, key, known, autoReloadAll);
    if (dependency !== undefined) found.set(key, dependency);
  }
  return found;
}

/** Whether one source rolls a workload, by its stamp key: its marks if it exists, and whether the map has an entry for it. */
export function findDependency(
  workload: Workload,
  key: string,
  { marks, stamped }: { readonly marks: SourceMarks | undefined; readonly stamped: boolean },
  autoReloadAll: boolean,
): Dependency | undefined {
  const source = parseStampKey(key);
  if (source === undefined || workload.firstContainer === undefined) return undefined;
  const { type, name } = source;
  const reference = workload.references.get(key);
  const optIn = workload.optIn[type];
  const candidate = {
    name,
    marks: marks ?? { ignore: false, match: stamped },
    referenced: reference !== undefined,
  };
  const decision = decide(optIn, candidate, autoReloadAll);
  // A pattern names no source, so an absent one is a dependency only if it has been one before.
  const named = reference !== undefined || (optIn.list?.names.has(name) ?? false);
  if (!decision.rolls || (marks === undefined && !named && !stamped)) return undefined;
  return { type, name, reason: decision.reason, container: reference?.container ?? workload.firstContainer };
}

/** Whether only a pattern makes a source a dependency, so that its entry is the first to go when space is short. */
export function isPatternOnly(workload: Workload, key: string): boolean {
  const source = parseStampKey(key);
  if (source === undefined) return true;
  return !workload.references.has(key) && workload.optIn[source.type].list?.names.has(source.name) !== true;
}

/** What of a map is written; undefined if nothing. */
export type FittedMap = ReturnType<typeof fitStamps>;

/**
 * A workload's map as it fits into its annotation, beside those of others: what only a pattern names is left out first
 * (DESIGN 4).
 */
export function fitMap(workload: Workload, map: StampMap): FittedMap {
  const room = new Room(workload.room).for(STAMPS);
  return fitStamps(map, mapOwner(workload), (key) => isPatternOnly(workload, key), room);
}

function candidates(workload: Workload, map: StampMap | undefined, sources: NamespaceSources): Set<string> {
  const keys = new Set([...workload.references.keys(), ...(map?.s.keys() ?? [])]);
  for (const { type } of SOURCE_ROWS) {
    const list = workload.optIn[type].list;
    for (const name of list?.names ?? []) keys.add(stampKey({ type, name }));
    if (list === undefined || list.patterns.length === 0) continue;
    for (const [key, source] of sources) if (source.type === type) keys.add(key);
  }
  return keys;
}
