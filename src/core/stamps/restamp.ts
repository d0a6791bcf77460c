// What becomes of a workload that somebody writes (DESIGN 3.7). The answer depends only on the old object, on
// the new one without what is ours, and on the sources, so that asking twice gives the same.

import {
  annotation,
  HELD,
  LAST_RELOADED_FROM,
  LAST_ROLL,
  STAMP,
  STAMPS,
  type Annotations,
} from '../api/annotations.ts';
import { sameButLevers } from '../template/template-digest.ts';
import { asControllerReads } from '../template/custom-template.ts';
import { ABSENT } from '../objects/digest.ts';
import type { Dependency } from './dependency.ts';
import { shortenHistory } from './history.ts';
import { jsonEqual } from '../api/json-equal.ts';
import { escapePointer, type Operation } from '../api/json-patch.ts';
import { leverName, stampValue } from '../template/lever.ts';
import type { Current } from './plan.ts';
import type { PodTemplate } from '../api/pod-template.ts';
import { parseReloadedFrom, withHash } from '../template/reloaded-from.ts';
import { OURS, Room, roomIn } from '../api/annotation-room.ts';
import { wasBefore, type Stamp, type StampMap } from './stamp-map.ts';

type Written = {
  readonly annotations: Annotations | undefined;
  readonly template: PodTemplate;
  /** The template as it is stored, where it is not all that stands there. */
  readonly stored?: unknown;
};

export type Write = {
  /** Undefined for a CREATE. */
  readonly before: Written | undefined;
  readonly after: Written;
  /** Where the pod template is: `/spec/template`. */
  readonly templatePath: string;
  /** An owner outside the table of kinds controls it: its template is not ours to put back. */
  readonly foreignOwner: boolean;
  /** A custom resource: the API server fills in no defaults, so that one template has many texts. */
  readonly custom?: boolean;
  /** The names of its levers: {@link leverNames}. */
  readonly levers: ReadonlySet<string>;
  /** Its controller replaces pods when the template changes; a CronJob's does not: only a roll starts one. */
  readonly startsPodsOnChange: boolean;
};

/** Whether the pods will be replaced by this write itself, so that they start with the sources of today. */
export function startsPods(write: Write): boolean {
  const { before, after, levers, startsPodsOnChange } = write;
  return (
    before === undefined ||
    (startsPodsOnChange && !sameButLevers(read(write, before), read(write, after), levers))
  );
}

function read({ custom = false }: Write, { template }: Written): PodTemplate {
  return custom ? asControllerReads(template) : template;
}

/**
 * Nobody changed anything but levers: the old template and our annotations go back as they were. `restored`
 * tells that the writer would have undone a roll.
 */
export function putBack(write: Write): { readonly patch: Operation[]; readonly restored: boolean } {
  const { before, after, levers, templatePath, foreignOwner } = write;
  const patch = annotationPatch(after.annotations, keptOurs(write));
  const restored =
    before !== undefined &&
    !foreignOwner &&
    sameButLevers(read(write, before), read(write, after), levers) &&
    !jsonEqual(read(write, before), read(write, after));
  if (restored) patch.push({ op: 'replace', path: templatePath, value: before.stored ?? before.template });
  return { patch, restored };
}

export type FreshSource = { readonly current: Current; readonly lever: string | undefined };

export type Restamping = {
  readonly dependencies: ReadonlyMap<string, Dependency>;
  /** The map that counts before this write. */
  readonly map: StampMap | undefined;
  readonly keyId: string;
  /** No pods of older templates run on, as the old object says. */
  readonly settled: boolean;
  /** The template that comes may be one of those whose pods still run. */
  readonly returns: boolean;
  /** More sources may be dependencies than are known yet: entries of others stay, too. */
  readonly keepOthers?: boolean;
  /** Undefined for one that could not be read in time: what the map says of it stays. */
  readonly sources: (stampKey: string) => FreshSource | undefined;
};

/**
 * The pods are replaced by this write: the map becomes current, and the levers that the template brings get
 * today's values. A lever that is missing stays away: whoever owns the template would see it as drift.
 */
export function restamp(
  write: Write,
  { dependencies, map, keyId: newest, settled, returns, keepOthers = false, sources }: Restamping,
): { readonly levers: Operation[]; readonly map: StampMap } {
  // By path: names that fall together share a lever, and the last one sets it, however often this is asked.
  const touches = new Map<string, Operation>();
  const others = keepOthers ? othersOf(map, dependencies) : [];
  const stamps = new Map<string, Stamp>(others);
  // All digests of a map are under one key: an entry that stays keeps the map under its key.
  const isMissing = (key: string): boolean => sources(key)?.current.state !== 'present';
  const stays =
    others.length > 0 || [...dependencies.keys()].some((key) => map?.s.has(key) === true && isMissing(key));
  const keyId = stays && map !== undefined ? map.key : newest;
  const variables = variablesOf(write);
  for (const [key, dependency] of dependencies) {
    const source = sources(key);
    const old = map?.s.get(key);
    if (source === undefined) {
      if (old !== undefined) stamps.set(key, old);
      continue;
    }
    const { current, lever } = source;
    const touched =
      lever === undefined
        ? []
        : [
            ...leverPatch(variables, leverName(dependency.type, dependency.name), lever),
            ...annotationPatchOf(write, dependency, lever),
          ];
    for (const operation of touched) touches.set(operation.path, operation);
    stamps.set(
      key,
      restampOne(current, keyId, map, { key, settled, returns: returns && touched.length === 0 }),
    );
  }
  const levers = [...touches.values()].filter(({ value }) => value !== undefined);
  const req = map?.req === undefined ? {} : { req: map.req };
  const n = Math.min((map?.n ?? 0) + 1, Number.MAX_SAFE_INTEGER);
  const next: StampMap = { n, key: keyId, ...req, s: stamps };
  if (annotation(write.after.template.metadata?.annotations, STAMP) !== undefined) {
    const path = `${write.templatePath}/metadata/annotations/${escapePointer(STAMP)}`;
    levers.push({
      op: 'replace',
      path,
      value: stampValue(
        next.n,
        [...stamps.values()].map(({ h }) => h),
      ),
    });
  }
  return { levers, map: next };
}

