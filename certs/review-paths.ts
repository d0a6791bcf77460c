import { createHmac } from 'node:crypto';
import type { HmacKey } from './keys.ts';

/** What is reviewed: each has an address of its own. */
export type ReviewRoute = 'sources' | 'workloads';

/** The path of each address. */
export type ReviewPaths = Readonly<Record<ReviewRoute, string>>;

/** So that an address equals no other digest under the same key, and tells nothing of the other address. */
const LABEL = 'restamp.dev/review-path\0';
const HEX_DIGITS = 32;

/**
 * The addresses that follow from a key: `/sources/<32 hex digits>` and `/workloads/<32 hex digits>`. Only who may read
 * the key, or the webhook configurations, knows them. Each segment is a lower-case DNS label, as the API server wants
 * it of the path of a Service (k8s.io/apiserver, pkg/util/webhook/validation.go).
 */
export function reviewPaths({ key }: HmacKey): ReviewPaths {
  const pathOf = (route: ReviewRoute): string => {
    const digest = createHmac('sha256', key).update(LABEL).update(route).digest('hex');
    return `/${route}/${digest.slice(0, HEX_DIGITS)}`;
  };
  return { sources: pathOf('sources'), workloads: pathOf('workloads') };
}
