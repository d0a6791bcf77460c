/** Metadata that every object of the API has. */
export type Identified = {
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly uid: string;
    readonly resourceVersion: string;
    readonly annotations?: Readonly<Record<string, string>>;
  };
};

/** A list that was shown whole: as of which version, and whether that is older than what the same watch had shown. */
export type Listed = { readonly version: string; readonly isOlder: boolean };

/** What follows a kind of object hears of it, in the order of the API server. What it throws is only reported. */
export type Follower<T extends Identified> = {
  /** A list is asked for: what comes from here on, until the next one, is what was stored since then. */
  begin?(): void;
  put(object: T): void;
  /** The object is gone, or out of the filter of the watch. */
  remove(id: { readonly namespace: string; readonly name: string }): void;
  /** A list has been shown whole, also what is gone. If it is older, the API server was restored to an older state. */
  end?(list: Listed): void;
  /**
   * There is no contact with the API server: what was shown may be of a state that is no more, until the watch is found to go
   * on, or the next list has ended. Told again with each try that fails.
   */
  lost?(): void;
  found?(): void;
};

/**
 * The names of what a follower has been told of. A list need not say what is gone: what it does not show, it tells of at
 * the list's end.
 */
export class Roster<T extends Identified> {
  readonly #follower: Follower<T>;
  readonly #known = new Map<string, { namespace: string; name: string }>();
  /** Objects of a list that is still being sent. */
  #listed: Set<string> | undefined;

  constructor(follower: Follower<T>) {
    this.#follower = follower;
  }

  /** Whether a list has begun and not ended. */
  get isListing(): boolean {
    return this.#listed !== undefined;
  }

  /** A list begins, before it is asked for; what another one has shown that did not end counts no more. */
  beginList(): void {
    this.#listed = new Set();
    this.#follower.begin?.();
  }

  /**
   * The list has shown everything. What an older one does not show may be gone, or not be in it yet: the cache of an API
   * server can lag behind another one. It stays until the next list.
   */
  endList(list: Listed): void {
    const listed = this.#listed ?? new Set();
    this.#listed = undefined;
    if (!list.isOlder) for (const [key, id] of [...this.#known]) if (!listed.has(key)) this.remove(id);
    this.#follower.end?.(list);
  }

  put(object: T): void {
    const { namespace = '', name } = object.metadata;
    const key = `${namespace}/${name}`;
    this.#known.set(key, { namespace, name });
    this.#listed?.add(key);
    this.#follower.put(object);
  }

  /** Tells only of what is known. */
  remove({ namespace = '', name }: { readonly namespace?: string; readonly name: string }): void {
    const key = `${namespace}/${name}`;
    if (!this.#known.delete(key)) return;
    this.#listed?.delete(key);
    this.#follower.remove({ namespace, name });
  }
}
