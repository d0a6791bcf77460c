import type { Selector } from '../../src/core/api/label-selector.ts';
import type { Scope } from '../../src/core/api/scope.ts';

/** Leases and nodes of the cluster must never wait for us; their own ConfigMaps are busy locks. */
const SYSTEM_NAMESPACES = ['kube-system', 'kube-node-lease'];

/** What a namespace can be called (RFC 1123): any other text could lead elsewhere as a part of a path. */
const NAMESPACE = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

const ignoredIn = ({ namespacesToIgnore }: Scope): string[] => [
  ...new Set([...SYSTEM_NAMESPACES, ...namespacesToIgnore]),
];

/** The namespaces whose writes are reviewed, as the API server is told: what a webhook configuration selects. */
export function reviewedNamespaces(scope: Scope): Selector {
  const key = 'kubernetes.io/metadata.name';
  if (scope.namespaces.length > 0) return [{ key, operator: 'In', values: scope.namespaces }];
  return [{ key, operator: 'NotIn', values: ignoredIn(scope) }, ...scope.namespaceSelector];
}

/**
 * Whether the API server asks us about writes in a namespace: a review of any other one is made up, and nothing is read
 * for it. `selected` says whether it has the labels of --namespace-selector.
 */
export function isReviewed(
  scope: Scope,
  namespace: string,
  selected: (namespace: string) => boolean,
): boolean {
  if (!NAMESPACE.test(namespace)) return false;
  if (scope.namespaces.length > 0) return scope.namespaces.includes(namespace);
  return !ignoredIn(scope).includes(namespace) && selected(namespace);
}
