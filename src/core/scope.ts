import type { Selector } from './label-selector.ts';
import { KIND_ROWS, type KindRow } from './kind.ts';
import { SOURCE_ROWS, type SourceRow, type SourceType } from './source.ts';

/** Which part of the cluster is looked after. The API server filters wherever it can. */
export type Scope = {
  /** Only these namespaces; empty means all. */
  readonly namespaces: readonly string[];
  /** Of all namespaces not these, and only those with these labels. */
  readonly namespacesToIgnore: readonly string[];
  readonly namespaceSelector: Selector;
  /** Only sources with these labels. */
  readonly resourceLabelSelector: Selector;
  readonly resourcesToIgnore: ReadonlySet<SourceType>;
  /** Kinds of workloads that are left alone. */
  readonly ignoredWorkloadTypes: ReadonlySet<string>;
};

/** The kinds of sources that are followed. */
export function sourceRowsIn({ resourcesToIgnore }: Scope): SourceRow[] {
  return SOURCE_ROWS.filter(({ type }) => !resourcesToIgnore.has(type));
}

/** The kinds of workloads that are followed. */
export function kindRowsIn({ ignoredWorkloadTypes }: Scope): KindRow[] {
  return KIND_ROWS.filter(({ kind }) => !ignoredWorkloadTypes.has(kind));
}
