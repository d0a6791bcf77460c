import type { Scope } from '../../src/core/api/scope.ts';

/** The scope of an installation that looks after everything. */
export const EVERYWHERE: Scope = {
  namespaces: [],
  namespacesToIgnore: [],
  namespaceSelector: [],
  resourceLabelSelector: [],
  resourcesToIgnore: new Set(),
};
