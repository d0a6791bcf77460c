import { createHash } from 'node:crypto';
import {
  annotation,
  HELD,
  LAST_ROLL,
  STAMPS,
  type Annotations,
  type ReloaderKeys,
} from '../api/annotations.ts';
import type { KindRow, Kinds } from '../api/kind.ts';
import type { Reference } from '../template/source-references.ts';
import { templateAnnotationsOf, readTemplate, type TemplateFacts } from '../template/template-facts.ts';
import { isOptedIn, NOT_OPTED_IN, readOptIn, type OptIn } from '../opt-in/opt-in.ts';
import { readPause, type Pause } from './pause.ts';
import { lastReleaseWrite, releaseOf } from './release.ts';
import { rolloutFacts, rolloutStatus } from './rollout.ts';
import { roomIn } from '../api/annotation-room.ts';
import type { SourceType } from '../api/source.ts';
import { readWishes, type Wishes } from '../opt-in/overrides.ts';
import { lastWrite, readOwnWrite, readWriters, type ManagedField } from './writers.ts';

/** What Restamp keeps of a workload: only what its rules read. */
export type Workload = TemplateFacts & {
  readonly row: KindRow;
  /** What another object lends it. */
  readonly borrowed: Annotations | undefined;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
  /** Milliseconds since 1970, to the second. */
  readonly created: number;
  readonly optIn: Readonly<Record<SourceType, OptIn>>;
  readonly optedIn: boolean;
  /** How many more sources it names than one workload may: they do not count. */
  readonly left: number;
  /** A digest of all annotations and references that say which sources roll it. */
  readonly asks: string;
  /** When anybody last wrote it outside the status, ourselves too (milliseconds since 1970). */
  readonly written: number | undefined;
  /** The release that it belongs to, and when a release tool last wrote it (milliseconds since 1970). */
  readonly release: string | undefined;
  readonly releaseWrite: number | undefined;
  readonly wishes: Wishes;
  /** All its pods are of the newest template and serve. */
  readonly settled: boolean;
  /** It is being deleted, and goes as soon as others let it go. */
  readonly terminating: boolean;
  /** Its pods are to stay when it goes, for whoever takes its name (`kubectl delete --cascade=orphan`). */
  readonly orphans: boolean;
  /** `spec.suspend`: somebody wants it to start no pods. */
  readonly suspended: boolean;
  /** The pause after its rolls; only Deployments have one. */
  readonly pause: Pause | undefined;
  /** The length of the stored map; zero if there is none. */
  readonly stampsBytes: number;
  /** How many bytes of annotations others have left for ours: keys and values. */
  readonly room: number;
  /** When each field manager but us last wrote outside the status (RFC 3339), for telling. */
  readonly writers: ReadonlyMap<string, string>;
  /** When we, in whichever replica, last wrote it (RFC 3339, to the second). */
  readonly ownWrite: string | undefined;
  /** The stored map, history and hold, as text. */
  readonly stamps: string | undefined;
  readonly lastRoll: string | undefined;
  readonly held: string | undefined;
};

/** The part of an API object that {@link reduceWorkload} reads. */
export type WorkloadObject = {
  readonly metadata: {
    readonly namespace?: string;
    readonly name: string;
    readonly uid: string;
    readonly resourceVersion: string;
    readonly creationTimestamp?: string;
    readonly deletionTimestamp?: string | null;
    readonly finalizers?: readonly string[];
    readonly annotations?: Annotations;
    readonly labels?: Readonly<Record<string, string>>;
    readonly managedFields?: readonly ManagedField[];
    readonly ownerReferences?: readonly {
      readonly kind: string;
      readonly apiVersion: string;
      readonly controller?: boolean;
    }[];
  };
};

export type WorkloadSettings = {
  readonly keys: ReloaderKeys;
  readonly autoReloadAll: boolean;
  /** Types of sources that nothing depends on. */
  readonly resourcesToIgnore: ReadonlySet<SourceType>;
  readonly kinds: Kinds;
  /** Annotations that count for a workload where it has none of its own: those of a Rollout that refers to it. */
  readonly borrowed: (key: string) => Annotations | undefined;
};

/** Identity of a workload in the cluster. */
export function workloadKey(workload: { kind: string; namespace: string; name: string }): string {
  return `${workload.namespace}/${workload.kind}/${workload.name}`;
}

/** `Deployment/api`: how a workload is called in a sentence for people. */
export function workloadTitle(workload: { kind: string; name: string }): string {
  return `${workload.kind}/${workload.name}`;
}

