import { pause, type Clock } from '../clock.ts';
import type { Faults } from '../faults.ts';

const LOOK_MS = 15_000;
/** The start waits so long for an API server that cannot tell what it serves: kubelet's patience is longer. */
const FIRST_MS = 10_000;
const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 2_000;

/** Looks from time to time for what the API server does not serve yet. */
export class Lookout {
  readonly #clock: Clock;
  readonly #faults: Faults;
  #cancel: () => void = () => undefined;
  #stopped = false;

  constructor(clock: Clock, faults: Faults) {
    this.#clock = clock;
    this.#faults = faults;
  }

  /** Whoever still waits for an answer has nothing to tell of it any more. */
  get stopped(): boolean {
    return this.#stopped;
  }

  /** Looks before anything else begins, and again for a while as long as `look`, which never rejects, cannot tell. */
  async first(look: () => Promise<boolean>): Promise<void> {
    const end = this.#clock.monotonic() + FIRST_MS;
    let wait = FIRST_PAUSE_MS;
    while (!(await look()) && !this.#stopped && this.#clock.monotonic() < end) {
      await pause(this.#clock, wait);
      wait = Math.min(wait * 2, LONGEST_PAUSE_MS);
    }
  }

  /**
   * Calls `look`, which never rejects, and `onLooked` after it, as long as that wants another look; also if it throws:
   * what was found is then looked at again.
   */
  watch<T>(look: () => Promise<T>, onLooked: (found: T) => boolean): void {
    if (this.#stopped) return;
    this.#cancel = this.#clock.after(LOOK_MS, () => {
      void look().then((found) => {
        if (this.#stopped) return;
        const again =
          this.#faults.contain('a kind that the API server serves now', () => onLooked(found)) ?? true;
        if (again) this.watch(look, onLooked);
      });
    });
  }

  stop(): void {
    this.#stopped = true;
    this.#cancel();
  }
}
