import type { Plan } from '../core/stamps/plan.ts';
import { sourceKey, type SourceRef } from '../core/api/source.ts';
import { workloadKey, type Workload } from '../core/objects/workload.ts';
import { moment } from './moment.ts';
import type { Contact } from '../kube/contact.ts';
import type { SourceReader } from './source-reader.ts';

/**
 * The API server was not heard for a while, and may be back with an older state before any list shows that: a workload
 * that was not written since the backup still has the version that a write of it names. So what such a write was made of is read
 * once more after that, unless it may not be read. What pods have mounted is told by its watch alone ({@link PodStatuses}).
 */
export class Doubts {
  readonly #reader: Pick<SourceReader, 'state' | 'refused' | 'unreadable' | 'refresh'>;
  readonly #contact: Pick<Contact, 'isAway' | 'isSettling' | 'onBack'>;
  /** Workloads, by the source that is being read for them. */
  readonly #waiting = new Map<string, Set<string>>();
  #since = 0;

  constructor(
    reader: Pick<SourceReader, 'state' | 'refused' | 'unreadable' | 'refresh'>,
    contact: Pick<Contact, 'isAway' | 'isSettling' | 'onBack'>,
  ) {
    this.#reader = reader;
    this.#contact = contact;
    contact.onBack(() => this.#note());
  }

  /** Has everything read that makes this workload stale and may be so, and tells whether there is anything. */
  reread(workload: Workload, { stale }: Plan): boolean {
    if (this.#contact.isAway) this.#note();
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

  #note(): void {
    this.#since = moment();
  }

  #isOpen(ref: SourceRef): boolean {
    if ((this.#reader.state(ref)?.began ?? 0) > this.#since || this.#reader.refused(ref)) return false;
    return this.#contact.isSettling || !this.#reader.unreadable(ref);
  }
}
