/**
 * Lets a few tasks run at once; the others wait for their turn, in order. What is hurried waits no longer, even beyond
 * the limit: whoever hurries bounds that by itself.
 */
export class Turns {
  readonly #limit: number;
  /** By whatever a task is known by; a key waits only once. */
  readonly #waiting = new Map<unknown, () => void>();
  #running = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** How many tasks wait for their turn. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** Runs a task at once or in its turn, and ends as it ends. */
  async run<T>(key: unknown, task: () => Promise<T>): Promise<T> {
    if (this.#running < this.#limit) this.#running += 1;
    else await new Promise<void>((go) => this.#waiting.set(key, go));
    try {
      return await task();
    } finally {
      this.#running -= 1;
      this.#next();
    }
  }

  /** The task of this key need not wait, if it does. */
  hurry(key: unknown): void {
    const go = this.#waiting.get(key);
    if (go === undefined) return;
    this.#waiting.delete(key);
    this.#running += 1;
    go();
  }

  /** What waits never runs, and never ends. */
  stop(): void {
    this.#waiting.clear();
  }

  #next(): void {
    if (this.#running >= this.#limit) return;
    for (const key of this.#waiting.keys()) {
      this.hurry(key);
      return;
    }
  }
}
