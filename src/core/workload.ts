import { annotation, LAST_ROLL, STAMP, STAMPS, type Annotations, type ReloaderKeys } from './annotations.ts';
import { kindRow, type KindRow } from './kind.ts';
import { isLeverName, type EnvLever } from './lever.ts';
import { isOptedIn, readOptIn, type OptIn } from './opt-in.ts';
import type { PodTemplate } from './pod-template.ts';
import { findReferences, type Reference } from './references.ts';
import type { SourceType } from './source.ts';

/** What Restamp keeps of a workload: only what its rules read. */
export type Workload = {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
  /** Milliseconds since 1970, to the second. */
  readonly created: number;
  readonly optIn: Readonly<Record<SourceType, OptIn>>;
  readonly optedIn: boolean;
  readonly references: ReadonlyMap<string, Reference>;
  /** Where the lever goes for a source that the template does not use. */
  readonly firstContainer: string | undefined;
  readonly levers: readonly EnvLever[];
  /** The template's `restamp.dev/stamp`. */
  readonly templateStamp: string | undefined;
  /** The stored map and history, as text. */
  readonly stamps: string | undefined;
  readonly lastRoll: string | undefined;
};

/** The part of an API object that {@link reduceWorkload} reads. */
export type WorkloadObject = {
  readonly metadata: {
    readonly namespace?: string;
    readonly name: string;
    readonly uid: string;
    readonly resourceVersion: string;
    readonly creationTimestamp?: string;
    readonly annotations?: Annotations;
    readonly ownerReferences?: readonly {
      readonly kind: string;
      readonly apiVersion: string;
      readonly controller?: boolean;
    }[];
  };
};

export type WorkloadSettings = { readonly keys: ReloaderKeys; readonly autoReloadAll: boolean };

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
 * and bears no map of ours, or another workload of the table controls it (DESIGN 2.8).
 */
export function reduceWorkload(
  row: KindRow,
  object: WorkloadObject,
  settings: WorkloadSettings,
): Workload | undefined {
  const { metadata } = object;
  if (metadata.ownerReferences?.some((owner) => owner.controller === true && isWorkloadKind(owner)))
    return undefined;
  const template = templateOf(row, object);
  const marks = (type: SourceType): OptIn =>
    readOptIn(type, metadata.annotations, template.metadata?.annotations, settings.keys);
  const optIn = { cm: marks('cm'), secret: marks('secret') };
  const optedIn = Object.values(optIn).some((one) => isOptedIn(one, settings.autoReloadAll));
  const stamps = annotation(metadata.annotations, STAMPS);
  if (!optedIn && stamps === undefined) return undefined;
  return {
    kind: row.kind,
    namespace: metadata.namespace ?? '',
    name: metadata.name,
    uid: metadata.uid,
    resourceVersion: metadata.resourceVersion,
    created: Date.parse(metadata.creationTimestamp ?? ''),
    optIn,
    optedIn,
    references: findReferences(template),
    firstContainer: template.spec?.containers?.[0]?.name,
    levers: findLevers(template),
    templateStamp: annotation(template.metadata?.annotations, STAMP),
    stamps,
    lastRoll: annotation(metadata.annotations, LAST_ROLL),
  };
}

function isWorkloadKind(owner: { kind: string; apiVersion: string }): boolean {
  const row = kindRow(owner.kind);
  return row !== undefined && owner.apiVersion.startsWith(`${row.group}/`);
}

function templateOf(row: KindRow, object: unknown): PodTemplate {
  let at: unknown = object;
  for (const step of row.template) at = (at as Record<string, unknown> | undefined)?.[step];
  return at ?? {};
}

function findLevers(template: PodTemplate): EnvLever[] {
  return (template.spec?.containers ?? []).flatMap((container) =>
    (container.env ?? [])
      .filter((variable) => isLeverName(variable.name ?? ''))
      .map((variable) => ({
        container: container.name ?? '',
        name: variable.name ?? '',
        value: variable.value,
        dynamic: variable.valueFrom !== undefined,
      })),
  );
}
