import { pause, type Clock } from '../clock.ts';
import { keyedDigest, reloaderHash } from '../core/digest.ts';
import type { ReloaderKeys } from '../core/annotations.ts';
import { selects, type Selector } from '../core/label-selector.ts';
import type { Current } from '../core/plan.ts';
import { compareVersions, newerVersion } from '../core/resource-version.ts';
import { sourceKey, type SourceRef } from '../core/source.ts';
import { sourceData } from '../core/source-data.ts';
import { reduceSource, type SourceMeta, type SourceObject } from '../core/source-meta.ts';
import { asRestampError, hasCode, type RestampError } from '../errors.ts';
import { backoffMs } from './backoff.ts';

/** Reads one source from the API server; undefined where it does not exist. */
export type ReadSource = (ref: SourceRef) => Promise<SourceObject | undefined>;

/** Our HMAC keys, by id; the first one makes new digests. */
export type KeyRing = { readonly current: string; readonly keys: ReadonlyMap<string, Buffer> };

/** A source as it was read last: digests, never data. */
export type SourceState = (
  | (Extract<Current, { state: 'missing' }> & { readonly meta?: undefined })
  | (Extract<Current, { state: 'present' }> & { readonly meta: SourceMeta; readonly sha1: string })
) & {
  /** The newest version that anybody spoke of when this was read: nothing up to it asks for another read. */
  readonly asOf: string | undefined;
};

/** What a read must be good for. */
export type Need = {
  /** A version that somebody has seen; a state that was read with this in mind is new enough. */
  readonly atLeast?: string | undefined;
  /** A selection of keys that a digest is wanted of. */
  readonly selection?: readonly string[] | undefined;
};

export type SourceReaderOptions = {
  readonly read: ReadSource;
  readonly ring: KeyRing;
  readonly keys: ReloaderKeys;
  /** Sources without these labels count as filtered out. */
  readonly selector: Selector;
  readonly clock: Clock;
  /** A read has ended: look again at everything that depends on this source. */
  readonly onRead: (ref: SourceRef, state: SourceState, before: SourceState | undefined) => void;
  readonly onTrouble: (error: RestampError) => void;
};

/**
 * Reads the sources of dependencies, once for each stored change, digests them and forgets the data. A change
 * that arrives during a read is read again after it; a failed read is tried again until it succeeds.
 */
export class SourceReader {
  readonly #options: SourceReaderOptions;
  readonly #states = new Map<string, SourceState>();
  /** Selections of keys that maps hold digests of, by source. */
  readonly #selections = new Map<string, Map<string, readonly string[]>>();
  readonly #reading = new Map<string, Reading>();
  readonly #awaited = new Map<string, PromiseWithResolvers<undefined>>();
  #stopped = false;

  constructor(options: SourceReaderOptions) {
    this.#options = options;
  }

  stop(): void {
    this.#stopped = true;
  }

