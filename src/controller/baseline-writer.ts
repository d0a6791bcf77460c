import type { Clock } from '../clock.ts';
import { hasBegun, pauseMs } from '../core/objects/pause.ts';
import { HELD, LAST_ROLL, STAMPS } from '../core/api/annotations.ts';
import { fitMap } from '../core/stamps/dependency.ts';
import { shortenHistory } from '../core/stamps/history.ts';
import { Room } from '../core/api/annotation-room.ts';
import { workloadKey, type Workload, type WorkloadObject } from '../core/objects/workload.ts';
import type { RestampError } from '../errors.ts';
import type { Faults } from '../faults.ts';
import { FailureRow } from '../flowcontrol/backoff.ts';
import { FairQueue } from '../flowcontrol/fair-queue.ts';
import type { Holds } from './gates/holds.ts';
import type { Judge } from './evaluator.ts';
import type { LeftOut } from './reporting/map-overflow.ts';
import type { PatchWorkload } from './rollers/roll-writer.ts';
import type { Terminations } from './gates/terminating-namespaces.ts';

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

/** Annotations that a workload should have; null takes one away. */
type Wanted = { readonly workload: Workload; readonly annotations: Record<string, string | null> };

/** Writes that are not answered yet, so that one that hangs holds up no other. */
const AT_ONCE = 8;

/**
 * Writes annotations that need no roll, maps and holds, slowly, the namespaces in turns: nothing is
 * rolled by them, and until one is written memory is the baseline. A workload that has become stale is left to its roll, but
 * for the baseline of what has made it stale.
 */
export class Baselines {
  readonly #options: BaselinesOptions;
  readonly #waiting = new FairQueue<FailureRow>(AT_ONCE);
  /** What is being written, and what of it has changed meanwhile. */
  readonly #sending = new Set<string>();
  readonly #again = new Set<string>();
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
    this.#again.delete(key);
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
    this.#options.clock.after(0, () => this.#next());
  }

  #next(): void {
    const { clock, perSecond } = this.#options;
    const next = this.#active ? this.#waiting.next() : undefined;
    // All places are taken: whoever gives one back goes on.
    if (next === undefined) {
      this.#busy = false;
      return;
    }
    const isSent = this.#begin(next.key, next.item);
    // The pause is kept even if nothing waits now: what comes in a moment must not be written at once. What was not worth a
    // request is not worth a pause.
    clock.after(isSent ? 1000 / perSecond : 0, () => {
      this.#busy = false;
      this.#schedule();
    });
  }

  /** Whether anything is sent; the answer is waited for in a place of its own. */
  #begin(key: string, row: FailureRow): boolean {
    if (this.#sending.has(key)) {
      // It is looked at once more when the answer has come.
      this.#again.add(key);
      this.#waiting.done(key);
      return false;
    }
    let wanted: Wanted | undefined;
    try {
      wanted = this.#wanted(key);
    } catch (error) {
      this.#tryLater(key, row, error);
    }
    if (wanted === undefined) {
      this.#waiting.done(key);
      return false;
    }
    this.#sending.add(key);
    void this.#send(key, row, wanted).finally(() => {
      this.#sending.delete(key);
      this.#waiting.done(key);
      if (this.#again.delete(key)) this.add(key);
      this.#schedule();
    });
    return true;
  }

  async #send(key: string, row: FailureRow, { workload, annotations }: Wanted): Promise<void> {
    const { patch, onStored } = this.#options;
    try {
      const body = {
        metadata: { resourceVersion: workload.resourceVersion, annotations },
        // Reloader paused it and is gone.
        ...(workload.pause?.left === true && workload.pause.key in annotations
          ? { spec: { paused: false } }
          : {}),
      };
      onStored(workload, await patch(workload, { type: 'merge', body }));
    } catch (error) {
      this.#tryLater(key, row, error);
    }
  }

  #tryLater(key: string, row: FailureRow, error: unknown): void {
    const { onTrouble, faults, clock } = this.#options;
    const trouble = faults.caught(key, error);
    if (error === trouble && trouble.retry !== 'look-again') onTrouble(trouble);
    clock.after(row.next(trouble), () => {
      if (this.#waiting.get(key) === undefined) this.#waiting.add(key, row);
      this.#schedule();
    });
  }

  /** The annotations that a workload should have; undefined if it has them, or if its roll will write them. */
  #wanted(key: string): Wanted | undefined {
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
    if (hasBegun(pause) && pauseMs(pause, clock.now()) === 0) annotations[pause.key] = null;
    return Object.keys(annotations).length === 0 ? undefined : { workload, annotations };
  }

  /** A new leader has not asked the gates yet: what the former one wrote of a stale workload stays until it has. */
  #held(workload: Workload, room: Room): string | undefined {
    const { holds } = this.#options;
    const isKnown = holds.get(workloadKey(workload)) !== undefined;
    return isKnown ? holds.annotation(workload, room.for(HELD)) : workload.held;
  }
}
