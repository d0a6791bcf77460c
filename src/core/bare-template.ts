import { createHash } from 'node:crypto';
import { LAST_RELOADED_FROM, STAMP } from './annotations.ts';
import { canonicalJson, jsonEqual } from './json-equal.ts';
import { isLeverName, leverName } from './lever.ts';
import type { Container, PodTemplate } from './pod-template.ts';
import { parseReloadedFrom } from './reloaded-from.ts';

/**
 * Whether two pod templates are the same but for levers: then one of them was rolled by Restamp or Reloader and
 * the other one was not, and nobody has changed anything. An empty `env` or `annotations` equals none. `levers`: the
 * names of the variables that are levers of this workload; one that only looks like them is its owner's, and so is a text of
 * `last-reloaded-from` that tells of none of their sources.
 */
export function sameButLevers(a: PodTemplate, b: PodTemplate, levers: ReadonlySet<string>): boolean {
  const isLever = (name: string): boolean => levers.has(name);
  return jsonEqual(bare(a, isLever), bare(b, isLever));
}

/**
 * A digest of a template without what has the form of a lever: whether somebody changed anything else. By form, because
 * digests of one workload are compared over time, while its dependencies change.
 */
export function bareDigest(template: PodTemplate): string {
  return createHash('sha256')
    .update(canonicalJson(bare(template, isLeverName)))
    .digest('base64url')
    .slice(0, 16);
}

function bare(template: PodTemplate, isLever: (name: string) => boolean): unknown {
  const bareContainer = (container: Container): Container => ({
    ...container,
    env: (container.env ?? []).filter((variable) => !isLever(variable.name ?? '')),
  });
  const tells = (text: string): boolean => {
    const told = parseReloadedFrom(text);
    return told !== undefined && isLever(leverName(told.type, told.name));
  };
  const { metadata = {}, spec = {} } = template;
  const annotations = Object.fromEntries(
    Object.entries(metadata.annotations ?? {}).filter(
      ([key, text]) => key !== STAMP && !(key === LAST_RELOADED_FROM && tells(text)),
    ),
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
