import { kindPath, type KindRow } from '../core/api/kind.ts';
import { sourceRow, type SourceRef } from '../core/api/source.ts';
import { hasCode } from '../errors.ts';
import { JSON_PATCH, MERGE_PATCH, METADATA, STRATEGIC_PATCH, type KubeClient } from './client.ts';

/** The field manager of every write to a workload: rules in the field know it (reloader.md 1.10). */
export const FIELD_MANAGER = 'Reloader';

type WorkloadId = { readonly row: KindRow; readonly namespace: string; readonly name: string };

/** API path of a source. */
function sourcePath(ref: SourceRef): string {
  return kindPath(sourceRow(ref.type), ref.namespace, ref.name);
}

function workloadPath({ row, namespace, name }: WorkloadId): string {
  return kindPath(row, namespace, name);
}

/** Reads a source with its data, as fresh as the API server can be (no resourceVersion: a quorum read). */
export function readSource(client: KubeClient, ref: SourceRef): Promise<unknown> {
  return client.send({ method: 'GET', path: sourcePath(ref) });
}

/** A source as it was at a version of the whole cluster; undefined where it did not exist then. */
export async function readSourceAt(client: KubeClient, ref: SourceRef, version: string): Promise<unknown> {
  // Only a list can be asked for the past: resourceVersionMatch (Kubernetes 1.19).
  const query = {
    fieldSelector: `metadata.name=${ref.name}`,
    resourceVersion: version,
    resourceVersionMatch: 'Exact',
  };
  const path = kindPath(sourceRow(ref.type), ref.namespace);
  const list = (await client.send({ method: 'GET', path, query })) as {
    readonly items?: readonly unknown[] | null;
  };
  return list.items?.[0];
}

/** The version of a source as it is stored now: metadata alone comes over the wire. */
export async function readSourceVersion(client: KubeClient, ref: SourceRef): Promise<string> {
  const object = await client.send({ method: 'GET', path: sourcePath(ref), accept: METADATA });
  return (object as { metadata: { resourceVersion: string } }).metadata.resourceVersion;
}

export function readWorkload(client: KubeClient, id: WorkloadId): Promise<unknown> {
  return client.send({ method: 'GET', path: workloadPath(id) });
}

const PATCH_TYPES = { merge: MERGE_PATCH, strategic: STRATEGIC_PATCH, json: JSON_PATCH };

/** Patches a workload as the field manager `Reloader`; returns it as it is stored then. */
export function patchWorkload(
  client: KubeClient,
  id: WorkloadId,
  patch: { readonly type: keyof typeof PATCH_TYPES; readonly body: object },
): Promise<unknown> {
  return client.send({
    method: 'PATCH',
    path: workloadPath(id),
    query: { fieldManager: FIELD_MANAGER },
    contentType: PATCH_TYPES[patch.type],
    body: patch.body,
  });
}

/** Who we are to the API server. Every authenticated user may ask. */
export async function whoAmI(client: KubeClient): Promise<string> {
  const review = (await client.send({
    method: 'POST',
    path: '/apis/authentication.k8s.io/v1/selfsubjectreviews',
    body: { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' },
  })) as { status: { userInfo: { username?: string } } };
  return review.status.userInfo.username ?? '';
}

/** What is stored at a path; undefined if nothing is. */
export function readOrNothing(client: KubeClient, path: string): Promise<unknown> {
  return orNothing(client.send({ method: 'GET', path }));
}

/** What a read brings; undefined if there is nothing to read. */
export async function orNothing<T>(read: Promise<T>): Promise<T | undefined> {
  try {
    return await read;
  } catch (error) {
    if (hasCode(error, 'RESTAMP_KUBE_NOT_FOUND')) return undefined;
    throw error;
  }
}
