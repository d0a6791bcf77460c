import { LAST_RELOADED_FROM } from './annotations.ts';
import { leverName } from './lever.ts';
import { parseReloadedFrom } from './reloaded-from.ts';
import { parseStampKey } from './source.ts';
import type { StampMap } from './stamp-map.ts';
import type { Workload } from './workload.ts';

/**
 * The names of the variables that are levers of a workload: those of what it depends on, or did by its map. Any other
 * one is its owner's, however it is named.
 */
export function leverNames(dependencies: Iterable<string>, map: StampMap | undefined): Set<string> {
  const sources = [...dependencies, ...(map?.s.keys() ?? [])].flatMap((key) => parseStampKey(key) ?? []);
  return new Set(sources.map(({ type, name }) => leverName(type, name)));
}

/** The hashes of a source that the template tells: in env vars of its containers, and in the annotation. */
export function leverValues(workload: Workload, key: string): string[] {
  const source = parseStampKey(key);
  if (source === undefined) return [];
  const wanted = leverName(source.type, source.name);
  return workload.levers.flatMap(({ name, value }) => {
    if (name === wanted) return value ?? [];
    const told = name === LAST_RELOADED_FROM ? parseReloadedFrom(value) : undefined;
    return told?.type === source.type && told.name === source.name ? told.hash : [];
  });
}
