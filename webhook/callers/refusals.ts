import type { Clock } from '../../src/clock.ts';
import type { Log } from '../../src/telemetry/log.ts';
import type { Metrics } from '../../src/telemetry/metrics.ts';
import { Repeats } from '../../src/telemetry/repeats.ts';

/** Why a caller was refused before its body was read. */
export const REFUSALS = ['path', 'client', 'replica'] as const;
export type Refusal = (typeof REFUSALS)[number];

const TEXT = 'Calls were refused that are none of the API server or of a replica; a metric counts them all';

/** Counts calls of strangers, and tells of them once a minute at most. */
export class Refusals {
  readonly #log: Pick<Log, 'warn'>;
  readonly #counter: Metrics['refused'];
  /** A stranger decides how often it calls: it must not decide how much is logged. */
  readonly #repeats: Repeats;

  constructor({ clock, log, metrics }: { clock: Clock; log: Pick<Log, 'warn'>; metrics: Metrics }) {
    this.#repeats = new Repeats(clock);
    this.#log = log;
    this.#counter = metrics.refused;
    // Else an alert on it would miss the first time.
    for (const reason of REFUSALS) this.#counter.inc({ reason }, 0);
  }

  add(reason: Refusal): void {
    this.#counter.inc({ reason });
    const more = this.#repeats.ask('refused', TEXT);
    if (more !== undefined) this.#log.warn({ reason, calls: more + 1 }, TEXT);
  }
}
