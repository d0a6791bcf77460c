import type { Clock } from '../clock.ts';
import { FairQueue } from '../flowcontrol/fair-queue.ts';
import { moment } from '../state/moment.ts';

export type LooksOptions = {
  readonly clock: Pick<Clock, 'monotonic'>;
  /** Judges one workload, and must not throw; `changed`: since it was judged last, data of a source has. */
  readonly look: (key: string, changed: boolean) => void;
  /** The same for one that a start, a new leader or a sweep looks at. */
  readonly recover: (key: string) => void;
};

/** What is named, and since which moment it has been waiting. */
type Named = { readonly changed: boolean; readonly since: number };

/** How long one turn may take before the loop has others: reviews, the Lease and rolls must not wait. */
const SLICE_MS = 10;

/**
 * Workloads that are to be judged. However many events name one in a turn of the loop, it is judged once, after them; the
 * namespaces take turns, and what happens goes before what is only looked at again.
 */
export class Looks {
  readonly #options: LooksOptions;
  readonly #named = new FairQueue<Named>(1);
  readonly #again = new FairQueue<true>(1);
  /** What is to be done when all that is named now has been judged. */
  #then: (() => void)[] = [];
  #scheduled = false;
  #stopped = false;

  constructor(options: LooksOptions) {
    this.#options = options;
  }

  /** How many wait. */
  get size(): number {
    return this.#named.size + this.#again.size;
  }

  /** An event names this workload. */
  add(key: string, changed: boolean): void {
    const { changed: before = false, since = moment() } = this.#named.get(key) ?? {};
    this.#named.add(key, { changed: changed || before, since });
    this.#schedule();
  }

  /** An event names this workload, and it must be judged before the next one comes. */
  now(key: string): void {
    const changed = this.#named.get(key)?.changed ?? false;
    this.#named.delete(key);
    this.#options.look(key, changed);
  }

  /** The same for one that was named up to this moment, and waits still. */
  settle(key: string, until = Infinity): void {
    const named = this.#named.get(key);
    if (named !== undefined && named.since <= until) this.now(key);
  }

  /** Looks at these again, when nothing else is to be done. */
  recover(keys: Iterable<string>): void {
    for (const key of keys) this.#again.add(key, true);
    this.#schedule();
  }

  /** Runs when all that events have named until now has been judged. */
  whenJudged(run: () => void): void {
    this.#then.push(run);
    this.#schedule();
  }

  drop(key: string): void {
    this.#named.delete(key);
    this.#again.delete(key);
  }

  stop(): void {
    this.#stopped = true;
  }

  #schedule(): void {
    if (this.#scheduled || this.#stopped) return;
    this.#scheduled = true;
    setImmediate(() => this.#turn());
  }

  #turn(): void {
    this.#scheduled = false;
    if (this.#stopped) return;
    const { clock, look, recover } = this.#options;
    const end = clock.monotonic() + SLICE_MS;
    const isOver = (): boolean => clock.monotonic() >= end;
    for (let next = this.#named.take(); next !== undefined; next = isOver() ? undefined : this.#named.take())
      look(next.key, next.item.changed);
    if (this.#named.size === 0) for (const run of this.#then.splice(0)) run();
    // At least one, so that a stream of events does not keep the rest from ever being looked at.
    for (let next = this.#again.take(); next !== undefined; next = isOver() ? undefined : this.#again.take())
      recover(next.key);
    if (this.size + this.#then.length > 0) this.#schedule();
  }
}
