import type { Clock } from '../clock.ts';
import type { SourceRef } from '../core/source.ts';
import type { Workload, WorkloadSettings } from '../core/workload.ts';
import type { Faults } from '../faults.ts';
import type { Attribution } from './attribution.ts';
import type { Baselines } from './baselines.ts';
import type { Gates } from './gates.ts';
import type { Holds } from './holds.ts';
import type { InFlight } from './in-flight.ts';
import type { Judge } from './judge.ts';
import type { LeftOut } from './left-out.ts';
import type { Borrower, Lenders } from './lenders.ts';
import type { RolloutObserver } from './observer.ts';
import type { Pauses } from './pauses.ts';
import type { RollQueue } from './queue.ts';
import type { Recorder } from './recorder.ts';
import type { Remakes } from './remakes.ts';
import type { RollRates } from './roll-rates.ts';
import type { SourceBook } from './source-book.ts';
import type { SourceReader } from './source-reader.ts';
import type { WorkloadBook } from './workload-book.ts';
import type { Writes } from './writes.ts';

/** What the mutator brings facts to, and what it asks. */
export type MutatorParts = {
  readonly clock: Clock;
  readonly faults: Faults;
  readonly workloads: WorkloadBook;
  readonly sources: SourceBook;
  readonly reader: SourceReader;
  readonly judge: Judge;
  readonly queue: RollQueue;
  readonly baselines: Baselines;
  readonly attribution: Attribution;
  readonly settings: WorkloadSettings;
  readonly gates: Gates;
  readonly holds: Holds;
  readonly rates: RollRates;
  readonly remakes: Remakes;
  readonly inFlight: Pick<InFlight, 'has'>;
  readonly leftOut: Pick<LeftOut, 'forget'>;
  readonly observer: RolloutObserver;
  /** A watch has told of a write of a source. */
  readonly onEvent: (event: 'add' | 'update' | 'delete', ref: SourceRef) => void;
  readonly lenders: Lenders;
  /** Reads workloads again, and puts them in. */
  readonly reread: (workloads: readonly Borrower[]) => void;
  readonly pauses: Pauses;
  readonly writes: Writes;
  readonly recorder: Pick<Recorder, 'forget'>;
  /** Nobody can tell whether these sources changed before the first baseline of this workload. */
  readonly onUnproven: (workload: Workload, stampKeys: readonly string[]) => void;
};