/**
 * Reduces an API object to a {@link Workload}. Undefined where it needs no place in memory: it is not opted in
 * and bears no map of ours, or another workload of the table controls it (DESIGN 2.8). `before`: this one as it was shown
 * before, whose template need not be read again.
 */
export function reduceWorkload(
  row: KindRow,
  object: WorkloadObject,
  settings: WorkloadSettings,
  before?: Workload,
): Workload | undefined {
  const { metadata } = object;
  if (
    metadata.ownerReferences?.some((owner) => owner.controller === true && settings.kinds.isWorkload(owner))
  )
    return undefined;
  const { namespace = '', name } = metadata;
  const borrowed = settings.borrowed(workloadKey({ kind: row.kind, namespace, name }));
  const annotations =
    borrowed === undefined ? metadata.annotations : { ...borrowed, ...metadata.annotations };
  const inTemplate = templateAnnotationsOf(row, object);
  const marks = (type: SourceType): OptIn =>
    settings.resourcesToIgnore.has(type)
      ? NOT_OPTED_IN
      : readOptIn(type, annotations, inTemplate, settings.keys);
  const optIn = { cm: marks('cm'), secret: marks('secret'), spc: marks('spc') };
  const optedIn = Object.values(optIn).some((one) => isOptedIn(one, settings.autoReloadAll));
  const stamps = annotation(metadata.annotations, STAMPS);
  if (!optedIn && stamps === undefined) return undefined;
  const facts = readTemplate(row, object, before);
  return {
    ...facts,
    row,
    kind: row.kind,
    borrowed,
    namespace,
    name,
    uid: metadata.uid,
    resourceVersion: metadata.resourceVersion,
    created: Date.parse(metadata.creationTimestamp ?? ''),
    optIn,
    optedIn,
    left: facts.beyond + namesLeft(optIn),
    asks: asksDigest(settings.keys, [annotations, inTemplate], facts.references),
    written: lastWrite(metadata.managedFields ?? []),
    stamps,
    release: releaseOf(metadata),
    releaseWrite: lastReleaseWrite(metadata),
    wishes: readWishes(annotations),
    settled: isSettled(row, object),
    terminating: isDeleted(object),
    orphans: leavesPods(object),
    suspended: says(object, 'suspend'),
    pause: row.pauses
      ? readPause(settings.keys, metadata.annotations, inTemplate, says(object, 'paused'))
      : undefined,
    stampsBytes: Buffer.byteLength(stamps ?? ''),
    room: roomIn(metadata.annotations),
    writers: readWriters(metadata.managedFields ?? []),
    ownWrite: readOwnWrite(metadata.managedFields ?? []),
    lastRoll: annotation(metadata.annotations, LAST_ROLL),
    held: annotation(metadata.annotations, HELD),
  };
}

function namesLeft(optIn: Workload['optIn']): number {
  return Object.values(optIn).reduce((sum, { list }) => sum + (list?.left ?? 0), 0);
}

/** Whether an object is being deleted: its finalizers are all that keeps it. */
export function isDeleted({ metadata }: WorkloadObject): boolean {
  return (metadata.deletionTimestamp ?? undefined) !== undefined;
}

function leavesPods(object: WorkloadObject): boolean {
  return isDeleted(object) && object.metadata.finalizers?.includes('orphan') === true;
}

function asksDigest(
  keys: ReloaderKeys,
  from: readonly (Annotations | undefined)[],
  references: ReadonlyMap<string, Reference>,
): string {
  const { auto, search, ...typed } = keys;
  const asking = [
    auto,
    search,
    ...[typed.typedAuto, typed.reload, typed.exclude].flatMap(Object.values<string>),
  ];
  const said = from.map((annotations) => asking.map((key) => annotation(annotations, key) ?? null));
  const text = JSON.stringify([said, [...references.keys()].sort()]);
  return createHash('sha256').update(text).digest('base64url').slice(0, 16);
}

function says(object: WorkloadObject, field: 'suspend' | 'paused'): boolean {
  return (object as { spec?: Readonly<Record<string, unknown>> }).spec?.[field] === true;
}

/** Whether an owner outside the table of kinds controls it: that owner writes its template. */
export function isForeignOwned({ metadata }: WorkloadObject, kinds: Kinds): boolean {
  return (
    metadata.ownerReferences?.some((owner) => owner.controller === true && !kinds.isWorkload(owner)) ?? false
  );
}

/** Whether all its pods are of the newest template and serve; also where a kind has no rollouts. */
export function isSettled(row: KindRow, object: WorkloadObject): boolean {
  const facts = rolloutFacts(row, object);
  return (
    facts === undefined || rolloutStatus(facts, { elapsedMs: 0, deadlineMs: Infinity }).is === 'complete'
  );
}
