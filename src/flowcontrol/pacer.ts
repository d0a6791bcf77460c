import type { Clock } from '../clock.ts';
import { FairQueue } from './fair-queue.ts';

/**
 * A line that lets one through at a time, so many in a second and no faster, however long it has stood; the namespaces take
 * turns. While it is closed none goes.
 */
export class Pace {
  readonly #clock: Clock;
  readonly #everyMs: number;
  readonly #go: (key: string) => void;
  readonly #line = new FairQueue<true>(1);
  #last = -Infinity;
  #open = true;
  #cancel: (() => void) | undefined;

  constructor(clock: Clock, perSecond: number, go: (key: string) => void) {
    this.#clock = clock;
    this.#everyMs = 1000 / perSecond;
    this.#go = go;
  }

  add(key: string): void {
    this.#line.add(key, true);
    this.#schedule();
  }

  delete(key: string): void {
    this.#line.delete(key);
  }

  setOpen(open: boolean): void {
    this.#open = open;
    this.#schedule();
  }

  stop(): void {
    this.setOpen(false);
  }

  #schedule(): void {
    if (!this.#open || this.#line.size === 0) {
      this.#cancel?.();
      this.#cancel = undefined;
    } else
      this.#cancel ??= this.#clock.after(this.#last + this.#everyMs - this.#clock.monotonic(), () => {
        this.#cancel = undefined;
        this.#next();
        this.#schedule();
      });
  }

  #next(): void {
    const next = this.#line.take();
    if (next === undefined) return;
    this.#last = this.#clock.monotonic();
    this.#go(next.key);
  }
}
