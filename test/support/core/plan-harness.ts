import type { Dependency } from '../../../src/core/stamps/dependency.ts';
import { planWorkload, type Current, type Plan, type PlanInput } from '../../../src/core/stamps/plan.ts';
import { parseStampKey } from '../../../src/core/api/source.ts';
import type { Stamp, StampMap } from '../../../src/core/stamps/stamp-map.ts';

/** Data of a source in these tests, by key. */
export type Content = Readonly<Record<string, string>>;

/** A digest that can be read: which key made it, of what. */
export function digestOf(keyId: string, content: Content, selection?: readonly string[]): string {
  const chosen = Object.entries(content).filter(([key]) => selection?.includes(key) ?? true);
  return `${keyId}:${JSON.stringify(chosen.sort())}`;
}

export const MISSING: Current = { state: 'missing' };

export function present(
  content: Content,
  rest: Partial<Extract<Current, { state: 'present' }>> = {},
): Current {
  return {
    state: 'present',
    uid: 'u',
    resourceVersion: '7',
    created: 0,
    dataTime: 0,
    digest: (keyId, selection) => digestOf(keyId, content, selection),
    ...rest,
  };
}

export function dependency(key: string): Dependency {
  return { ...parseStampKey(key)!, reason: 'auto', container: 'app' };
}

export function mapOf(s: Readonly<Record<string, Stamp>>, rest: Partial<StampMap> = {}): StampMap {
  return { n: 4, key: 'k1', ...rest, s: new Map(Object.entries(s)) };
}

/** The entry that a baseline makes of a source. */
export function stampOf(content: Content, keyId = 'k1'): Stamp {
  return { h: digestOf(keyId, content), uid: 'u', rv: '7' };
}

/** A plan for a workload whose dependencies are the sources of `now`. */
export function plan(
  now: Readonly<Record<string, Current>>,
  map: StampMap | undefined,
  rest: Partial<PlanInput> = {},
): Plan {
  return planWorkload({
    dependencies: new Map(Object.keys(now).map((key) => [key, dependency(key)])),
    map,
    current: (key) => now[key]!,
    keyId: 'k1',
    workloadCreated: 0,
    addedAfterStart: false,
    settled: false,
    levers: () => [],
    adoptByRoll: false,
    reloadOnCreate: false,
    reloadOnDelete: false,
    ...rest,
  });
}

/** The stale entries of a plan, as `cm/app changed`. */
export function staleOf(found: Plan): string[] {
  return found.stale.map(({ key, cause }) => `${key} ${cause}`).sort();
}

/** The entries of a map as an object. */
export function entriesOf(map: StampMap): Record<string, Stamp> {
  return Object.fromEntries(map.s);
}
