import type { WorkloadObject } from '../../../src/core/objects/workload.ts';
import { RestampError } from '../../../src/errors.ts';

type EnvPatch = { name: string; value?: string; valueFrom?: null; $patch?: 'delete' };
type Container = { name: string; env?: readonly EnvPatch[] };

/** The parts of a patch that Restamp writes. */
export type Patchable = {
  readonly metadata?: {
    readonly resourceVersion?: string;
    readonly annotations?: Readonly<Record<string, string | null>>;
  };
  readonly spec?: {
    readonly template: {
      readonly metadata?: { readonly annotations?: Readonly<Record<string, string | null>> };
      readonly spec?: { readonly containers: readonly Container[] };
    };
  };
};

/** What the API server stores when a merge or strategic merge patch of this form comes. */
export function applyPatch(object: WorkloadObject, patch: Patchable, version: string): WorkloadObject {
  const next = structuredClone(object) as WorkloadObject & { spec: Template };
  const template = next.spec.template;
  const wanted = patch.spec?.template;
  Object.assign(next.metadata, {
    resourceVersion: version,
    annotations: merge(next.metadata.annotations ?? {}, patch.metadata?.annotations ?? {}),
  });
  if (wanted?.metadata?.annotations !== undefined)
    template.metadata = {
      annotations: merge(template.metadata?.annotations ?? {}, wanted.metadata.annotations),
    };
  for (const { name, env } of wanted?.spec?.containers ?? []) {
    const container = template.spec.containers.find((one) => one.name === name);
    if (container === undefined) throw new Error(`no container ${name}`);
    container.env = mergeEnv(container.env ?? [], env ?? []);
  }
  if (annotationBytes(next) > 256 * 1024)
    throw new RestampError('RESTAMP_KUBE_INVALID', 'metadata.annotations: Too long');
  return next;
}

/** As the API server counts. */
export function annotationBytes({ metadata }: WorkloadObject): number {
  return Object.entries(metadata.annotations ?? {}).reduce(
    (sum, [key, value]) => sum + Buffer.byteLength(key) + Buffer.byteLength(value),
    0,
  );
}

type Template = {
  template: {
    metadata?: { annotations: Record<string, string> };
    spec: { containers: { name: string; env?: readonly EnvPatch[] }[] };
  };
};

function merge(
  old: Readonly<Record<string, string>>,
  change: Readonly<Record<string, string | null>>,
): Record<string, string> {
  const all: Record<string, string | null> = { ...old, ...change };
  return Object.fromEntries(
    Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== null),
  );
}

function mergeEnv(old: readonly EnvPatch[], change: readonly EnvPatch[]): EnvPatch[] {
  const named = new Map(old.map((one) => [one.name, one]));
  for (const one of change)
    if (one.$patch === 'delete') named.delete(one.name);
    else {
      const kept = { ...named.get(one.name), ...one };
      delete kept.valueFrom;
      named.set(one.name, kept);
    }
  return [...named.values()];
}
