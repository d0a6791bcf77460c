import { atMost, type Clock } from '../clock.ts';
import type { Identified } from '../kube/watch/known-objects.ts';
import type { Reflector } from '../kube/watch/reflector.ts';
import type { Relister } from './relister.ts';
import { Turns } from '../flowcontrol/limiter.ts';

/** A watch, as far as its lists go. */
export type Listing = {
  readonly path: string;
  readonly reflector: Pick<Reflector<Identified>, 'start' | 'synced'>;
  readonly relister: Pick<Relister, 'again' | 'stumbles'>;
};

/**
 * An API server begins about 50 requests of one user at once, lets 300 wait, and refuses the others (API Priority and
 * Fairness, the smallest level of those that a client falls under by default).
 */
const LISTS_AT_ONCE = 100;
/** No list keeps its turn for longer. */
const TURN_MS = 10_000;

/**
 * The lists of all watches, a few at once, in the order in which they were asked for. Thousands at once would be refused, or be
 * answered too late for whoever waits; and each watch that is to be read again goes on as it is until its turn has come.
 */
export class Lists {
  readonly #clock: Clock;
  readonly #turns = new Turns(LISTS_AT_ONCE);
  /** Those that will be read again, and are not yet. */
  readonly #wished = new Set<Listing>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Begins a watch, in its turn. */
  start(watch: Listing): void {
    this.#inTurn(watch, () => {
      watch.reflector.start();
      return watch.reflector.synced;
    });
  }

  /** Reads the list of a watch again, in its turn; once, if that has not come since it was last asked for. */
  again(watch: Listing): void {
    if (this.#wished.has(watch)) return;
    this.#wished.add(watch);
    this.#inTurn(watch, () => {
      this.#wished.delete(watch);
      return watch.relister.again();
    });
  }

  /** What waits is never read. */
  stop(): void {
    this.#turns.stop();
  }

  /** A turn is over with the list. One that fails is tried again by its watch, after a pause, and nobody waits for that. */
  #inTurn(watch: Listing, list: () => Promise<unknown>): void {
    const task = (): Promise<void> =>
      atMost(this.#clock, TURN_MS, () => Promise.race([watch.relister.stumbles(), list()]));
    void this.#turns.run(watch.path, task);
  }
}
