import type { Clock } from '../clock.ts';
import { keyedDigest, type Digest } from '../core/objects/digest.ts';
import { selects, type Selector } from '../core/api/label-selector.ts';
import { sourceKey, type SourceRef, type SourceType } from '../core/api/source.ts';
import { sourceData } from '../core/objects/source-data.ts';
import type { SourceObject } from '../core/objects/source-metadata.ts';
import { asRestampError, hasCode, type RestampError } from '../errors.ts';
import type { Faults } from '../faults.ts';

/** A source whose data is not what it was; `version` tells two changes of it apart. */
export type SourceChange = SourceRef & { readonly version: string };

export type SourceChangesOptions = {
  readonly clock: Clock;
  /** Reads one source with its data; RESTAMP_KUBE_NOT_FOUND where there is none. */
  readonly read: (ref: SourceRef) => Promise<SourceObject>;
  /** Digests are made under this key, and never leave this process. */
  readonly key: Buffer;
  /** Sources without these labels are filtered out. */
  readonly selector: Selector;
  readonly reloadOnCreate: boolean;
  readonly reloadOnDelete: boolean;
  readonly onChange: (change: SourceChange) => void;
  readonly onTrouble: (error: RestampError) => void;
  readonly faults: Faults;
};

type State = {
  readonly ref: SourceRef;
  /** The version that the watch told of last; undefined for one that is gone. */
  heard: string | undefined;
  /** What was read last; undefined before the first read. It outlives the source: another may take its place. */
  digest: Digest | undefined;
  uid: string | undefined;
  /** Came after the start: to be told of as new. */
  born: boolean;
  failures: number;
};

const READS_AT_ONCE = 8;
const LONGEST_PAUSE_MS = 30_000;
/** Digests of sources that are gone: a few, so that names which are never used again cost no memory. */
const MAX_GONE = 10_000;

/**
 * Finds the data changes of all sources that the watches show, whether a workload depends on them or not. A watch
 * of metadata cannot tell: so each source is read once at the start and once after each stored write, and what is
 * kept of it is a digest. Several changes between two reads are one.
 */
export class SourceChanges {
  readonly #options: SourceChangesOptions;
  readonly #states = new Map<string, State>();
  readonly #gone = new Set<string>();
  readonly #waiting = new Set<string>();
  readonly #reading = new Set<string>();
  readonly #allRead = Promise.withResolvers<undefined>();
  #started = false;
  #stopped = false;

  constructor(options: SourceChangesOptions) {
    this.#options = options;
  }

  /** The watches have shown everything: what comes from here on is new. Returns once it has all been read. */
  start(): Promise<unknown> {
    this.#started = true;
    this.#next();
    return this.#allRead.promise;
  }

  /** How many sources are known. */
  get size(): number {
    return this.#states.size;
  }

  stop(): void {
    this.#stopped = true;
  }

  /** What follows the watch of a kind of source: metadata alone. */
  follower(type: SourceType): {
    put(object: SourceObject): void;
    remove(id: { readonly namespace: string; readonly name: string }): void;
  } {
    return {
      put: ({ metadata }) => {
        const { name, namespace = '', resourceVersion } = metadata;
        const ref = { type, namespace, name };
        const state = this.#states.get(sourceKey(ref));
        if (state?.heard === resourceVersion) return;
        if (state === undefined)
          this.#states.set(sourceKey(ref), {
            ref,
            heard: resourceVersion,
            digest: undefined,
            uid: undefined,
            born: this.#started,
            failures: 0,
          });
        else state.heard = resourceVersion;
        this.#look(sourceKey(ref));
      },
      remove: ({ namespace, name }) => {
        const key = sourceKey({ type, namespace, name });
        const state = this.#states.get(key);
        if (state === undefined) return;
        state.heard = undefined;
        // A filtered watch also says this of what is only filtered out: the read tells.
        this.#look(key);
      },
    };
  }

  #look(key: string): void {
    this.#waiting.add(key);
    this.#next();
  }

  #next(): void {
    for (const key of this.#waiting) {
      if (this.#stopped || this.#reading.size >= READS_AT_ONCE) return;
      const state = this.#states.get(key);
      // What is being read is read again after that.
      if (this.#reading.has(key) || state === undefined) continue;
      this.#waiting.delete(key);
      this.#reading.add(key);
      void this.#read(key, state);
    }
    if (this.#started && this.#reading.size === 0) this.#allRead.resolve(undefined);
  }

  async #read(key: string, state: State): Promise<void> {
    const { read, clock, onTrouble } = this.#options;
    try {
      this.#take(key, state, await read(state.ref));
      state.failures = 0;
    } catch (thrown) {
      if (hasCode(thrown, 'RESTAMP_KUBE_NOT_FOUND')) this.#lose(key, state);
      else {
        const error = asRestampError(thrown, 'RESTAMP_KUBE_PROTOCOL', key);
        onTrouble(error);
        const ms = Math.max(1000 * 2 ** state.failures, (error.retryAfter ?? 0) * 1000);
        state.failures += 1;
        clock.after(Math.min(ms, LONGEST_PAUSE_MS), () => this.#look(key));
      }
    }
    this.#reading.delete(key);
    this.#next();
  }

  #take(key: string, state: State, object: SourceObject): void {
    const { selector, reloadOnCreate } = this.#options;
    const { labels, uid, resourceVersion } = object.metadata;
    if (!selects(selector, labels)) return;
    const data = sourceData(state.ref.type, object);
    const digest = keyedDigest({ key: this.#options.key, source: key }, data);
    const changed = state.digest !== undefined && state.digest !== digest;
    const created = state.uid === undefined ? state.born : state.uid !== uid;
    this.#gone.delete(key);
    state.digest = digest;
    state.uid = uid;
    if (changed || (created && reloadOnCreate)) this.#tell({ ...state.ref, version: resourceVersion });
  }

  /** What the receiver of a change throws is no failed read: the source would be read again, and not be told of. */
  #tell(change: SourceChange): void {
    const { faults, onChange } = this.#options;
    faults.contain(sourceKey(change), () => onChange(change));
  }

  #lose(key: string, state: State): void {
    const { reloadOnDelete } = this.#options;
    if (state.uid !== undefined && !this.#gone.has(key) && reloadOnDelete)
      this.#tell({ ...state.ref, version: '' });
    this.#gone.add(key);
    for (const oldest of this.#gone) {
      if (this.#gone.size <= MAX_GONE) break;
      this.#gone.delete(oldest);
      this.#states.delete(oldest);
    }
  }
}
