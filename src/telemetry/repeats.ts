import type { Clock } from '../clock.ts';

/** How long what was said is not said again. */
const PERIOD_MS = 60_000;
/** How many different texts of one kind are said in that time: each of a thousand sources may have its own. */
const MOST = 10;

type Kind = { since: number; readonly said: Set<string>; unsaid: number };

/**
 * What is met again and again, as long as its cause lasts: it is said once a minute, and then with how often it was not.
 * The kinds must be few; the texts may be anybody's.
 */
export class Repeats {
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #kinds = new Map<string, Kind>();

  constructor(clock: Pick<Clock, 'monotonic'>) {
    this.#clock = clock;
  }

  /** How many of this kind were not said since the last one that was; undefined if this one is not to be said either. */
  ask(kind: string, text: string): number | undefined {
    const now = this.#clock.monotonic();
    let known = this.#kinds.get(kind);
    if (known === undefined || now - known.since >= PERIOD_MS) {
      known = { since: now, said: new Set(), unsaid: known?.unsaid ?? 0 };
      this.#kinds.set(kind, known);
    }
    if (known.said.size >= MOST || known.said.has(text)) {
      known.unsaid += 1;
      return undefined;
    }
    known.said.add(text);
    const { unsaid } = known;
    known.unsaid = 0;
    return unsaid;
  }
}
