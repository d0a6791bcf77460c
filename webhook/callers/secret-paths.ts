import { timingSafeEqual } from 'node:crypto';
import type { HmacKeys } from '../../certs/keys.ts';
import { reviewPaths, type ReviewRoute } from '../../certs/review-paths.ts';

const IN_TEXT = /(\/(?:sources|workloads)\/)[0-9a-f]+/g;

/** A text of somebody who may quote one of our addresses, and cut it short, without it. */
export function concealPaths(text: string): string {
  return text.replace(IN_TEXT, '$1…');
}

/**
 * The addresses at which reviews come in. To know one is what tells the API server from any pod that reaches our port:
 * an answer tells who uses a Secret. So none of them is ever logged or shown.
 */
export class SecretPaths {
  readonly #accepted: readonly { readonly route: ReviewRoute; readonly path: Buffer }[];

  constructor({ current, former }: HmacKeys) {
    this.#accepted = [current, ...former].flatMap((key) => {
      const { sources, workloads } = reviewPaths(key);
      return [
        { route: 'sources' as const, path: Buffer.from(sources) },
        { route: 'workloads' as const, path: Buffer.from(workloads) },
      ];
    });
  }

  /** What is reviewed at `path`; undefined at none of our addresses. How long it takes tells nothing of them but their length. */
  routeOf(path: string): ReviewRoute | undefined {
    const asked = Buffer.from(path);
    let found: ReviewRoute | undefined;
    for (const { route, path: ours } of this.#accepted)
      if (asked.length === ours.length && timingSafeEqual(asked, ours)) found = route;
    return found;
  }
}
