import { withoutNull } from '../template/custom-template.ts';
import type { KindRow } from '../api/kind.ts';

/** Why a rollout goes no further until a person wants it to. */
export type WaitReason =
  /** `spec.paused` of a Deployment. */
  | 'paused'
  /** The update strategy leaves it to a person to delete the old pods. */
  | 'on-delete'
  /** Complete but for the pods that `rollingUpdate.partition` of a StatefulSet keeps back. */
  | 'partition'
  /** `spec.suspend` of a Job. */
  | 'suspended';

/** What made a rollout fail. */
export type FailReason =
  /** No progress within the deadline: the controller's, where it has one, else ours. */
  | 'deadline'
  /** The Job that was made anew has failed. */
  | 'job'
  /** Argo Rollouts calls the Rollout Degraded. */
  | 'degraded';

/** Where a rollout is. What waits has not failed, and what has failed may still complete. */
export type RolloutStatus =
  | { readonly is: 'complete' }
  | { readonly is: 'progressing' }
  | { readonly is: 'waiting'; readonly reason: WaitReason }
  | { readonly is: 'failed'; readonly reason: FailReason };

/** What {@link rolloutStatus} needs of a workload: numbers, and no text of a user. */
export type RolloutFacts = {
  readonly uid: string;
  /** Of the spec, and of the spec that the controller's status is about. */
  readonly generation: number;
  readonly observedGeneration: number;
  /** Its spec asks for no pods. */
  readonly scaledToZero: boolean;
  /** Pods still to be made from the newest template. */
  readonly behind: number;
  /** Pods of older templates beyond those, still to go. */
  readonly old: number;
  /** Pods that are not available. */
  readonly unready: number;
  /** How many pods a partition keeps at the older template. */
  readonly kept: number;
  readonly hold: Exclude<WaitReason, 'partition'> | undefined;
  /** What the controller says of its own progress deadline; `ours` if it has none. */
  readonly deadline: 'kept' | 'exceeded' | 'ours';
  /** Why its controller has given it up. */
  readonly failed?: FailReason | undefined;
};

/** How long a rollout has been without progress, and how long it may be where its controller has no deadline. */
export type RolloutTimes = { readonly elapsedMs: number; readonly deadlineMs: number };

type Spec = {
  readonly replicas?: number;
  readonly suspend?: boolean;
  readonly paused?: boolean;
  readonly updateStrategy?: {
    readonly type?: string;
    readonly rollingUpdate?: { readonly partition?: number };
  };
};
type Status = {
  /** Argo Rollouts writes it as text. */
  readonly observedGeneration?: number | string;
  readonly phase?: string;
  readonly replicas?: number;
  readonly readyReplicas?: number;
  readonly updatedReplicas?: number;
  readonly availableReplicas?: number;
  readonly desiredNumberScheduled?: number;
  readonly updatedNumberScheduled?: number;
  readonly numberAvailable?: number;
  readonly conditions?: readonly {
    readonly type?: string;
    readonly status?: string;
    readonly reason?: string;
  }[];
};
type Reading = Omit<RolloutFacts, 'uid' | 'generation' | 'observedGeneration'> & {
  /** Its status does not say which spec it is about: a Job has one spec for life. */
  readonly unnumbered?: boolean;
};