  /** What was read last; undefined if nothing was, or if `digest` could not answer for this selection. */
  state(ref: SourceRef, selection?: readonly string[]): SourceState | undefined {
    const state = this.#states.get(sourceKey(ref));
    // What was read before anybody asked for the selection has no digest of it, and must not look changed.
    const unanswered =
      selection !== undefined &&
      state?.state === 'present' &&
      state.digest(this.#options.ring.current, selection) === '';
    return unanswered ? undefined : state;
  }

  /** Forgets a source on which nothing depends any more. */
  forget(ref: SourceRef): void {
    this.#states.delete(sourceKey(ref));
    this.#selections.delete(sourceKey(ref));
  }

  /**
   * Reads a source: at once, or again after the read that is under way if that one began too early. `onRead`
   * tells when it is done.
   */
  refresh(ref: SourceRef, need: Need = {}): void {
    const key = sourceKey(ref);
    const selections = this.#selections.get(key) ?? new Map<string, readonly string[]>();
    const isNew = need.selection !== undefined && !selections.has(String(need.selection));
    if (need.selection !== undefined)
      this.#selections.set(key, selections.set(String(need.selection), need.selection));
    const reading = this.#reading.get(key);
    if (reading === undefined) void this.#read(ref, key, need.atLeast);
    else {
      const covered =
        need.atLeast !== undefined && newerVersion(need.atLeast, reading.atLeast) === reading.atLeast;
      if (!covered || isNew) reading.again = true;
      reading.atLeast = newerVersion(reading.atLeast, need.atLeast);
    }
  }

  /** The same as {@link refresh}; ends when the source has been read, which may take any number of tries. */
  async read(ref: SourceRef, need: Need = {}): Promise<void> {
    const key = sourceKey(ref);
    const awaited = this.#awaited.get(key) ?? Promise.withResolvers<undefined>();
    this.#awaited.set(key, awaited);
    this.refresh(ref, need);
    await awaited.promise;
  }

  async #read(ref: SourceRef, key: string, atLeast: string | undefined): Promise<void> {
    const { clock, onRead, onTrouble } = this.#options;
    const reading: Reading = { again: false, atLeast };
    this.#reading.set(key, reading);
    for (let failures = 0; !this.#stopped;) {
      reading.again = false;
      try {
        const state = await this.#fetch(ref, key, reading);
        failures = 0;
        if (isWantedAgain(reading)) continue;
        const before = this.#states.get(key);
        this.#reading.delete(key);
        if (!isOlder(state, before)) this.#states.set(key, state);
        this.#awaited.get(key)?.resolve(undefined);
        this.#awaited.delete(key);
        if (!isOlder(state, before)) onRead(ref, state, before);
        return;
      } catch (error) {
        const trouble = asRestampError(error, 'RESTAMP_KUBE_PROTOCOL', key);
        onTrouble(trouble);
        failures += 1;
        await pause(clock, backoffMs(trouble, failures));
      }
    }
  }

  async #fetch(ref: SourceRef, key: string, reading: Reading): Promise<SourceState> {
    let object: SourceObject | undefined;
    try {
      object = await this.#options.read(ref);
    } catch (error) {
      if (!hasCode(error, 'RESTAMP_KUBE_NOT_FOUND')) throw error;
    }
    if (object === undefined)
      return { state: 'missing', asOf: newerVersion(reading.atLeast, this.#states.get(key)?.asOf) };
    const asOf = newerVersion(object.metadata.resourceVersion, reading.atLeast);
    if (!selects(this.#options.selector, object.metadata.labels))
      return { state: 'missing', filtered: true, asOf };
    return { ...this.#digest(key, ref, object), asOf };
  }

  #digest(key: string, ref: SourceRef, object: SourceObject) {
    const data = sourceData(ref.type, object);
    const meta = reduceSource(ref.type, object, this.#options.keys);
    const digests = new Map<string, string>();
    for (const [id, hmacKey] of this.#options.ring.keys)
      for (const selection of [undefined, ...(this.#selections.get(key)?.values() ?? [])])
        digests.set(digestId(id, selection), keyedDigest({ key: hmacKey, source: key }, data, selection));
    const { uid, resourceVersion, created, dataTime } = meta;
    return {
      state: 'present' as const,
      meta,
      uid,
      resourceVersion,
      created,
      dataTime,
      sha1: reloaderHash(data),
      // A selection that was not asked for before the read has no digest: it compares as different from any.
      digest: (id: string, selection: readonly string[] | undefined) =>
        digests.get(digestId(id, selection)) ?? '',
    };
  }
}

type Reading = { again: boolean; atLeast: string | undefined };

/** `again` is set by others while a read is awaited, which the compiler cannot see. */
function isWantedAgain(reading: Reading): boolean {
  return reading.again;
}

function digestId(keyId: string, selection: readonly string[] | undefined): string {
  return selection === undefined ? keyId : `${keyId} ${String(selection)}`;
}

function isOlder(state: SourceState, before: SourceState | undefined): boolean {
  return (
    state.state === 'present' &&
    before?.state === 'present' &&
    before.uid === state.uid &&
    compareVersions(state.resourceVersion, before.resourceVersion) < 0
  );
}
