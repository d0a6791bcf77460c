import type { Clock } from '../clock.ts';
import { STAMPS } from '../core/annotations.ts';
import { formatStamps, mapOwner, STAMPS_LIMIT_BYTES } from '../core/stamp-map.ts';
import type { Workload, WorkloadObject } from '../core/workload.ts';
import { reasonOf, RestampError } from '../errors.ts';
import { backoffMs } from './backoff.ts';
import type { Judge } from './judge.ts';
import type { PatchWorkload } from './roller.ts';

export type BaselinesOptions = {
  readonly judge: Judge;
  readonly clock: Clock;
  readonly patch: PatchWorkload;
  readonly onStored: (workload: Workload, object: WorkloadObject) => void;
  readonly onTrouble: (error: RestampError) => void;
  /** Writes per second: each costs a Deployment one generation and its controller two writes (DESIGN 4). */
  readonly perSecond: number;
};

/**
 * Writes maps that only metadata needs, one after the other and slowly: nothing is rolled by them, and until
 * one is written memory is the baseline. A workload that has become stale is left to its roll.
 */
export class Baselines {
  readonly #options: BaselinesOptions;
  readonly #waiting = new Map<string, number>();
  #busy = false;
  #stopped = false;

  constructor(options: BaselinesOptions) {
    this.#options = options;
  }

  add(key: string): void {
    if (!this.#waiting.has(key)) this.#waiting.set(key, 0);
    this.#schedule(0);
  }

  drop(key: string): void {
    this.#waiting.delete(key);
  }

  /** How many maps wait to be written. */
  get size(): number {
    return this.#waiting.size;
  }

  stop(): void {
    this.#stopped = true;
  }

  #schedule(ms: number): void {
    if (this.#busy || this.#stopped || this.#waiting.size === 0) return;
    this.#busy = true;
    this.#options.clock.after(ms, () => void this.#next());
  }

  async #next(): Promise<void> {
    const { perSecond } = this.#options;
    const [next] = this.#waiting;
    if (next !== undefined) await this.#write(...next);
    this.#busy = false;
    this.#schedule(1000 / perSecond);
  }

  async #write(key: string, failures: number): Promise<void> {
    const { judge, patch, onStored, onTrouble, clock } = this.#options;
    this.#waiting.delete(key);
    const verdict = judge.judge(key);
    if (verdict?.is !== 'fresh' || !verdict.write) return;
    const { workload } = verdict.page;
    const map = verdict.plan.baseline;
    const text = formatStamps(map, mapOwner(workload));
    if (Buffer.byteLength(text) > STAMPS_LIMIT_BYTES) {
      onTrouble(new RestampError('RESTAMP_MAP_TOO_LARGE', `${key}: ${map.s.size} sources`));
      return;
    }
    const { resourceVersion } = workload;
    try {
      const body = { metadata: { resourceVersion, annotations: { [STAMPS]: text } } };
      onStored(workload, await patch(workload, { type: 'merge', body }));
    } catch (error) {
      const trouble =
        error instanceof RestampError
          ? error
          : new RestampError('RESTAMP_KUBE_PROTOCOL', `${key}: ${reasonOf(error)}`);
      if (trouble.retry !== 'look-again') onTrouble(trouble);
      clock.after(backoffMs(trouble, failures + 1), () => {
        if (!this.#waiting.has(key)) this.#waiting.set(key, failures + 1);
        this.#schedule(0);
      });
    }
  }
}
