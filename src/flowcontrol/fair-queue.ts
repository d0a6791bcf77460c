/** What is kept, beyond the limit, for namespaces of which nothing runs: a quarter of it. */
const SPARE_SHARE = 4;

/**
 * What waits for one of a few places, in a line for each namespace: the first step of a key. The lines take turns, so that
 * thousands of one namespace hold up nothing of another one; and where all places are taken by what does not end, there are
 * a few more for namespaces that have none.
 */
export class FairQueue<T> {
  readonly #limit: number;
  readonly #most: number;
  readonly #lines = new Map<string, Map<string, T>>();
  /** How many run, by namespace. */
  readonly #running = new Map<string, number>();
  #runs = 0;
  #size = 0;

  constructor(limit: number) {
    this.#limit = limit;
    this.#most = limit + Math.floor(limit / SPARE_SHARE);
  }

  /** How many wait. */
  get size(): number {
    return this.#size;
  }

  /** How many have a place. */
  get runs(): number {
    return this.#runs;
  }

  /** Puts something at the end of its namespace's line; what waits under this key already keeps its place. */
  add(key: string, item: T): void {
    const namespace = namespaceOf(key);
    const line = this.#lines.get(namespace) ?? new Map<string, T>();
    if (line.size === 0) this.#lines.set(namespace, line);
    if (!line.has(key)) this.#size += 1;
    line.set(key, item);
  }

  get(key: string): T | undefined {
    return this.#lines.get(namespaceOf(key))?.get(key);
  }

  delete(key: string): void {
    const namespace = namespaceOf(key);
    const line = this.#lines.get(namespace);
    if (line?.delete(key) !== true) return;
    this.#size -= 1;
    if (line.size === 0) this.#lines.delete(namespace);
  }

  clear(): void {
    this.#lines.clear();
    this.#size = 0;
  }

  /** Takes a place for what has not waited; false if there is none. */
  begin(key: string): boolean {
    const namespace = namespaceOf(key);
    const isFree = this.#isFree(namespace);
    if (isFree) this.#take(namespace);
    return isFree;
  }

  /** The next one in turn, which has a place from now on; undefined if none waits that may have one. */
  next(): { readonly key: string; readonly item: T } | undefined {
    if (this.#runs >= this.#most) return undefined;
    for (const [namespace, line] of this.#lines) {
      const [first] = line;
      if (first === undefined || !this.#isFree(namespace)) continue;
      const [key, item] = first;
      this.delete(key);
      // The other namespaces are next.
      if (this.#lines.delete(namespace)) this.#lines.set(namespace, line);
      this.#take(namespace);
      return { key, item };
    }
    return undefined;
  }

  /** The next one in turn, which needs no place; undefined if none waits. */
  take(): { readonly key: string; readonly item: T } | undefined {
    const next = this.next();
    if (next !== undefined) this.done(next.key);
    return next;
  }

  /** Takes one out of its line; it has a place from now on, even beyond the limit. */
  hurry(key: string): T | undefined {
    const item = this.get(key);
    if (item === undefined) return undefined;
    this.delete(key);
    this.#take(namespaceOf(key));
    return item;
  }

  /** Gives a place back. */
  done(key: string): void {
    const namespace = namespaceOf(key);
    const left = (this.#running.get(namespace) ?? 0) - 1;
    if (left > 0) this.#running.set(namespace, left);
    else this.#running.delete(namespace);
    this.#runs -= 1;
  }

  #take(namespace: string): void {
    this.#running.set(namespace, (this.#running.get(namespace) ?? 0) + 1);
    this.#runs += 1;
  }

  #isFree(namespace: string): boolean {
    return this.#runs < (this.#running.has(namespace) ? this.#limit : this.#most);
  }
}

function namespaceOf(key: string): string {
  return key.slice(0, Math.max(key.indexOf('/'), 0));
}
