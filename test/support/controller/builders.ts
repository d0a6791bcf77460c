import { RELOADER_KEYS, STAMPS } from '../../../src/core/api/annotations.ts';
import { keyedDigest } from '../../../src/core/objects/digest.ts';
import { Kinds, type KindRow } from '../../../src/core/api/kind.ts';
import { sourceData } from '../../../src/core/objects/source-data.ts';
import {
  reduceSource,
  type SourceMeta,
  type SourceObject,
} from '../../../src/core/objects/source-metadata.ts';
import { parseStampKey, sourceKey, type SourceRef, type SourceType } from '../../../src/core/api/source.ts';
import { formatStamps, type Stamp } from '../../../src/core/stamps/stamp-map.ts';
import { reduceWorkload, type Workload, type WorkloadObject } from '../../../src/core/objects/workload.ts';
import type { KeyRing } from '../../../src/state/digested-source.ts';
import type { Sighting } from '../../../src/attribution/sightings.ts';

export const NAMESPACE = 'apps';
export const NOW = Date.UTC(2026, 10, 22, 12, 0, 0);
export const ring: KeyRing = {
  current: 'k1',
  keys: new Map([
    ['k1', Buffer.alloc(32, 1)],
    ['k0', Buffer.alloc(32, 2)],
  ]),
};
export const reloaderKeys = RELOADER_KEYS;
export const AUTO = { [RELOADER_KEYS.auto]: 'true' };
export const kinds = new Kinds();
export const deploymentRow = kinds.get('Deployment') as KindRow;

type Data = Readonly<Record<string, string>>;
export type StoredSource = SourceObject & { readonly data: Data };

export type SourceParts = {
  readonly version?: string;
  readonly uid?: string;
  readonly created?: string;
  /** When its data was written last. */
  readonly written?: string;
  readonly manager?: string;
  readonly annotations?: Data;
  readonly labels?: Data;
  readonly namespace?: string;
};

/** A source as the API server stores it; older than every workload of {@link deployment}. */
export function source(name: string, data: Data, parts: SourceParts = {}): StoredSource {
  const { version = '1', uid = `uid-${name}`, created = '2026-01-01T00:00:00Z', annotations = {} } = parts;
  const field = {
    manager: parts.manager ?? 'kubectl',
    time: parts.written ?? created,
    fieldsV1: { 'f:data': {} },
  };
  return {
    metadata: {
      name,
      namespace: parts.namespace ?? NAMESPACE,
      uid,
      resourceVersion: version,
      creationTimestamp: created,
      annotations,
      ...(parts.labels === undefined ? {} : { labels: parts.labels }),
      managedFields: [field],
    },
    data,
  };
}

/** `cm/app` as a reference. */
export function ref(key: string, namespace = NAMESPACE): SourceRef {
  const parsed = parseStampKey(key);
  if (parsed === undefined) throw new TypeError(key);
  return { ...parsed, namespace };
}

export function metaOf(type: SourceType, object: SourceObject): SourceMeta {
  return reduceSource(type, object, RELOADER_KEYS);
}

/** Our digest of a source, as the map has it. */
export function digestOf(
  key: string,
  data: Data,
  selection?: readonly string[],
  keyId = ring.current,
): string {
  const where = ref(key);
  const hmacKey = ring.keys.get(keyId)!;
  return keyedDigest({ key: hmacKey, source: sourceKey(where) }, sourceData(where.type, { data }), selection);
}

export type WorkloadParts = {
  readonly version?: string;
  readonly uid?: string;
  readonly created?: string;
  /** When somebody wrote it last. */
  readonly written?: string;
  /** Sources that its one container takes its environment from, and SecretProviderClasses that it mounts. */
  readonly uses?: readonly string[];
  readonly annotations?: Data;
  /** Entries of its map. */
  readonly stamps?: Readonly<Record<string, Stamp>>;
  readonly n?: number;
  readonly keyId?: string;
  readonly env?: readonly object[];
  /** Annotations of its pod template. */
  readonly podAnnotations?: Data;
  /** All its pods are of its newest template. */
  readonly settled?: boolean;
};

/** A Deployment that is opted in by `auto`, as the API server stores it. */
export function deployment(name: string, parts: WorkloadParts = {}): WorkloadObject {
  const { version = '10', uid = `uid-${name}`, created = '2026-02-01T00:00:00Z', uses = ['cm/app'] } = parts;
  const { stamps, n = 1, keyId = ring.current, env, podAnnotations = {} } = parts;
  const classes = uses.map((key) => ref(key)).filter(({ type }) => type === 'spc');
  const volumes = classes.map(({ name: of }) => ({
    name: of,
    csi: { volumeAttributes: { secretProviderClass: of } },
  }));
  const volumeMounts = classes.map(({ name: of }) => ({ name: of }));
  const envFrom = uses
    .filter((key) => !key.startsWith('spc/'))
    .map((key) => {
      const { type, name: of } = ref(key);
      return type === 'cm' ? { configMapRef: { name: of } } : { secretRef: { name: of } };
    });
  const owner = `${NAMESPACE}/Deployment/${name}`;
  const map =
    stamps === undefined
      ? {}
      : { [STAMPS]: formatStamps({ n, key: keyId, s: new Map(Object.entries(stamps)) }, owner) };
  const object = {
    metadata: {
      name,
      namespace: NAMESPACE,
      uid,
      resourceVersion: version,
      creationTimestamp: created,
      annotations: { ...(parts.annotations ?? AUTO), ...map },
      ...(parts.written === undefined
        ? {}
        : { managedFields: [{ manager: 'kubectl', time: parts.written }] }),
    },
    spec: {
      template: {
        metadata: { annotations: podAnnotations },
        spec: {
          volumes,
          containers: [{ name: 'main', envFrom, volumeMounts, ...(env === undefined ? {} : { env }) }],
        },
      },
    },
  };
  const status = { replicas: 1, updatedReplicas: 1, availableReplicas: 1 };
  return parts.settled === true ? { ...object, ...{ status } } : object;
}

/** What is kept of a Deployment; undefined where it is not opted in. */
export function reduced(object: WorkloadObject): Workload | undefined {
  return reduceWorkload(deploymentRow, object, {
    keys: RELOADER_KEYS,
    autoReloadAll: false,
    resourcesToIgnore: new Set(),
    kinds,
    borrowed: () => undefined,
  });
}

export function workload(name: string, parts: WorkloadParts = {}): Workload {
  return reduced(deployment(name, parts))!;
}

export function sighting(key: string, parts: Partial<Sighting> = {}): Sighting {
  const where = ref(key);
  return {
    ...where,
    uid: `uid-${where.name}`,
    digest: 'digest',
    baseVersion: '1',
    keys: ['a'],
    user: 'ann',
    groups: [],
    manager: 'kubectl-edit',
    operation: 'UPDATE',
    requestUid: 'r-1',
    at: NOW,
    ...parts,
  };
}
