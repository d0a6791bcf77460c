import type { Clock } from '../clock.ts';
import type { Plan } from '../core/plan.ts';
import { sourceKey, type SourceRef } from '../core/source.ts';
import { workloadKey, type Workload } from '../core/workload.ts';
import { isUnanswered } from '../errors.ts';
import { moment } from './moment.ts';
import type { SourceReader } from './source-reader.ts';

/** An API server that has started refuses everybody for a second or two. That it was away is told again with each try. */
const SETTLING_MS = 20_000;

/**
 * The API server was not heard for a while, and may be back with an older state before any list shows that: a workload
 * that was not written since the backup still has the version that a write of it names. So what such a write was made of is read
 * once more after that, unless it may not be read. What pods have mounted is told by its watch alone ({@link PodStatuses}).
 */
export class Doubts {
  readonly #reader: Pick<SourceReader, 'state' | 'refused' | 'refresh'>;
  /** Workloads, by the source that is being read for them. */
  readonly #waiting = new Map<string, Set<string>>();
  readonly #clock: Pick<Clock, 'monotonic'>;
  #since = 0;
  #away = -Infinity;

  constructor(reader: Pick<SourceReader, 'state' | 'refused' | 'refresh'>, clock: Pick<Clock, 'monotonic'>) {
    this.#reader = reader;
    this.#clock = clock;
  }

  /** Whether the API server was away until now, or is: then neither a refusal nor a long wait tells anything of one source. */
  get isSettling(): boolean {
    return this.#clock.monotonic() - this.#away < SETTLING_MS;
  }

  /** A watch has lost contact, or all have: what is known of sources may be of a state that is no more. */
  note(all: boolean): void {
    this.#since = moment();
    if (all) this.#away = this.#clock.monotonic();
  }

  /** A roll has failed. What nobody has answered is read again while it waits to be tried again. */
  failed(error: unknown, workload: Workload, plan: Plan): void {
    if (!isUnanswered(error)) return;
    this.note(false);
    this.reread(workload, plan);
  }

  /** Has everything read that makes this workload stale and may be so, and tells whether there is anything. */
  reread(workload: Workload, { stale }: Plan): boolean {
    if (this.#since === 0) return false;
    const { namespace } = workload;
    const refs = stale.map(({ dependency: { type, name } }): SourceRef => ({ type, namespace, name }));
    const open = refs.filter((ref) => ref.type !== 'spc' && this.#isOpen(ref));
    for (const ref of open) {
      const place = sourceKey(ref);
      this.#waiting.set(place, (this.#waiting.get(place) ?? new Set()).add(workloadKey(workload)));
      this.#reader.refresh(ref, { since: this.#since });
    }
    return open.length > 0;
  }

  /** A source has been read: the workloads that may have waited for that, also where nothing has changed. */
  settle(ref: SourceRef): Iterable<string> {
    const place = sourceKey(ref);
    const waiting = this.#waiting.get(place) ?? [];
    this.#waiting.delete(place);
    return waiting;
  }

  #isOpen(ref: SourceRef): boolean {
    return (this.#reader.state(ref)?.began ?? 0) <= this.#since && !this.#reader.refused(ref);
  }
}
