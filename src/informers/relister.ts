import type { Identified } from '../kube/watch/known-objects.ts';
import type { Reflector } from '../kube/watch/reflector.ts';

type Relisted = Pick<Reflector<Identified>, 'relist' | 'hasSynced' | 'synced' | 'trouble'>;

/**
 * Has the list of one watch read again for whoever asks, one after the other: a list that is begun anew each time somebody
 * asks never ends.
 */
export class Relister {
  readonly #reflector: Relisted;
  /** The list that is on its way, and the one that begins after it. */
  #listing: Promise<void> | undefined;
  #next: Promise<void> | undefined;
  #end: () => void = () => undefined;
  #stumble: (() => void) | undefined;

  constructor(reflector: Relisted) {
    this.#reflector = reflector;
  }

  /** Ends when a list that was begun after this has been handed over; at once if the watch is failing anyway. */
  again(): Promise<void> {
    if (this.#next === undefined && this.#listing === undefined) void this.#begin();
    else
      this.#next ??= (this.#listing ?? Promise.resolve()).then(() => {
        this.#next = undefined;
        return this.#begin();
      });
    if (this.#reflector.trouble !== undefined) return Promise.resolve();
    return this.#next ?? this.#listing ?? Promise.resolve();
  }

  /** Ends when the watch fails the next time. */
  stumbles(): Promise<unknown> {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    this.#stumble = () => resolve(undefined);
    return promise;
  }

  /** A list has been handed over. */
  listed(): void {
    this.#end();
  }

  /** The watch has failed, and tries again by itself. */
  failed(): void {
    this.#stumble?.();
  }

  #begin(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    this.#end = () => resolve(undefined);
    this.#reflector.relist();
    const listed = this.#reflector.hasSynced ? promise : this.#reflector.synced;
    this.#listing = listed.then(() => {
      this.#listing = undefined;
    });
    return this.#listing;
  }
}
