import type { Selector } from './label-selector.ts';
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
};

/** The kinds of sources that are followed. */
export function sourceRowsIn({ resourcesToIgnore }: Scope): SourceRow[] {
  return SOURCE_ROWS.filter(({ type }) => !resourcesToIgnore.has(type));
}
