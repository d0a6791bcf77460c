import { LAST_RELOADED_FROM } from '../api/annotations.ts';
import { leverName } from '../template/lever.ts';
import { leversNamed } from '../template/lever-index.ts';
import { parseReloadedFrom } from '../template/reloaded-from.ts';
import { parseStampKey } from '../api/source.ts';
import type { StampMap } from './stamp-map.ts';
import type { Workload } from '../objects/workload.ts';

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
  const told = leversNamed(workload.levers, LAST_RELOADED_FROM)
    .map(({ value }) => parseReloadedFrom(value))
    .flatMap((from) => (from?.type === source.type && from.name === source.name ? from.hash : []));
  const variables = leversNamed(workload.levers, leverName(source.type, source.name));
  return [...variables.flatMap(({ value }) => value ?? []), ...told];
}
