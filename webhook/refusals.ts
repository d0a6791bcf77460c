import type { Clock } from '../src/clock.ts';
import type { Log } from '../src/log.ts';
import type { Metrics } from '../src/metrics.ts';

/** Why a caller was refused before its body was read. */
export const REFUSALS = ['path', 'client', 'replica'] as const;
export type Refusal = (typeof REFUSALS)[number];

/** A stranger decides how often it calls: it must not decide how much is logged. */
const EVERY_MS = 60_000;

/** Counts calls of strangers, and tells of them once a minute at most. */
export class Refusals {
  readonly #clock: Clock;
  readonly #log: Pick<Log, 'warn'>;
  readonly #counter: Metrics['refused'];
  #untold = 0;
  #toldAt = -Infinity;

  constructor({ clock, log, metrics }: { clock: Clock; log: Pick<Log, 'warn'>; metrics: Metrics }) {
    this.#clock = clock;
    this.#log = log;
    this.#counter = metrics.refused;
    // Else an alert on it would miss the first time.
    for (const reason of REFUSALS) this.#counter.inc({ reason }, 0);
  }

  add(reason: Refusal): void {
    this.#counter.inc({ reason });
    this.#untold += 1;
    const now = this.#clock.monotonic();
    if (now - this.#toldAt < EVERY_MS) return;
    this.#log.warn(
      { reason, calls: this.#untold },
      'Calls were refused that are none of the API server or of a replica; a metric counts them all',
    );
    this.#toldAt = now;
    this.#untold = 0;
  }
}
