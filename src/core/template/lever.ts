import { LAST_RELOADED_FROM, STAMP } from '../api/annotations.ts';
import { leversNamed } from './lever-index.ts';
import { formatReloadedFrom } from './reloaded-from.ts';
import { sourceRow, type SourceType } from '../api/source.ts';
import type { EnvPatch, TemplatePatch } from './template-patch.ts';

/** How a roll shows in the pod template (reloader.md 4): an env var, or the annotation `last-reloaded-from`. */
export type Strategy = 'env-vars' | 'annotations';

/** One of Reloader's levers in a pod template; the annotation is in no container. */
export type Lever = {
  readonly container: string;
  readonly name: string;
  readonly value: string | undefined;
  /** It has a `valueFrom`, which a patch of `value` must take away. */
  readonly dynamic: boolean;
};

const LEVER_NAME = /^STAKATER_.*_(CONFIGMAP|SECRET|SECRETPROVIDERCLASS)$/;

/** Whether an env var has the form of Reloader's lever. */
export function isLeverName(name: string): boolean {
  return LEVER_NAME.test(name);
}

/**
 * Name of the env var that rolls a workload (reloader.md 4.1): upper case, runs of anything but letters and
 * digits become one `_`, a leading run is dropped. `a.b` and `a-b` get one name; {@link planLever} copes.
 *
 * @example leverName('cm', 'my.app-config') is 'STAKATER_MY_APP_CONFIG_CONFIGMAP'
 */
export function leverName(type: SourceType, name: string): string {
  const norm = name
    .toUpperCase()
    .replace(/[^A-Z0-9]+/g, '_')
    .replace(/^_/, '');
  return `STAKATER_${norm}_${sourceRow(type).word}`;
}

/** One source whose change must show in the template: its new SHA-1, or undefined when it is gone. */
export type LeverChange = {
  readonly type: SourceType;
  readonly name: string;
  readonly namespace: string;
  readonly container: string;
  readonly value: string | undefined;
  /** When its data was written: milliseconds since 1970. */
  readonly at: number;
};

/**
 * The patch of the pod template that makes these changes visible. It always changes the template: where every
 * lever already has its target value (two names fell together, or data returned to an older state), it sets
 * `restamp.dev/stamp` to `stamp`, which the caller never uses twice (DESIGN 2.4).
 */
export function planLever(
  present: readonly Lever[],
  changes: readonly LeverChange[],
  stamp: string,
  strategy: Strategy = 'env-vars',
): TemplatePatch {
  const patch = strategy === 'annotations' ? planAnnotation(present, changes) : planEnv(present, changes);
  return patch ?? withStamp({}, stamp);
}

/** The same patch for a template that never was before, whatever its levers are. */
export function withStamp(patch: TemplatePatch, stamp: string): TemplatePatch {
  return { ...patch, metadata: { annotations: { ...patch.metadata?.annotations, [STAMP]: stamp } } };
}

function planEnv(present: readonly Lever[], changes: readonly LeverChange[]): TemplatePatch | undefined {
  const containers = new Map<string, Map<string, EnvPatch>>();
  for (const change of changes) {
    const name = leverName(change.type, change.name);
    const env = containers.get(change.container) ?? new Map<string, EnvPatch>();
    containers.set(change.container, env);
    const now = leversNamed(present, name).find(({ container }) => container === change.container);
    if (change.value === undefined) {
      if (now === undefined) env.delete(name);
      else env.set(name, { name, $patch: 'delete' });
    } else if (now?.value === change.value && !now.dynamic) env.delete(name);
    else env.set(name, { name, value: change.value, ...(now?.dynamic === true ? { valueFrom: null } : {}) });
  }
  const patches = [...containers]
    .filter(([, env]) => env.size > 0)
    .map(([name, env]) => ({ name, env: [...env.values()] }));
  return patches.length === 0 ? undefined : { spec: { containers: patches } };
}

/** Only one source has a place in the annotation: like Reloader's last trigger, the newest of them. */
function planAnnotation(
  present: readonly Lever[],
  changes: readonly LeverChange[],
): TemplatePatch | undefined {
  const newest = changes.reduce<LeverChange | undefined>(
    (last, one) => (last === undefined || one.at >= last.at ? one : last),
    undefined,
  );
  if (newest === undefined) return undefined;
  const text = formatReloadedFrom(newest);
  if (present.some(({ name, value }) => name === LAST_RELOADED_FROM && value === text)) return undefined;
  return { metadata: { annotations: { [LAST_RELOADED_FROM]: text } } };
}

/**
 * A value of `restamp.dev/stamp` that was never used before on this workload: the counter of the map grows, and a
 * lost counter meets another digest.
 */
export function stampValue(counter: number, digests: readonly string[]): string {
  return `${counter}.${digests.join('.').slice(0, 22)}`;
}
