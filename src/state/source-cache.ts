import { sourceKey, stampKey, type SourceRef, type SourceType } from '../core/api/source.ts';
import type { SourceMeta } from '../core/objects/source-metadata.ts';
import type { Wishes } from '../core/opt-in/overrides.ts';
import { keepNewest } from '../keep-newest.ts';
import { moment } from './moment.ts';

/** A source, and what the watch has shown of how it came to be as it is. */
export type KnownSource = SourceMeta & {
  /** The version of the write that brought its marks, or the source itself; undefined if that was before the start. */
  readonly marked: string | undefined;
  /** That write made it, or let it through the filter. */
  readonly appeared: boolean;
  /** The moment since which it is shown in this version. */
  readonly shown: number;
};

/** Enough for what goes and comes back within moments, which is all that needs it. */
const MAX_GONE = 1_000;
const NONE: ReadonlyMap<string, KnownSource> = new Map();

/**
 * The sources that the watches have shown, by namespace: metadata alone. What they show last counts, even if its
 * version is lower: the API server may have been restored to an older state.
 */
export class SourceBook {
  readonly #namespaces = new Map<string, Map<string, KnownSource>>();
  /** The keys of those that ask for times, by namespace. */
  readonly #asking = new Map<string, Set<string>>();
  /** Sources that are gone: one that is made anew has been a dependency for as long as the one before. */
  readonly #gone = new Map<string, KnownSource>();

  /**
   * Takes a source in; returns what was known of it, and whether that was this very version. `started`: all that was there
   * before the start is known.
   */
  put(
    meta: SourceMeta,
    started = false,
  ): { readonly before: KnownSource | undefined; readonly same: boolean } {
    const key = stampKey(meta);
    const there = this.#namespaces.get(meta.namespace);
    const before = there?.get(key);
    const same = before?.uid === meta.uid && before.resourceVersion === meta.resourceVersion;
    const known = {
      ...meta,
      ...marksOf(meta, before ?? this.gone(meta), started),
      shown: same ? before.shown : moment(),
    };
    if (there === undefined) this.#namespaces.set(meta.namespace, new Map([[key, known]]));
    else there.set(key, known);
    this.#noteAsking(meta.namespace, key, asksForTimes(meta.wishes));
    return { before, same };
  }

  /** What is known of the sources of a type is shown as of now, whatever its versions say. Returns them. */
  renew(type: SourceType): KnownSource[] {
    const shown = moment();
    const all = [...this.#namespaces.values()].flatMap((there) => [...there.values()]);
    const renewed = all.filter((meta) => meta.type === type).map((meta) => ({ ...meta, shown }));
    for (const meta of renewed) this.#namespaces.get(meta.namespace)?.set(stampKey(meta), meta);
    return renewed;
  }

  remove(ref: SourceRef): void {
    const there = this.#namespaces.get(ref.namespace);
    const known = there?.get(stampKey(ref));
    if (known !== undefined) keepNewest(this.#gone, sourceKey(known), known, MAX_GONE);
    there?.delete(stampKey(ref));
    if (there?.size === 0) this.#namespaces.delete(ref.namespace);
    this.#noteAsking(ref.namespace, stampKey(ref), false);
  }

  get(ref: SourceRef): KnownSource | undefined {
    return this.#namespaces.get(ref.namespace)?.get(stampKey(ref));
  }

  /** A source as it was before it went; undefined if it is there, or went long ago. */
  gone(ref: SourceRef): KnownSource | undefined {
    return this.get(ref) === undefined ? this.#gone.get(sourceKey(ref)) : undefined;
  }

  #noteAsking(namespace: string, key: string, asks: boolean): void {
    const there = this.#asking.get(namespace);
    if (!asks) {
      there?.delete(key);
      if (there?.size === 0) this.#asking.delete(namespace);
    } else if (there === undefined) this.#asking.set(namespace, new Set([key]));
    else there.add(key);
  }

  /** How many sources are known. */
  get size(): number {
    let size = 0;
    for (const there of this.#namespaces.values()) size += there.size;
    return size;
  }

  /** The sources of a namespace that ask for times of their own: almost none does. */
  asking(namespace: string): KnownSource[] {
    const there = this.#namespaces.get(namespace);
    return [...(this.#asking.get(namespace) ?? [])].flatMap((key) => there?.get(key) ?? []);
  }

  /** What a workload's dependencies are found in: the sources of its own namespace, by stamp key. */
  in(namespace: string): ReadonlyMap<string, KnownSource> {
    return this.#namespaces.get(namespace) ?? NONE;
  }
}

function asksForTimes({ quietMs, longestMs }: Wishes): boolean {
  return (quietMs ?? longestMs) !== undefined;
}

function marksOf(
  { marks, resourceVersion }: SourceMeta,
  before: KnownSource | undefined,
  started: boolean,
): Pick<KnownSource, 'marked' | 'appeared'> {
  if (before === undefined)
    return started ? { marked: resourceVersion, appeared: true } : { marked: undefined, appeared: false };
  const { ignore, match } = before.marks;
  // Also of another uid: pods that have seen the one that is gone have not seen this one.
  if (marks.ignore === ignore && marks.match === match)
    return { marked: before.marked, appeared: before.appeared };
  return { marked: resourceVersion, appeared: false };
}
