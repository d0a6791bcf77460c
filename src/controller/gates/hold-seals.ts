import { createHmac } from 'node:crypto';
import type { RollSource } from '../../core/objects/roll-source.ts';
import { workloadKey, type Workload } from '../../core/objects/workload.ts';
import type { KeyRing } from '../../state/digested-source.ts';
import type { WorkloadBook } from '../../state/workload-cache.ts';

const LABEL = 'restamp.dev/held\0';
/** As long as a digest of ours. */
const SEAL_BYTES = 16;

/**
 * Seals what is written on a workload of who changed a source. Whoever may write the workload can write any name there, and
 * what is read back is told on, in the log and in metrics: so it counts only if we wrote it, of this very change of it.
 */
export class Seals {
  readonly #ring: KeyRing;
  readonly #workloads: Pick<WorkloadBook, 'map'>;

  constructor(ring: KeyRing, workloads: Pick<WorkloadBook, 'map'>) {
    this.#ring = ring;
    this.#workloads = workloads;
  }

  /** The seal of what is told of a source that is stale now: of this workload, since the stamp that it bears. */
  of(workload: Workload, told: RollSource): string {
    return this.#seal(this.#ring.current, workload, told);
  }

  /** Whether `seal` is ours, under whichever key. */
  prove(workload: Workload, told: RollSource, seal: unknown): boolean {
    return [...this.#ring.keys.keys()].some((id) => this.#seal(id, workload, told) === seal);
  }

  #seal(keyId: string, workload: Workload, told: RollSource): string {
    const { source, cause, keys, more, by, manager, changed } = told;
    const owner = workloadKey(workload);
    // It changes with each roll, so that what was true of an older change is not told of this one.
    const { h, uid, rv } = this.#workloads.map(owner)?.s.get(source) ?? {};
    const text = [owner, workload.uid, h, uid, rv, source, cause, keys, more, by, manager, changed];
    return createHmac('sha256', this.#ring.keys.get(keyId) ?? '')
      .update(LABEL)
      .update(JSON.stringify(text))
      .digest()
      .subarray(0, SEAL_BYTES)
      .toString('base64url');
  }
}
