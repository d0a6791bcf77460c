import type { Clock } from '../clock.ts';
import { pauseMs } from '../core/pause.ts';
import { HELD, LAST_ROLL, STAMPS } from '../core/annotations.ts';
import { fitMap } from '../core/dependency.ts';
import { shortenHistory } from '../core/history.ts';
import { Room } from '../core/room.ts';
import { workloadKey, type Workload, type WorkloadObject } from '../core/workload.ts';
import type { RestampError } from '../errors.ts';
import type { Faults } from '../faults.ts';
import { FailureRow } from './backoff.ts';
import { FairQueue } from './fair-queue.ts';
import type { Holds } from './holds.ts';
import type { Judge } from './judge.ts';
import type { LeftOut } from './left-out.ts';
import type { PatchWorkload } from './roll-writer.ts';
import type { Terminations } from './terminations.ts';

export type BaselinesOptions = {
  readonly judge: Judge;
  readonly clock: Clock;
  readonly patch: PatchWorkload;
  /** What is being deleted needs no baseline. */
  readonly terminations: Terminations;
  readonly onStored: (workload: Workload, object: WorkloadObject) => void;
  readonly onTrouble: (error: RestampError) => void;
  readonly faults: Faults;
  readonly holds: Pick<Holds, 'annotation' | 'get'>;
  readonly leftOut: LeftOut;
  /** False: maps are written with rolls alone, and changes while we are down are lost (--baseline=memory). */
  readonly writeMaps: boolean;
  /** Nothing is written at all (--mode=observe). */
  readonly readOnly: boolean;
  /** Writes per second: each costs a Deployment one generation and its controller two writes (DESIGN 4). */
  readonly perSecond: number;
};

/**
 * Writes annotations that need no roll, maps and holds, one after the other and slowly, the namespaces in turns: nothing is
 * rolled by them, and until one is written memory is the baseline. A workload that has become stale is left to its roll, but
 * for the baseline of what has made it stale.
 */
export class Baselines {
  readonly #options: BaselinesOptions;
  readonly #waiting = new FairQueue<FailureRow>(1);
  #busy = false;
  #stopped = false;
  #active = true;

  constructor(options: BaselinesOptions) {
    this.#options = options;
  }

  add(key: string): void {
    if (this.#options.readOnly) return;
    if (this.#waiting.get(key) === undefined) this.#waiting.add(key, new FailureRow());
    this.#schedule();
  }

  drop(key: string): void {
    this.#waiting.delete(key);
  }

  /** How many maps wait to be written. */
  get size(): number {
    return this.#waiting.size;
  }

  /** While inactive nothing is written: another replica does it. */
  setActive(active: boolean): void {
    this.#active = active;
    this.#schedule();
  }

  stop(): void {
    this.#stopped = true;
  }

  #schedule(): void {
    if (this.#busy || this.#stopped || !this.#active || this.#waiting.size === 0) return;
    this.#busy = true;
    this.#options.clock.after(0, () => void this.#next());
  }

  async #next(): Promise<void> {
    const { clock, perSecond } = this.#options;
    const next = this.#active ? this.#waiting.take() : undefined;
    const isSent = next !== undefined && (await this.#write(next.key, next.item));
    // The pause is kept even if nothing waits now: what comes in a moment must not be written at once. What was not worth a
    // request is not worth a pause.
    clock.after(isSent ? 1000 / perSecond : 0, () => {
      this.#busy = false;
      this.#schedule();
    });
  }

  /** Whether anything was sent. */
  async #write(key: string, row: FailureRow): Promise<boolean> {
    const { patch, onStored, onTrouble, faults, clock } = this.#options;
    try {
      const wanted = this.#wanted(key);
      if (wanted === undefined) return false;
      const { workload, annotations } = wanted;
      const body = {
        metadata: { resourceVersion: workload.resourceVersion, annotations },
        // Reloader paused it and is gone.
        ...(workload.pause?.left === true && workload.pause.key in annotations
          ? { spec: { paused: false } }
          : {}),
      };
      onStored(workload, await patch(workload, { type: 'merge', body }));
    } catch (error) {
      const trouble = faults.caught(key, error);
      if (error === trouble && trouble.retry !== 'look-again') onTrouble(trouble);
      clock.after(row.next(trouble), () => {
        if (this.#waiting.get(key) === undefined) this.#waiting.add(key, row);
        this.#schedule();
      });
    }
    return true;
  }

  /** The annotations that a workload should have; undefined if it has them, or if its roll will write them. */
  #wanted(key: string): { workload: Workload; annotations: Record<string, string | null> } | undefined {
    const { judge, clock, leftOut, writeMaps, terminations } = this.#options;
    const verdict = judge.judge(key);
    if (verdict === undefined || verdict.is === 'waiting') return undefined;
    const { workload } = verdict.page;
    if (terminations.includes(workload)) return undefined;
    const annotations: Record<string, string | null> = {};
    const room = new Room(workload.room);
    if (verdict.write && writeMaps) {
      const map = verdict.plan.baseline;
      const fitted = fitMap(workload, map);
      leftOut.note(workload, map, fitted);
      const stamps = room.take(STAMPS, fitted?.text);
      if (stamps !== undefined) annotations[STAMPS] = stamps;
    } else if (workload.stampsBytes > 0) room.keep(STAMPS, workload.stampsBytes);
    const hold = room.take(HELD, verdict.is === 'stale' ? this.#held(workload, room) : undefined);
    if (hold !== workload.held) annotations[HELD] = hold ?? null;
    const history = room.take(LAST_ROLL, shortenHistory(workload.lastRoll, room.for(LAST_ROLL)));
    if (history !== workload.lastRoll) annotations[LAST_ROLL] = history ?? null;
    const { pause } = workload;
    const isOver = pause !== undefined && pauseMs(pause, clock.now()) === 0;
    if (isOver && (pause.at !== undefined || pause.left)) annotations[pause.key] = null;
    return Object.keys(annotations).length === 0 ? undefined : { workload, annotations };
  }

  /** A new leader has not asked the gates yet: what the former one wrote of a stale workload stays until it has. */
  #held(workload: Workload, room: Room): string | undefined {
    const { holds } = this.#options;
    const isKnown = holds.get(workloadKey(workload)) !== undefined;
    return isKnown ? holds.annotation(workload, room.for(HELD)) : workload.held;
  }
}
