import { FairQueue } from './fair-queue.ts';

/**
 * Lets a few tasks run at once; the others wait for their turn, in order, and one namespace after the other. What is
 * hurried waits no longer, even beyond the limit: whoever hurries bounds that by itself.
 */
export class Turns {
  readonly #queue: FairQueue<() => void>;

  #namesakes = 0;

  constructor(limit: number) {
    this.#queue = new FairQueue(limit);
  }

  /** How many tasks wait for their turn. */
  get waiting(): number {
    return this.#queue.size;
  }

  /**
   * Runs a task at once or in its turn, and ends as it ends. What it waits for should be an answer alone: a pause before
   * another try belongs outside. `key` begins with the namespace.
   */
  async run<T>(key: string, task: () => Promise<T>): Promise<T> {
    if (!this.#queue.begin(key)) await new Promise<void>((go) => this.#queue.add(this.#placeOf(key), go));
    try {
      return await task();
    } finally {
      this.#queue.done(key);
      this.#queue.next()?.item();
    }
  }

  /** The first task of this key need not wait, if it does. */
  hurry(key: string): void {
    this.#queue.hurry(key)?.();
  }

  /** Two tasks of one key have a place each. */
  #placeOf(key: string): string {
    if (this.#queue.get(key) === undefined) return key;
    this.#namesakes += 1;
    return `${key} ${this.#namesakes}`;
  }

  /** What waits never runs, and never ends. */
  stop(): void {
    this.#queue.clear();
  }
}
