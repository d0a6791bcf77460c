import type { Clock } from '../clock.ts';
import type { SourceRef } from '../core/api/source.ts';
import type { Workload, WorkloadSettings } from '../core/objects/workload.ts';
import type { Faults } from '../faults.ts';
import type { Attribution } from '../attribution/attribution.ts';
import type { Baselines } from './baseline-writer.ts';
import type { Gates } from './gates/gates.ts';
import type { Holds } from './gates/holds.ts';
import type { InFlight } from './rollers/in-flight.ts';
import type { Judge } from './evaluator.ts';
import type { LeftOut } from './reporting/map-overflow.ts';
import type { Borrower, Lenders } from '../state/workload-refs.ts';
import type { RolloutObserver } from './rollout-observer.ts';
import type { Pauses } from './gates/pause-timers.ts';
import type { RollQueue } from './workqueue.ts';
import type { Recorder } from './reporting/roll-recorder.ts';
import type { Remakes } from './rollers/job-recreator.ts';
import type { RollRates } from './gates/roll-limit.ts';
import type { SourceBook } from '../state/source-cache.ts';
import type { SourceReader } from '../state/source-reader.ts';
import type { WorkloadBook } from '../state/workload-cache.ts';
import type { Writes } from './write-handlers.ts';

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
