import type { Clock } from '../clock.ts';
import type { ReloaderKeys } from '../core/api/annotations.ts';
import type { Selector } from '../core/api/label-selector.ts';
import type { Strategy } from '../core/template/lever.ts';
import type { SourceRef, SourceType } from '../core/api/source.ts';
import type { Workload, WorkloadObject } from '../core/objects/workload.ts';
import type { RestampError } from '../errors.ts';
import type { Faults } from '../faults.ts';
import type { Contact } from '../kube/contact.ts';
import type { ReadSourceAt } from '../state/first-sight.ts';
import type { RolloutOutcome } from './rollout-observer.ts';
import type { JudgeSettings } from './evaluator.ts';
import type { TellLeftOut } from './reporting/map-overflow.ts';
import type { Borrower } from '../state/workload-refs.ts';
import type { PodStatusesOptions } from '../state/csi-mounts.ts';
import type { RecorderOptions } from './reporting/roll-recorder.ts';
import type { RemakeStore } from './rollers/job-intent-store.ts';
import type { JobPort } from './rollers/job-port.ts';
import type { PatchWorkload } from './rollers/roll-writer.ts';
import type { ReadSource } from '../state/source-reader.ts';
import type { Tally } from './reporting/reconcile-metrics.ts';

/** What the rolling side needs of the world. */
export type MutatorPorts = {
  readonly clock: Clock;
  /** Whether the API server answers. */
  readonly contact: Pick<Contact, 'isAway' | 'isSettling' | 'onBack'>;
  readonly faults: Faults;
  readonly readSource: ReadSource;
  /** The resourceVersion of a source as it is stored now. */
  readonly readSourceVersion: (ref: SourceRef) => Promise<string>;
  readonly readSourceAt: ReadSourceAt;
  readonly readPodOwner: PodStatusesOptions['readPodOwner'];
  readonly readWorkload: (workload: Borrower) => Promise<WorkloadObject>;
  readonly patchWorkload: PatchWorkload;
  readonly jobs: JobPort;
  readonly remakeStore: RemakeStore;
  readonly recorder: Omit<RecorderOptions, 'clock' | 'faults'>;
  /** Counts in Reloader's terms, where anybody wants that. */
  readonly tally?: Tally;
  readonly onTrouble: (error: RestampError) => void;
  readonly onUnreadable: (workload: string, why: string) => void;
  readonly onDropped: (workload: Workload, stampKey: string) => void;
  readonly onUnproven: (workload: Workload, stampKeys: readonly string[]) => void;
  readonly onLeftOut: TellLeftOut;
  readonly onInvalidPause: (workload: Workload, period: string) => void;
  readonly onInvalidList: (workload: Workload, reason: string) => void;
  readonly onUnusableRequest: (key: string, at: string) => void;
  readonly onReverted: (workload: Workload, manager: string) => void;
  readonly onOutcome: (workload: Workload, outcome: RolloutOutcome) => void;
  readonly audit: RecorderOptions['audit'];
  /** Whether somebody has turned the stop switch for this namespace. */
  readonly stopped: (namespace: string) => boolean;
};

export type MutatorSettings = JudgeSettings & {
  readonly keys: ReloaderKeys;
  readonly resourceLabelSelector: Selector;
  readonly resourcesToIgnore: ReadonlySet<SourceType>;
  readonly quietMs: number;
  readonly longestDelayMs: number;
  readonly rollParallelism: number;
  readonly baselinesPerSecond: number;
  readonly writeBaselines: boolean;
  readonly releaseQuietMs: number;
  readonly rollLimit: number;
  readonly recoveryRollsPerSecond: number;
  readonly rolloutDeadlineMs: number;
  readonly reloadStrategy: Strategy;
  /** Rolled by annotation, whatever the strategy is. */
  readonly annotationLeverKinds: ReadonlySet<string>;
  /** `observe`: decides and tells, and writes nothing. */
  readonly mode: 'roll' | 'observe';
};
