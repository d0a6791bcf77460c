// What a roll changes in a pod template, as a strategic merge patch and as what becomes of it.

import { LAST_RELOADED_FROM } from '../api/annotations.ts';
import type { Container, EnvVar, PodTemplate } from '../api/pod-template.ts';

export type EnvPatch = { name: string; value?: string; valueFrom?: null; $patch?: 'delete' };
/** The pod template's part of a strategic merge patch. */
export type TemplatePatch = {
  metadata?: { annotations: Record<string, string> };
  spec?: { containers: { name: string; env: EnvPatch[] }[] };
};

/** The levers that a patch leaves in the template; a deleted one is not looked for again. */
export function leversOf(patch: TemplatePatch): { container: string; name: string; value: string }[] {
  const env = (patch.spec?.containers ?? []).flatMap(({ name: container, env: variables }) =>
    variables.flatMap(({ name, value }) => (value === undefined ? [] : [{ container, name, value }])),
  );
  const value = patch.metadata?.annotations[LAST_RELOADED_FROM];
  return value === undefined ? env : [...env, { container: '', name: LAST_RELOADED_FROM, value }];
}

/** A template with such a patch, for objects that are created and not patched. */
export function applyTemplatePatch<T extends PodTemplate>(template: T, patch: TemplatePatch): T {
  const annotations = { ...template.metadata?.annotations, ...patch.metadata?.annotations };
  const containers = (template.spec?.containers ?? []).map((container): Container => {
    const own = patch.spec?.containers.find(({ name }) => name === container.name);
    return own === undefined ? container : { ...container, env: patchedEnv(container.env ?? [], own.env) };
  });
  return {
    ...template,
    ...(patch.metadata === undefined ? {} : { metadata: { ...template.metadata, annotations } }),
    ...(patch.spec === undefined ? {} : { spec: { ...template.spec, containers } }),
  };
}

function patchedEnv(env: readonly EnvVar[], patches: readonly EnvPatch[]): EnvVar[] {
  const patched = new Map(patches.map((one) => [one.name, one]));
  const kept = env.flatMap((variable): EnvVar[] => {
    const patch = patched.get(variable.name ?? '');
    patched.delete(variable.name ?? '');
    if (patch === undefined) return [variable];
    return patch.value === undefined ? [] : [{ name: patch.name, value: patch.value }];
  });
  const added = [...patched.values()].flatMap(({ name, value }): EnvVar[] =>
    value === undefined ? [] : [{ name, value }],
  );
  return [...kept, ...added];
}
