import { LAST_ROLL, STAMPS } from '../core/annotations.ts';
import { addToHistory, type RollEntry } from '../core/history.ts';
import { planLever, type LeverChange } from '../core/lever.ts';
import type { Plan } from '../core/plan.ts';
import { formatStamps, mapOwner, STAMPS_LIMIT_BYTES } from '../core/stamp-map.ts';
import type { Workload, WorkloadObject } from '../core/workload.ts';
import { hasCode, reasonOf, RestampError } from '../errors.ts';
import { backoffMs } from './backoff.ts';
import type { Judge } from './judge.ts';
import type { Outcome } from './queue.ts';
import type { SourceReader } from './source-reader.ts';

/** Patches one workload and returns it as it is stored then. Fails with RESTAMP_KUBE_*. */
export type PatchWorkload = (
  workload: Workload,
  patch: { readonly type: 'merge' | 'strategic'; readonly body: object },
) => Promise<WorkloadObject>;

/** What the roller asks of the rest. */
export type RollerOptions = {
  readonly judge: Judge;
  readonly reader: SourceReader;
  readonly patch: PatchWorkload;
  /** Reads a workload again; it is put into the book. */
  readonly reread: (workload: Workload) => Promise<void>;
  /** The workload as the API server has stored it. */
  readonly onStored: (workload: Workload, object: WorkloadObject) => void;
  /** The history entry for what is stale now. */
  readonly explain: (workload: Workload, plan: Plan) => RollEntry;
  readonly onRolled: (workload: Workload, entry: RollEntry) => void;
  readonly onFailed: (workload: Workload, error: RestampError) => void;
  readonly failures: (key: string) => number;
};

/** Makes stale workloads fresh: one patch with the lever, the map and the reason (DESIGN 3.5). */
export class Roller {
  readonly #options: RollerOptions;

  constructor(options: RollerOptions) {
    this.#options = options;
  }

  /** Judges the workload once more and rolls it if it is stale. Never throws. */
  async roll(key: string): Promise<Outcome> {
    const { judge, reader, patch, reread, onStored, explain, onRolled, onFailed, failures } = this.#options;
    const verdict = judge.judge(key);
    if (verdict === undefined || verdict.is === 'fresh') return { is: 'done' };
    if (verdict.is === 'waiting') {
      for (const { ref, need } of verdict.unread) reader.refresh(ref, need);
      return { is: 'waiting' };
    }
    const { page, plan } = verdict;
    const { workload } = page;
    const entry = explain(workload, plan);
    try {
      const body = this.#body(workload, plan, entry);
      onStored(workload, await patch(workload, { type: 'strategic', body }));
      onRolled(workload, entry);
      return { is: 'done' };
    } catch (error) {
      const trouble = asRestampError(error, key);
      if (trouble.retry === 'look-again') {
        // Somebody wrote it since: whether it is still stale is for its new state to say.
        await reread(workload).catch(() => undefined);
        return { is: 'again', ms: failures(key) === 0 ? 0 : backoffMs(trouble, failures(key)) };
      }
      onFailed(workload, trouble);
      return { is: 'again', ms: backoffMs(trouble, failures(key) + 1) };
    }
  }

  #body(workload: Workload, plan: Plan, entry: RollEntry): object {
    const stamps = formatStamps(plan.rolled, mapOwner(workload));
    if (Buffer.byteLength(stamps) > STAMPS_LIMIT_BYTES)
      throw new RestampError('RESTAMP_MAP_TOO_LARGE', `${mapOwner(workload)}: ${plan.rolled.s.size} sources`);
    const history = addToHistory(workload.lastRoll, entry);
    const changes = plan.stale.map(({ dependency, key }): LeverChange => {
      const { type, name, container } = dependency;
      const state = this.#options.reader.state({ type, name, namespace: workload.namespace });
      if (state === undefined) throw new TypeError(`${key} was judged without having been read`);
      return { type, name, container, value: state.state === 'present' ? state.sha1 : undefined };
    });
    const template = planLever(workload.levers, changes, stampValue(plan));
    return {
      metadata: {
        // The roll is only right for the workload that was judged (DESIGN 2.3).
        resourceVersion: workload.resourceVersion,
        annotations: { [STAMPS]: stamps, ...(history === undefined ? {} : { [LAST_ROLL]: history }) },
      },
      spec: { template },
    };
  }
}

/** Never used twice for one workload: the counter grows, and a lost counter meets another digest. */
function stampValue(plan: Plan): string {
  const digests = plan.stale.map(({ key }) => plan.rolled.s.get(key)?.h ?? '');
  return `${plan.rolled.n}.${digests.join('.').slice(0, 22)}`;
}

/** Wraps what is not ours; a wrong uid and a failed test are 422 and mean look again, but we send neither. */
function asRestampError(error: unknown, key: string): RestampError {
  if (hasCode(error, 'RESTAMP_KUBE_INVALID'))
    return new RestampError('RESTAMP_ROLL_REFUSED', error.detail, { cause: error });
  return error instanceof RestampError
    ? error
    : new RestampError('RESTAMP_KUBE_PROTOCOL', `${key}: ${reasonOf(error)}`, { cause: error });
}
