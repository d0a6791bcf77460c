import { STAMP } from './annotations.ts';
import { sourceRow, type SourceType } from './source.ts';

/** One of Reloader's env vars in a pod template. */
export type EnvLever = {
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
  readonly container: string;
  readonly value: string | undefined;
};

type EnvPatch = { name: string; value?: string; valueFrom?: null; $patch?: 'delete' };
/** The `spec.template` part of a strategic merge patch. */
export type TemplatePatch = {
  metadata?: { annotations: Record<string, string> };
  spec?: { containers: { name: string; env: EnvPatch[] }[] };
};

/**
 * The patch of the pod template that makes these changes visible. It always changes the template: where every
 * env var already has its target value (two names fell together, or data returned to an older state), it sets
 * `restamp.dev/stamp` to `stampValue`, which the caller never uses twice (DESIGN 2.4).
 */
export function planLever(
  present: readonly EnvLever[],
  changes: readonly LeverChange[],
  stampValue: string,
): TemplatePatch {
  const containers = new Map<string, Map<string, EnvPatch>>();
  for (const change of changes) {
    const name = leverName(change.type, change.name);
    const env = containers.get(change.container) ?? new Map<string, EnvPatch>();
    containers.set(change.container, env);
    const now = present.find((lever) => lever.container === change.container && lever.name === name);
    if (change.value === undefined) {
      if (now === undefined) env.delete(name);
      else env.set(name, { name, $patch: 'delete' });
    } else if (now?.value === change.value && !now.dynamic) env.delete(name);
    else env.set(name, { name, value: change.value, ...(now?.dynamic === true ? { valueFrom: null } : {}) });
  }
  const patches = [...containers]
    .filter(([, env]) => env.size > 0)
    .map(([name, env]) => ({ name, env: [...env.values()] }));
  return patches.length === 0
    ? { metadata: { annotations: { [STAMP]: stampValue } } }
    : { spec: { containers: patches } };
}

/**
 * A value of `restamp.dev/stamp` that was never used before on this workload: the counter of the map grows, and a
 * lost counter meets another digest.
 */
export function stampValue(counter: number, digests: readonly string[]): string {
  return `${counter}.${digests.join('.').slice(0, 22)}`;
}
