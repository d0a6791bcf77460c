import type { Annotations, ReloaderKeys } from '../api/annotations.ts';
import { readMarks, type SourceMarks } from '../opt-in/opt-in.ts';
import { releaseOf } from './release.ts';
import type { SourceRef, SourceType } from '../api/source.ts';
import { readWishes, type Wishes } from '../opt-in/overrides.ts';

/** What Restamp keeps of a source: nothing that could hold a value. */
export type SourceMeta = SourceRef & {
  readonly uid: string;
  readonly resourceVersion: string;
  /** Milliseconds since 1970, to the second. */
  readonly created: number;
  readonly marks: SourceMarks;
  /** Time and field manager of the newest managedFields entry that owns data. */
  readonly dataTime: number | undefined;
  readonly manager: string | undefined;
  /** The release that it belongs to. */
  readonly release: string | undefined;
  readonly wishes: Wishes;
};

type ManagedField = {
  readonly manager?: string;
  readonly time?: string;
  readonly fieldsV1?: Readonly<Record<string, unknown>>;
};

/** The part of an API object that {@link reduceSource} reads. */
export type SourceObject = {
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly uid: string;
    readonly resourceVersion: string;
    readonly creationTimestamp?: string;
    readonly annotations?: Annotations;
    readonly labels?: Readonly<Record<string, string>>;
    readonly managedFields?: readonly ManagedField[];
  };
};

const DATA_FIELDS = ['f:data', 'f:binaryData', 'f:stringData'];

/** Reduces an API object, whole or metadata only, to a {@link SourceMeta}. */
export function reduceSource(type: SourceType, { metadata }: SourceObject, keys: ReloaderKeys): SourceMeta {
  const owner = newestDataOwner(metadata.managedFields ?? []);
  return {
    type,
    namespace: metadata.namespace ?? '',
    name: metadata.name,
    uid: metadata.uid,
    resourceVersion: metadata.resourceVersion,
    created: Date.parse(metadata.creationTimestamp ?? ''),
    marks: readMarks(metadata.annotations, keys),
    dataTime: owner?.time === undefined ? undefined : Date.parse(owner.time),
    manager: owner?.manager,
    release: releaseOf(metadata),
    wishes: readWishes(metadata.annotations),
  };
}

function newestDataOwner(fields: readonly ManagedField[]): ManagedField | undefined {
  return fields
    .filter((field) => DATA_FIELDS.some((name) => Object.hasOwn(field.fieldsV1 ?? {}, name)))
    .reduce<ManagedField | undefined>(
      (newest, field) => (newest === undefined || (field.time ?? '') > (newest.time ?? '') ? field : newest),
      undefined,
    );
}
