import type { Clock } from '../clock.ts';

/** Who is told of a loss of contact, and of its end where nothing else can have been stored meanwhile. */
export type ContactFollower = { lost?(): void; found?(): void };

/**
 * Without contact for longer than this, the API server may have been away, and may be back with an older state. Another API
 * server of the same cluster is there at once, and so is a connection that a load balancer has cut.
 */
const AWAY_MS = 1_000;

/**
 * Whether a watch has contact with the API server. Versions do not tell whether one that comes back goes on in the same
 * history: it resumes a watch also from a version that it has not reached yet, and then leaves out what comes before.
 */
export class Contact {
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #follower: ContactFollower;
  #lost: number | undefined;

  constructor(clock: Pick<Clock, 'monotonic'>, follower: ContactFollower) {
    this.#clock = clock;
    this.#follower = follower;
  }

  get isLost(): boolean {
    return this.#lost !== undefined;
  }

  /** Whether it has been lost for so long that what was shown before must be shown again. */
  get isAway(): boolean {
    return this.#lost !== undefined && this.#clock.monotonic() - this.#lost > AWAY_MS;
  }

  /** A watch was broken off, or could not be begun. */
  lose(): void {
    this.#lost ??= this.#clock.monotonic();
    this.#follower.lost?.();
  }

  /** A watch is answered that is to go on where it was; false if it must not. */
  find(): boolean {
    if (this.isAway) return false;
    if (this.isLost) {
      this.#lost = undefined;
      this.#follower.found?.();
    }
    return true;
  }

  /** Everything that is stored has been shown. */
  renew(): void {
    this.#lost = undefined;
  }
}