function othersOf(
  map: StampMap | undefined,
  dependencies: ReadonlyMap<string, Dependency>,
): [string, Stamp][] {
  return [...(map?.s ?? [])].filter(([key]) => !dependencies.has(key));
}

/**
 * Our annotations of the old object, as far as there is room for them beside what the writer sends: the history is cut
 * or left out first, then the hold, then the map. `map`: the new text of the map, where there is one.
 */
export function keptOurs({ before, after }: Write, map?: string): Annotations {
  const room = new Room(roomIn(after.annotations));
  const old = before?.annotations;
  const stamps = room.take(STAMPS, map ?? annotation(old, STAMPS));
  const held = map === undefined ? room.take(HELD, annotation(old, HELD)) : undefined;
  const history = shortenHistory(annotation(old, LAST_ROLL), room.for(LAST_ROLL));
  const lastRoll = room.take(LAST_ROLL, history);
  return {
    ...(stamps === undefined ? {} : { [STAMPS]: stamps }),
    ...(held === undefined ? {} : { [HELD]: held }),
    ...(lastRoll === undefined ? {} : { [LAST_ROLL]: lastRoll }),
  };
}

/** The patch that sets our annotations to what they must be; `undefined` takes one away. */
export function annotationPatch(
  sent: Annotations | null | undefined,
  ours: Annotations | undefined,
): Operation[] {
  const patch: Operation[] = [];
  for (const key of OURS) {
    const value = annotation(ours, key);
    const there = annotation(sent, key);
    const path = `/metadata/annotations/${escapePointer(key)}`;
    if (value === there) continue;
    if (value === undefined) patch.push({ op: 'remove', path });
    else patch.push({ op: 'add', path, value });
  }
  if (!sent && patch.length > 0) patch.unshift({ op: 'add', path: '/metadata/annotations', value: {} });
  return patch;
}

/**
 * The entry after pods were replaced. A template that returns without the lever is that of an older ReplicaSet whose
 * pods may still run, with older data: the entry returns to what they may hold, and rolls as usual. Else these pods
 * are new; the ones that they replace go on until the rollout is complete, which `was` tells.
 */
function restampOne(
  current: Current,
  keyId: string,
  map: StampMap | undefined,
  { key, settled, returns }: { key: string; settled: boolean; returns: boolean },
): Stamp {
  const old = map?.s.get(key);
  // What is gone stays in the map as it was rolled last.
  const h = current.state === 'missing' ? (old?.h ?? ABSENT) : current.digest(keyId, undefined);
  const { was } = map?.key === keyId ? wasBefore(old, h, settled) : {};
  if (was !== undefined && returns) return { h: was };
  if (current.state === 'missing') return old ?? { h };
  return { h, uid: current.uid, rv: current.resourceVersion, ...(was === undefined ? {} : { was }) };
}

/** The same for the annotation that tells of the last change, if it tells of this source. */
function annotationPatchOf(write: Write, { type, name }: Dependency, value: string): Operation[] {
  const text = annotation(write.after.template.metadata?.annotations, LAST_RELOADED_FROM);
  const told = parseReloadedFrom(text);
  if (text === undefined || told?.type !== type || told.name !== name) return [];
  const path = `${write.templatePath}/metadata/annotations/${escapePointer(LAST_RELOADED_FROM)}`;
  return [{ op: 'replace', path, ...(told.hash === value ? {} : { value: withHash(text, value) }) }];
}

type Variable = { readonly path: string; readonly value: unknown };

/** The env vars of a template by their names: there may be tens of thousands, and each dependency is asked for. */
function variablesOf({ after, templatePath }: Write): Map<string, Variable[]> {
  const found = (after.template.spec?.containers ?? []).flatMap(({ env }, i) =>
    (env ?? []).map(({ name, value }, j) => ({
      name,
      value,
      path: `${templatePath}/spec/containers/${i}/env/${j}`,
    })),
  );
  return Map.groupBy(found, ({ name = '' }) => name);
}

/** An operation for each env var of this name; one without a value where it is right already. */
function leverPatch(variables: Map<string, Variable[]>, name: string, value: string): Operation[] {
  return (variables.get(name) ?? []).map(({ path, value: now }) =>
    now === value ? { op: 'replace', path } : { op: 'replace', path, value: { name, value } },
  );
}
