import { SOURCE_ROWS, sourceKey, stampKey, type SourceRef } from '../api/source.ts';
import { workloadKey, type Workload } from '../objects/workload.ts';

/**
 * From a source to the workloads that may depend on it. It answers with candidates: who uses the source or
 * names it, and who has a pattern for its type. Whether they do depend is for `decide` to say.
 */
export class ReverseIndex {
  readonly #workloads = new Map<string, { readonly asks: string; readonly places: readonly string[] }>();
  readonly #bySource = new Map<string, Set<string>>();

  /** Puts a workload in, or replaces what was known of it. */
  set(workload: Workload): void {
    const key = workloadKey(workload);
    const { asks } = workload;
    // Most writes of a workload change nothing of this, and it may have thousands of places.
    if (this.#workloads.get(key)?.asks === asks) return;
    this.delete(key);
    const places = placesOf(workload);
    this.#workloads.set(key, { asks, places });
    for (const place of places) {
      const there = this.#bySource.get(place);
      if (there === undefined) this.#bySource.set(place, new Set([key]));
      else there.add(key);
    }
  }

  delete(key: string): void {
    for (const place of this.#workloads.get(key)?.places ?? []) {
      const there = this.#bySource.get(place);
      there?.delete(key);
      if (there?.size === 0) this.#bySource.delete(place);
    }
    this.#workloads.delete(key);
  }

  /** Whether a change of this source may roll anything. */
  has(source: SourceRef): boolean {
    return this.#bySource.has(sourceKey(source)) || this.#bySource.has(patternPlace(source));
  }

  /** Keys of the workloads that a change of this source may roll. */
  candidates(source: SourceRef): Set<string> {
    return new Set([
      ...(this.#bySource.get(sourceKey(source)) ?? []),
      ...(this.#bySource.get(patternPlace(source)) ?? []),
    ]);
  }
}

/** No source has this name, so the place cannot be that of a source. */
function patternPlace(source: { namespace: string; type: string }): string {
  return `${source.namespace}/${source.type}/*`;
}

function placesOf(workload: Workload): string[] {
  const { namespace } = workload;
  const places = new Set<string>();
  for (const key of workload.references.keys()) places.add(`${namespace}/${key}`);
  for (const { type } of SOURCE_ROWS) {
    const list = workload.optIn[type].list;
    for (const name of list?.names ?? []) places.add(`${namespace}/${stampKey({ type, name })}`);
    if (list !== undefined && list.patterns.length > 0) places.add(patternPlace({ namespace, type }));
  }
  return [...places];
}
