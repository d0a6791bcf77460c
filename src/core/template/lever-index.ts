import type { Lever } from './lever.ts';

/** So few are looked through as they are: an index of each workload would weigh more than it saves. */
const FEW = 16;
const indexes = new WeakMap<readonly Lever[], ReadonlyMap<string, readonly Lever[]>>();

/**
 * The levers of this name. They are sorted by name once for each list: a template may have tens of thousands, and each of a
 * thousand dependencies is asked for.
 */
export function leversNamed(levers: readonly Lever[], name: string): readonly Lever[] {
  if (levers.length <= FEW) return levers.filter((lever) => lever.name === name);
  const known = indexes.get(levers);
  const index = known ?? Map.groupBy(levers, (lever) => lever.name);
  if (known === undefined) indexes.set(levers, index);
  return index.get(name) ?? [];
}
