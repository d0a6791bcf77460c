// What the Secrets Store CSI driver tells: a SecretProviderClassPodStatus for each pod and class, with the versions
// that the pod has mounted. It holds no secret.

import type { SourceRef } from '../api/source.ts';
import { mountedData, type SourceData } from './source-data.ts';
import { compareVersions } from '../api/resource-version.ts';

/** One pod's mount of one SecretProviderClass. */
export type Mount = {
  /** The SecretProviderClass. */
  readonly ref: SourceRef;
  readonly uid: string;
  readonly pod: { readonly name: string; readonly uid: string };
  /** Milliseconds since 1970, to the second. */
  readonly created: number;
  /** When these versions were written, and with which resourceVersion at the latest. */
  readonly written: number;
  readonly version: string;
  /** They are not what the pod started with: the driver has written others into its files since. */
  readonly rotated: boolean;
  readonly data: SourceData;
};

/** The part of a SecretProviderClassPodStatus that {@link reduceMount} reads. */
export type PodStatusObject = {
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly uid: string;
    readonly resourceVersion: string;
    readonly creationTimestamp?: string;
    readonly ownerReferences?: readonly { readonly kind: string; readonly uid: string }[];
    readonly managedFields?: readonly {
      readonly time?: string;
      readonly fieldsV1?: { readonly 'f:status'?: Readonly<Record<string, unknown>> };
    }[];
  };
  readonly status?: {
    readonly podName?: string;
    readonly secretProviderClassName?: string;
    readonly objects?: readonly { readonly id?: string; readonly version?: string }[];
  };
};

/** Creation time and managedFields time of one write may fall into two seconds. */
const ONE_WRITE_MS = 1_000;

/** Reads a status; undefined while its pod has mounted nothing. */
export function reduceMount({ metadata, status }: PodStatusObject): Mount | undefined {
  const { podName, secretProviderClassName: name, objects = [] } = status ?? {};
  if (!podName || !name || objects.length === 0) return undefined;
  const created = Date.parse(metadata.creationTimestamp ?? '');
  const times = (metadata.managedFields ?? [])
    .filter(({ fieldsV1 }) => fieldsV1?.['f:status']?.['f:objects'] !== undefined)
    .map(({ time }) => Date.parse(time ?? ''));
  const written = Math.max(created, ...times);
  return {
    ref: { type: 'spc', namespace: metadata.namespace ?? '', name },
    uid: metadata.uid,
    pod: { name: podName, uid: metadata.ownerReferences?.find(({ kind }) => kind === 'Pod')?.uid ?? '' },
    created,
    written,
    version: metadata.resourceVersion,
    rotated: written - created > ONE_WRITE_MS,
    data: mountedData(name, objects),
  };
}

/** Whether both say that the same is mounted. */
export function sameMount(a: Mount, b: Mount): boolean {
  return (
    a.data.data.size === b.data.data.size && [...a.data.data].every(([id, v]) => b.data.data.get(id) === v)
  );
}

export type MountQuestion = {
  /** Versions of mounts up to this are in the stamp; undefined where it is of another history. */
  readonly stampedVersion: string | undefined;
  /** Whether a mount is what the stamp says; undefined where there is no stamp. */
  readonly isStamped: ((mount: Mount) => boolean) | undefined;
  /** When the workload was rolled last, milliseconds since 1970 by our clock. */
  readonly rolled: number | undefined;
};

/** Our clock may be ahead of the API server's by this much: a pod that young counts as newer than the roll. */
const SKEW_MS = 30_000;

/**
 * Which of the mounts of one workload's live pods counts. While a rotation goes on they disagree:
 *
 * - Only a rotation makes stale, because a pod that starts mounts what is current then. The newest one counts, if
 *   it is newer than the stamp and its pod is newer than the last roll: older pods are being replaced anyway.
 * - Else nothing is stale. As long as some pod has what the stamp says, that stays: its rotation is still to come.
 *   When none has it any more, the newest is the new baseline (`fromStart`), but none that is older than the stamp:
 *   the driver is still to write into that pod what the stamp says, and that must then be nothing new.
 */
export function currentMount(
  mounts: readonly Mount[],
  { stampedVersion, isStamped, rolled }: MountQuestion,
): { readonly mount: Mount; readonly fromStart: boolean } | undefined {
  const isNewer = ({ version }: Mount): boolean =>
    stampedVersion === undefined || compareVersions(version, stampedVersion) > 0;
  const rotated = newest(
    mounts.filter(
      (mount) =>
        mount.rotated && isNewer(mount) && (rolled === undefined || mount.created >= rolled - SKEW_MS),
    ),
  );
  if (rotated !== undefined) return { mount: rotated, fromStart: false };
  const mount = (isStamped && mounts.find(isStamped)) ?? newest(mounts.filter(isNewer));
  return mount === undefined ? undefined : { mount, fromStart: true };
}

function newest(mounts: readonly Mount[]): Mount | undefined {
  return mounts.reduce<Mount | undefined>(
    (last, one) => (last === undefined || compareVersions(one.version, last.version) > 0 ? one : last),
    undefined,
  );
}
