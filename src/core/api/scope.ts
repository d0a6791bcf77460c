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

/** Types of sources that nothing depends on: SecretProviderClasses count only where they are asked for. */
export function ignoredTypes({
  resourcesToIgnore,
  csiIntegration,
}: Pick<Scope, 'resourcesToIgnore'> & { readonly csiIntegration: boolean }): Set<SourceType> {
  return new Set([...resourcesToIgnore, ...(csiIntegration ? [] : ['spc' as const])]);
}

/** The kinds of sources that are followed and that every API server has; others are followed once they are served. */
export function coreSourceRowsIn({ resourcesToIgnore }: Scope): SourceRow[] {
  return SOURCE_ROWS.filter(({ type, group }) => group === '' && !resourcesToIgnore.has(type));
}
