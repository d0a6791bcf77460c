import { atMost, pause, type Clock } from '../clock.ts';
import { asRestampError, type RestampError } from '../errors.ts';
import type { Faults } from '../faults.ts';
import type { Letter } from './http-sender.ts';

export type OutboxOptions = {
  readonly clock: Clock;
  readonly faults: Faults;
  readonly send: (letter: Letter) => Promise<number>;
  readonly onSent: (letter: Letter, status: number) => void;
  /** Every try has failed. */
  readonly onFailed: (letter: Letter, error: RestampError) => void;
  /** There was no room for it, or no time left: `count` letters will never be sent. */
  readonly onDropped: (count: number) => void;
  /** How many letters may wait. */
  readonly limit?: number;
};

const LIMIT = 1_000;
/** Letters on their way at once. */
const AT_ONCE = 2;
const TRIES = 4;
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 30_000;
/** How long the end of the process waits for letters. */
const LAST_MS = 3_000;

/**
 * Letters that go out in order, a few at once, each with a few tries. Nobody ever waits for it: a receiver that is
 * slow or gone costs letters, never a roll.
 */
export class Outbox {
  readonly #options: OutboxOptions;
  readonly #waiting: Letter[] = [];
  readonly #stopping = new AbortController();
  #sending = 0;
  #open = true;
  /** Resolved when nothing is left to be sent; undefined before the end. */
  #ending: PromiseWithResolvers<undefined> | undefined;

  constructor(options: OutboxOptions) {
    this.#options = options;
  }

  add(letter: Letter): void {
    const { limit = LIMIT, onDropped } = this.#options;
    if (this.#stopping.signal.aborted || this.#waiting.length >= limit) onDropped(1);
    else this.#waiting.push(letter);
    this.#flush();
  }

  /** Holds letters back while patches are on their way, and lets them go after. */
  setBusy(busy: boolean): void {
    this.#open = !busy || this.#ending !== undefined;
    this.#flush();
  }

  /**
   * Sends what waits, busy or not, for three seconds at most; what has not been sent by then is dropped. Ends as soon as
   * nothing is left.
   */
  async stop(): Promise<void> {
    this.#ending = Promise.withResolvers<undefined>();
    this.setBusy(false);
    const { promise } = this.#ending;
    await atMost(this.#options.clock, LAST_MS, () => promise);
    this.#stopping.abort();
    const left = this.#waiting.splice(0).length;
    if (left > 0) this.#options.onDropped(left);
  }

  #flush(): void {
    while (this.#open && this.#sending < AT_ONCE) {
      const letter = this.#waiting.shift();
      if (letter === undefined) break;
      void this.#deliver(letter);
    }
    if (this.#sending === 0 && this.#waiting.length === 0) this.#ending?.resolve(undefined);
  }

  async #deliver(letter: Letter): Promise<void> {
    const { send, clock, faults, onSent, onFailed } = this.#options;
    this.#sending += 1;
    for (let tries = 1; ; tries += 1) {
      const sent = await send(letter).catch((thrown: unknown) =>
        asRestampError(thrown, 'RESTAMP_OUTGOING_UNAVAILABLE', letter.url.host),
      );
      if (typeof sent === 'number') {
        faults.contain(letter.url.host, () => onSent(letter, sent));
        break;
      }
      if (sent.retry === 'never' || tries >= TRIES || this.#stopping.signal.aborted) {
        faults.contain(letter.url.host, () => onFailed(letter, sent));
        break;
      }
      await pause(clock, pauseMs(sent, tries), this.#stopping.signal);
    }
    this.#sending -= 1;
    this.#flush();
  }
}

/** 1, 2, 4 s, or what the receiver asks for; never more than half a minute. */
function pauseMs(error: RestampError, tries: number): number {
  const asked = (error.retryAfter ?? 0) * 1000;
  return Math.min(Math.max(asked, FIRST_PAUSE_MS * 2 ** (tries - 1)), LONGEST_PAUSE_MS);
}
