import { RELOADER_KEYS } from '../../../src/core/api/annotations.ts';
import type { FreshSource } from '../../../src/core/stamps/restamp.ts';
import { findDependencies } from '../../../src/core/stamps/dependency.ts';
import type { StampMap } from '../../../src/core/stamps/stamp-map.ts';
import type { SourceType } from '../../../src/core/api/source.ts';
import { Judge } from '../../../src/controller/evaluator.ts';
import { SourceBook } from '../../../src/state/source-cache.ts';
import { reduceWorkload, type Workload, type WorkloadObject } from '../../../src/core/objects/workload.ts';
import { WorkloadBook } from '../../../src/state/workload-cache.ts';
import { parseReview } from '../../../webhook/request/admission-review.ts';
import { createWorkloadRoute } from '../../../webhook/workload-handler.ts';
import { patched } from '../core/json-patch.ts';
import { deployment, deploymentRow as row, digestOf, kinds, ring } from '../controller/builders.ts';
import { review } from './admission-server-harness.ts';

type Content = Readonly<Record<string, string>>;
export type AuditLine = readonly [fields: Readonly<Record<string, unknown>>, message: string];
export type Template = {
  readonly metadata?: { readonly annotations?: Content };
  readonly spec: { readonly containers: readonly { image?: string; env?: readonly Content[] }[] };
};
export type Stored = WorkloadObject & { readonly spec: { readonly template: Template } };

/** A Deployment `apps/api` with an image, as a writer sends it. */
export function api(parts: Parameters<typeof deployment>[1], image = 'a'): Stored {
  const object = deployment('api', parts) as Stored;
  const containers = object.spec.template.spec.containers.map((one) => ({ ...one, image }));
  const status = { replicas: 1, updatedReplicas: 1, availableReplicas: 1 };
  return { ...object, spec: { template: { spec: { containers } } }, ...{ status } };
}

/** The source of this stamp key as it is stored now. */
export function fresh(key: string, content: Content): FreshSource {
  return {
    lever: `sha1 of ${Object.values(content).join()}`,
    current: {
      state: 'present',
      uid: `uid-${key}`,
      resourceVersion: '9',
      created: 0,
      dataTime: 0,
      digest: (keyId) => digestOf(key, content, undefined, keyId),
    },
  };
}

const settings = {
  keys: RELOADER_KEYS,
  autoReloadAll: false,
  resourcesToIgnore: new Set<SourceType>(),
  kinds,
  borrowed: () => undefined,
};

/** Who asks whom about what: what is stored is the old object, unless the review is made up. */
export type Asking = {
  readonly knowsAll?: boolean;
  readonly stored?: Stored | undefined;
  readonly inScope?: (namespace: string) => boolean;
};

/** Lets the workload route answer one review; `now` are the sources that could be read. */
export async function ask(
  request: object,
  now: Readonly<Record<string, FreshSource>> = {},
  { stored, inScope = () => true, knowsAll = true }: Asking = {},
) {
  const audit: AuditLine[] = [];
  const reads: Workload[] = [];
  const book = new WorkloadBook(new Set(ring.keys.keys()), () => undefined);
  const judge = new Judge({
    workloads: book,
    sources: new SourceBook(),
    settings: { autoReloadAll: false },
  } as unknown as ConstructorParameters<typeof Judge>[0]);
  /** Every source exists here. */
  const sources = Object.assign(new Map<string, never>(), {
    get: () => ({ type: 'cm' as const, marks: { ignore: false, match: false } }),
  });
  const route = createWorkloadRoute({
    settings,
    keyId: ring.current,
    mapBefore: (workload) => book.mapBefore(workload),
    mayRun: (workload) => book.mayRun(workload),
    knowsAll: () => knowsAll,
    inScope,
    bearing: (workload) => judge.bearing(workload),
    seen: () => undefined,
    dependencies: (workload: Workload, map: StampMap | undefined) =>
      findDependencies(workload, map, sources, false),
    readSources: async (workload, dependencies) => {
      reads.push(workload);
      return new Map(Object.entries(now).filter(([key]) => dependencies.has(key)));
    },
    audit: (fields, message) => audit.push([fields, message]),
  });
  const resource = { group: 'apps', version: 'v1', resource: 'deployments' };
  const sent = parseReview(JSON.parse(JSON.stringify(review({ resource, ...request }))));
  // The watch has shown what is stored.
  const before = stored ?? (sent.oldObject as Stored | undefined);
  if (before !== undefined && sent.operation === 'UPDATE')
    book.put(
      { kind: 'Deployment', namespace: '', ...before.metadata },
      reduceWorkload(row, before, settings),
    );
  const answer = await route(sent);
  const patch = (answer.patch ?? []) as Parameters<typeof patched>[1];
  return { answer, patch, stored: patched(sent.object as Stored, patch), audit, reads };
}

/** A review of an UPDATE from one object to another one. */
export function update(oldObject: object, object: object, more: object = {}): object {
  return { operation: 'UPDATE', oldObject, object, ...more };
}
