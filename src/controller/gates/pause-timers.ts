import type { Clock } from '../../clock.ts';
import { hasBegun, pauseMs } from '../../core/objects/pause.ts';
import { workloadKey, type Workload } from '../../core/objects/workload.ts';
import type { Faults } from '../../faults.ts';

export type PausesOptions = {
  readonly clock: Clock;
  /** A pause is over: its annotation is to go, and what it held may roll. */
  readonly onOver: (key: string) => void;
  readonly faults: Faults;
};

/** Knows when the pause of each Deployment ends. What it knows is read from the Deployments, so a restart loses nothing. */
export class Pauses {
  readonly #options: PausesOptions;
  readonly #timers = new Map<string, () => void>();

  constructor(options: PausesOptions) {
    this.#options = options;
  }

  /** The workload was seen as it is now. */
  look(workload: Workload): void {
    const { clock, onOver, faults } = this.#options;
    const key = workloadKey(workload);
    this.forget(key);
    const { pause } = workload;
    if (!hasBegun(pause)) return;
    const left = pauseMs(pause, clock.now());
    this.#timers.set(
      key,
      clock.after(left, () => {
        this.#timers.delete(key);
        faults.contain(key, () => onOver(key));
      }),
    );
  }

  forget(key: string): void {
    this.#timers.get(key)?.();
    this.#timers.delete(key);
  }

  stop(): void {
    for (const key of [...this.#timers.keys()]) this.forget(key);
  }
}
