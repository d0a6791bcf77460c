import type { Clock } from '../clock.ts';

const LOOK_MS = 15_000;

/** Looks from time to time for what the API server does not serve yet. */
export class Lookout {
  readonly #clock: Clock;
  #cancel: () => void = () => undefined;
  #stopped = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Calls `look`, which never rejects, and `onLooked` after it, as long as that wants another look. */
  watch<T>(look: () => Promise<T>, onLooked: (found: T) => boolean): void {
    if (this.#stopped) return;
    this.#cancel = this.#clock.after(LOOK_MS, () => {
      void look().then((found) => {
        if (!this.#stopped && onLooked(found)) this.watch(look, onLooked);
      });
    });
  }

  stop(): void {
    this.#stopped = true;
    this.#cancel();
  }
}