// The table: how each kind tells of its rollout, after kubectl's `rollout status` (rollout_status.go).
const READERS = new Map<string, (spec: Spec, status: Status) => Reading>([
  [
    'Deployment',
    (spec, status) => {
      const { replicas = 1 } = spec;
      const { updatedReplicas = 0, availableReplicas = 0, conditions = [] } = status;
      const exceeded = conditions.some(
        ({ type, reason }) => type === 'Progressing' && reason === 'ProgressDeadlineExceeded',
      );
      return {
        scaledToZero: replicas === 0,
        behind: atLeastZero(replicas - updatedReplicas),
        old: atLeastZero((status.replicas ?? 0) - updatedReplicas),
        unready: atLeastZero(updatedReplicas - availableReplicas),
        kept: 0,
        hold: spec.paused === true ? 'paused' : undefined,
        deadline: exceeded ? 'exceeded' : 'kept',
      };
    },
  ],
  [
    'StatefulSet',
    (spec, status) => {
      const { replicas = 1, updateStrategy } = spec;
      const { updatedReplicas = 0, readyReplicas = 0 } = status;
      // kubectl counts ready pods; with minReadySeconds the controller itself waits for available ones.
      const { availableReplicas = readyReplicas } = status;
      return {
        scaledToZero: replicas === 0,
        behind: atLeastZero(replicas - updatedReplicas),
        old: 0,
        unready: atLeastZero(replicas - availableReplicas),
        kept: updateStrategy?.rollingUpdate?.partition ?? 0,
        hold: holdOf(spec),
        deadline: 'ours',
      };
    },
  ],
  [
    'DaemonSet',
    (spec, status) => {
      const { desiredNumberScheduled = 0, updatedNumberScheduled = 0, numberAvailable = 0 } = status;
      return {
        // Only its controller knows how many nodes it is for.
        scaledToZero: false,
        behind: atLeastZero(desiredNumberScheduled - updatedNumberScheduled),
        old: 0,
        unready: atLeastZero(desiredNumberScheduled - numberAvailable),
        kept: 0,
        hold: holdOf(spec),
        deadline: 'ours',
      };
    },
  ],
  [
    'Job',
    (spec, { conditions = [] }) => {
      const has = (wanted: string): boolean =>
        conditions.some(({ type, status }) => type === wanted && status === 'True');
      const complete = has('Complete');
      return {
        scaledToZero: false,
        behind: complete ? 0 : 1,
        old: 0,
        unready: 0,
        kept: 0,
        hold: spec.suspend === true ? 'suspended' : undefined,
        // A Job may take as long as it takes: its own deadline is one of the reasons for Failed.
        deadline: 'kept',
        failed: has('Failed') ? 'job' : undefined,
        unnumbered: true,
      };
    },
  ],
  [
    'Rollout',
    (spec, status) => {
      const { replicas = 1 } = spec;
      const { updatedReplicas = 0, availableReplicas = 0, phase } = status;
      return {
        scaledToZero: replicas === 0,
        behind: atLeastZero(replicas - updatedReplicas),
        old: atLeastZero((status.replicas ?? 0) - updatedReplicas),
        unready: atLeastZero(replicas - availableReplicas),
        kept: 0,
        hold: phase === 'Paused' || spec.paused === true ? 'paused' : undefined,
        deadline: 'kept',
        failed: phase === 'Degraded' ? 'degraded' : undefined,
      };
    },
  ],
]);

/** Reduces an API object to what its rollout is judged by; undefined for a kind whose rollouts are not followed. */
export function rolloutFacts(row: KindRow, object: unknown): RolloutFacts | undefined {
  const { metadata, spec, status } = object as {
    readonly metadata: { readonly uid: string; readonly generation?: number };
    readonly spec?: Spec;
    readonly status?: Status;
  };
  // The template says nothing here, and is the largest part.
  const facts = { ...spec, template: undefined } as Spec;
  const [read, told] = row.merges
    ? [facts, status ?? {}]
    : [withoutNull(facts) as Spec, withoutNull(status ?? {}) as Status];
  const reading = READERS.get(row.kind)?.(read, told);
  if (reading === undefined) return undefined;
  const { uid, generation = 0 } = metadata;
  const { unnumbered = false, ...rest } = reading;
  const observedGeneration = unnumbered ? generation : Number(status?.observedGeneration ?? 0);
  return { uid, generation, observedGeneration, ...rest };
}

/**
 * Says where a rollout is. What asks for no pods is complete at once; before the controller has seen the newest
 * spec its numbers say nothing; a workload that a person holds back waits and never fails.
 */
export function rolloutStatus(facts: RolloutFacts, times: RolloutTimes): RolloutStatus {
  if (facts.scaledToZero) return { is: 'complete' };
  if (isObserved(facts)) {
    const settled = facts.old === 0 && facts.unready === 0;
    if (settled && facts.behind === 0) return { is: 'complete' };
    if (facts.failed !== undefined) return { is: 'failed', reason: facts.failed };
    if (facts.hold !== undefined) return { is: 'waiting', reason: facts.hold };
    if (settled && facts.behind <= facts.kept) return { is: 'waiting', reason: 'partition' };
    if (facts.deadline === 'exceeded') return { is: 'failed', reason: 'deadline' };
  }
  const late = facts.deadline === 'ours' && facts.hold === undefined && times.elapsedMs >= times.deadlineMs;
  return late ? { is: 'failed', reason: 'deadline' } : { is: 'progressing' };
}

/** How many steps a rollout still has before it, for comparing: fewer than ever means progress. */
export function rolloutRemains(facts: RolloutFacts): number {
  return isObserved(facts) ? facts.behind + facts.old + facts.unready : Infinity;
}

function isObserved({ generation, observedGeneration }: RolloutFacts): boolean {
  return observedGeneration >= generation;
}

function holdOf({ updateStrategy }: Spec): 'on-delete' | undefined {
  return updateStrategy?.type === 'OnDelete' ? 'on-delete' : undefined;
}

function atLeastZero(count: number): number {
  return Math.max(count, 0);
}
