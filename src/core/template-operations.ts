import { escapePointer, type Operation } from './json-patch.ts';
import type { PodTemplate } from './pod-template.ts';
import type { EnvPatch, TemplatePatch } from './template-patch.ts';

/**
 * A patch of a pod template as operations, for custom resources, whose lists the API server does not merge.
 * `path` is the template's JSON pointer. The operations are right for this very template only.
 */
export function templateOperations(template: PodTemplate, path: string, patch: TemplatePatch): Operation[] {
  const operations: Operation[] = [];
  const annotations = patch.metadata?.annotations;
  if (annotations !== undefined) {
    if (template.metadata === undefined) operations.push({ op: 'add', path: `${path}/metadata`, value: {} });
    if (template.metadata?.annotations === undefined)
      operations.push({ op: 'add', path: `${path}/metadata/annotations`, value: {} });
    for (const [key, value] of Object.entries(annotations))
      operations.push({ op: 'add', path: `${path}/metadata/annotations/${escapePointer(key)}`, value });
  }
  for (const container of patch.spec?.containers ?? [])
    operations.push(...envOperations(template, `${path}/spec/containers`, container));
  return operations;
}

function envOperations(
  template: PodTemplate,
  path: string,
  { name, env }: { readonly name: string; readonly env: readonly EnvPatch[] },
): Operation[] {
  const index = (template.spec?.containers ?? []).findIndex((container) => container.name === name);
  const present = template.spec?.containers?.[index]?.env;
  const at = `${path}/${index}/env`;
  const operations: Operation[] = present === undefined ? [{ op: 'add', path: at, value: [] }] : [];
  const indexOf = (wanted: string): number =>
    (present ?? []).findIndex((variable) => variable.name === wanted);
  // From the end, so that no operation moves what the next one speaks of; what is new comes after all.
  const known = env.filter((one) => indexOf(one.name) >= 0);
  for (const one of known.sort((a, b) => indexOf(b.name) - indexOf(a.name))) {
    const there = `${at}/${indexOf(one.name)}`;
    if (one.value === undefined) operations.push({ op: 'remove', path: there });
    else operations.push({ op: 'replace', path: there, value: { name: one.name, value: one.value } });
  }
  for (const one of env)
    if (indexOf(one.name) < 0 && one.value !== undefined)
      operations.push({ op: 'add', path: `${at}/-`, value: { name: one.name, value: one.value } });
  return operations;
}
