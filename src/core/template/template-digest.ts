import { hash } from 'node:crypto';
import { LAST_RELOADED_FROM, STAMP } from '../api/annotations.ts';
import { jsonEqual } from '../api/json-equal.ts';
import { isLeverName, leverName } from './lever.ts';
import type { Container, EnvVar, PodTemplate } from '../api/pod-template.ts';
import { parseReloadedFrom } from './reloaded-from.ts';

/**
 * Whether two pod templates are the same but for levers: then one of them was rolled by Restamp or Reloader and
 * the other one was not, and nobody has changed anything. An empty `env` or `annotations` equals none. `levers`: the
 * names of the variables that are levers of this workload; one that only looks like them is its owner's, and so is a text of
 * `last-reloaded-from` that tells of none of their sources.
 */
export function sameButLevers(a: PodTemplate, b: PodTemplate, levers: ReadonlySet<string>): boolean {
  const isLever = (name: string): boolean => levers.has(name);
  return jsonEqual(split(a, isLever).bare, split(b, isLever).bare);
}

/** Digests of a template, for as long as this process lives. */
export type TemplateDigests = {
  /** Of what has not the form of a lever: whether somebody changed anything else. */
  readonly bare: string;
  /** Of all of it. */
  readonly whole: string;
};

/**
 * What has the form of a lever is one here, because digests of one workload are compared over time, while its dependencies
 * change. The order of members counts: an API server writes them in one order alone, that of a type, or of the alphabet.
 */
export function digestTemplate(template: PodTemplate): TemplateDigests {
  const { bare, levers } = split(template, isLeverName);
  const digest = shortDigest(bare);
  return { bare: digest, whole: levers.length === 0 ? digest : shortDigest([digest, levers]) };
}

function shortDigest(value: unknown): string {
  return hash('sha256', JSON.stringify(value), 'base64url').slice(0, 16);
}

/** A template in two: what is no lever, and the levers, each with its place. Where there is no lever, nothing is copied. */
function split(template: PodTemplate, isLever: (name: string) => boolean) {
  const levers: unknown[] = [];
  const isOwn = ({ name = '' }: EnvVar): boolean => !isLever(name);
  const bareContainer = (list: string) => (container: Container, at: number) => {
    const { env, ...rest } = container;
    const own = env?.filter(isOwn) ?? [];
    if (env !== undefined && own.length < env.length)
      levers.push(env.flatMap((one, index) => (isOwn(one) ? [] : [[list, at, index, one]])));
    // An empty list equals none.
    return own.length === 0 ? rest : own.length === env?.length ? container : { ...container, env: own };
  };
  const { metadata, spec, ...others } = template;
  // Older API servers write this out, and two of different ages may answer in turns.
  const { annotations, ...meta } = { creationTimestamp: null, ...metadata };
  const { containers, initContainers, ...pod } = spec ?? {};
  const own = Object.entries(annotations ?? {}).filter((entry) => {
    if (!isMark(entry, isLever)) return true;
    levers.push(entry);
    return false;
  });
  const bare = [
    others,
    meta,
    Object.fromEntries(own),
    pod,
    (containers ?? []).map(bareContainer('containers')),
    (initContainers ?? []).map(bareContainer('initContainers')),
  ];
  return { bare, levers };
}

/** Whether an annotation of the template is a lever: {@link sameButLevers}. */
function isMark([key, text]: readonly [string, string], isLever: (name: string) => boolean): boolean {
  if (key !== LAST_RELOADED_FROM) return key === STAMP;
  const told = parseReloadedFrom(text);
  return told !== undefined && isLever(leverName(told.type, told.name));
}
