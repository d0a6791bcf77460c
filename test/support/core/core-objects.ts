import { RELOADER_KEYS } from '../../../src/core/api/annotations.ts';
import { Kinds, type KindRow } from '../../../src/core/api/kind.ts';
import type { PodTemplate } from '../../../src/core/api/pod-template.ts';
import { sourceData, type SourceData } from '../../../src/core/objects/source-data.ts';
import type { SourceType } from '../../../src/core/api/source.ts';
import { reduceWorkload, type Workload, type WorkloadObject } from '../../../src/core/objects/workload.ts';

export const kinds = new Kinds();

/** A row of the table that is known to be there. */
export function rowOf(kind: string): KindRow {
  return kinds.get(kind)!;
}

type Sections = { readonly data?: object | null; readonly binaryData?: object | null };

/** The data of a ConfigMap or Secret, as if an API server had written it. */
export function dataOf(type: SourceType, sections: Sections): SourceData {
  return sourceData(type, sections);
}

/** A number of bytes or a text in base64. */
export function base64(content: string | readonly number[]): string {
  return Buffer.from(content as string).toString('base64');
}

export type WorkloadParts = {
  readonly annotations?: Readonly<Record<string, string>>;
  readonly template?: PodTemplate;
  readonly metadata?: Partial<WorkloadObject['metadata']>;
  readonly autoReloadAll?: boolean;
  readonly ignoring?: readonly SourceType[];
  readonly kind?: string;
};

/** A Deployment `prod/api` as an API object. */
export function deployment({
  annotations = {},
  template = {},
  metadata = {},
}: WorkloadParts): WorkloadObject {
  const own = { name: 'api', namespace: 'prod', uid: 'u-1', resourceVersion: '7', annotations, ...metadata };
  return { metadata: own, spec: { template } } as WorkloadObject;
}

/** {@link deployment} as Restamp keeps it, or undefined where it does not; `before`: as it was shown before. */
export function reduced(parts: WorkloadParts, before?: Workload): Workload | undefined {
  const settings = {
    keys: RELOADER_KEYS,
    autoReloadAll: parts.autoReloadAll ?? false,
    resourcesToIgnore: new Set<SourceType>(parts.ignoring),
    kinds,
    borrowed: () => undefined,
  };
  return reduceWorkload(rowOf(parts.kind ?? 'Deployment'), deployment(parts), settings, before);
}

/** {@link reduced} for what is known to be kept. */
export function workload(parts: WorkloadParts): Workload {
  return reduced(parts)!;
}

/** A container that takes the whole of each source into its environment: `cm/app`, `secret/db`. */
export function using(name: string, ...sources: readonly string[]) {
  const envFrom = sources.map((source) => {
    const [type, ref = ''] = source.split('/');
    return type === 'cm' ? { configMapRef: { name: ref } } : { secretRef: { name: ref } };
  });
  return { name, envFrom };
}
