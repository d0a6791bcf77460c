import type { SourceLookup } from '../core/dependency.ts';
import { stampKey, type SourceRef } from '../core/source.ts';
import type { SourceMeta } from '../core/source-meta.ts';

/** The sources that the watches have shown, by namespace: metadata alone. */
export class SourceBook {
  readonly #namespaces = new Map<string, Map<string, SourceMeta>>();

  /** Takes a source in; returns what was known of it. */
  put(meta: SourceMeta): SourceMeta | undefined {
    const key = stampKey(meta);
    const there = this.#namespaces.get(meta.namespace);
    const before = there?.get(key);
    if (there === undefined) this.#namespaces.set(meta.namespace, new Map([[key, meta]]));
    else there.set(key, meta);
    return before;
  }

  remove(ref: SourceRef): void {
    const there = this.#namespaces.get(ref.namespace);
    there?.delete(stampKey(ref));
    if (there?.size === 0) this.#namespaces.delete(ref.namespace);
  }

  get(ref: SourceRef): SourceMeta | undefined {
    return this.#namespaces.get(ref.namespace)?.get(stampKey(ref));
  }

  /** How many sources are known. */
  get size(): number {
    let size = 0;
    for (const there of this.#namespaces.values()) size += there.size;
    return size;
  }

  /** What a workload's dependencies are found in: the sources of its own namespace. */
  lookup(namespace: string): SourceLookup {
    const there = this.#namespaces.get(namespace);
    return {
      marks: (type, name) => there?.get(stampKey({ type, name }))?.marks,
      *names(type) {
        for (const meta of there?.values() ?? []) if (meta.type === type) yield meta.name;
      },
    };
  }
}
