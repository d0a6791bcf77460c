import { LAST_RELOADED_FROM } from './annotations.ts';
import { leverName } from './lever.ts';
import { parseReloadedFrom } from './reloaded-from.ts';
import { parseStampKey } from './source.ts';
import type { Workload } from './workload.ts';

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
