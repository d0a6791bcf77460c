import type { Plan } from '../core/plan.ts';
import type { SourceRef } from '../core/source.ts';
import type { Workload } from '../core/workload.ts';
import { isUnanswered } from '../errors.ts';
import { moment } from './moment.ts';
import type { SourceReader } from './source-reader.ts';

/**
 * A roll was not answered, so that the API server may have been away, and may be back with an older state before any list
 * shows that: a workload that was not written since the backup still has the version that a roll of it names. So what
 * makes a workload stale is read once more after that, unless it may not be read.
 */
export class Doubts {
  readonly #reader: Pick<SourceReader, 'state' | 'refused' | 'refresh'>;
  #since = 0;

  constructor(reader: Pick<SourceReader, 'state' | 'refused' | 'refresh'>) {
    this.#reader = reader;
  }

  /** A roll has failed, perhaps so: then it is read while the roll waits to be tried again. */
  note(error: unknown, workload: Workload, plan: Plan): void {
    if (!isUnanswered(error)) return;
    this.#since = moment();
    this.mustWait(workload, plan);
  }

  /** Whether the workload must wait for a read, which is asked for: when it has ended, all that depends on it is looked at. */
  mustWait({ namespace }: Workload, { stale }: Plan): boolean {
    if (this.#since === 0) return false;
    const refs = stale.map(({ dependency: { type, name } }): SourceRef => ({ type, namespace, name }));
    // What pods have mounted is told by its watch alone.
    const open = refs.filter((ref) => ref.type !== 'spc' && this.#isOpen(ref));
    for (const ref of open) this.#reader.refresh(ref, { since: this.#since });
    return open.length > 0;
  }

  #isOpen(ref: SourceRef): boolean {
    return (this.#reader.state(ref)?.began ?? 0) <= this.#since && !this.#reader.refused(ref);
  }
}
