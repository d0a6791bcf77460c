import { createHash } from 'node:crypto';
import { LAST_RELOADED_FROM, STAMP } from './annotations.ts';
import { canonicalJson, jsonEqual } from './json-equal.ts';
import { isLeverName } from './lever.ts';
import type { Container, PodTemplate } from './pod-template.ts';

/**
 * Whether two pod templates are the same but for levers: then one of them was rolled by Restamp or Reloader and
 * the other one was not, and nobody has changed anything. An empty `env` or `annotations` equals none.
 */
export function sameButLevers(a: PodTemplate, b: PodTemplate): boolean {
  return jsonEqual(bare(a), bare(b));
}

/** A digest of a template without its levers: whether somebody changed anything else. */
export function bareDigest(template: PodTemplate): string {
  return createHash('sha256')
    .update(canonicalJson(bare(template)))
    .digest('base64url')
    .slice(0, 16);
}

function bare(template: PodTemplate): unknown {
  const { metadata = {}, spec = {} } = template;
  const annotations = Object.fromEntries(
    Object.entries(metadata.annotations ?? {}).filter(([key]) => key !== LAST_RELOADED_FROM && key !== STAMP),
  );
  // jsonEqual tells an absent member from one that is undefined, so both sides get every member.
  return {
    ...template,
    metadata: { ...metadata, annotations },
    spec: {
      ...spec,
      containers: (spec.containers ?? []).map(bareContainer),
      initContainers: (spec.initContainers ?? []).map(bareContainer),
    },
  };
}

function bareContainer(container: Container): Container {
  return { ...container, env: (container.env ?? []).filter((variable) => !isLeverName(variable.name ?? '')) };
}
