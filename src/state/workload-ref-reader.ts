import { workloadKey, type WorkloadObject } from '../core/objects/workload.ts';
import { hasCode, type RestampError } from '../errors.ts';
import type { Faults } from '../faults.ts';
import type { Borrower } from './workload-refs.ts';
import { Turns } from '../flowcontrol/limiter.ts';

export type BorrowerReaderOptions = {
  /** Fails with RESTAMP_KUBE_*. */
  readonly read: (borrower: Borrower) => Promise<WorkloadObject>;
  readonly onRead: (borrower: Borrower, object: WorkloadObject) => void;
  readonly onTrouble: (error: RestampError) => void;
  readonly faults: Faults;
};

/** The first list of a large cluster names thousands; rolls and the Lease need the API server as well. */
const READS_AT_ONCE = 8;

/** Reads workloads for which a lender makes a difference, a few at once, each once for all that asked before its turn. */
export class BorrowerReader {
  readonly #options: BorrowerReaderOptions;
  readonly #turns = new Turns(READS_AT_ONCE);
  readonly #waiting = new Set<string>();

  constructor(options: BorrowerReaderOptions) {
    this.#options = options;
  }

  /** Begins at once and waits for nothing; what fails is only reported, as the next list shows the workload again. */
  read(borrowers: readonly Borrower[]): void {
    for (const borrower of borrowers) {
      const key = workloadKey({ ...borrower, kind: borrower.row.kind });
      if (this.#waiting.has(key)) continue;
      this.#waiting.add(key);
      void this.#turns.run(key, () => {
        this.#waiting.delete(key);
        return this.#read(borrower);
      });
    }
  }

  /** What waits is never read. */
  stop(): void {
    this.#turns.stop();
  }

  async #read(borrower: Borrower): Promise<void> {
    const { read, onRead, onTrouble, faults } = this.#options;
    try {
      onRead(borrower, await read(borrower));
    } catch (error) {
      // It need not exist yet; its own event comes with it.
      if (hasCode(error, 'RESTAMP_KUBE_NOT_FOUND')) return;
      const known = faults.caught(workloadKey({ ...borrower, kind: borrower.row.kind }), error);
      if (known === error) onTrouble(known);
    }
  }
}
