import { escapePointer, type Operation } from '../api/json-patch.ts';
import type { PodTemplate } from '../api/pod-template.ts';
import type { EnvPatch, TemplatePatch } from './template-patch.ts';

/**
 * A patch of a pod template as operations, for lists that the API server does not merge as we need it.
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
  const patches = new Map(env.map((one) => [one.name, one]));
  const names = (present ?? []).map(({ name: there = '' }) => there);
  // From the end, so that no operation moves what the next one speaks of; what is new comes after all.
  for (const [index, there] of [...names.entries()].reverse()) {
    const one = patches.get(there);
    if (one === undefined) continue;
    if (one.value === undefined) operations.push({ op: 'remove', path: `${at}/${index}` });
    else
      operations.push({ op: 'replace', path: `${at}/${index}`, value: { name: one.name, value: one.value } });
  }
  for (const one of env)
    if (!names.includes(one.name) && one.value !== undefined)
      operations.push({ op: 'add', path: `${at}/-`, value: { name: one.name, value: one.value } });
  return operations;
}
