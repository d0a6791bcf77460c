import { hasBegun } from '../core/objects/pause.ts';
import { stampKey } from '../core/api/source.ts';
import { Looks } from './evaluation-queue.ts';
import type { MutatorParts } from './handler-parts.ts';
import { Unread, type Read } from '../state/pending-reads.ts';

/**
 * A sweep reads many lists, thousands of them within half a minute: after the last one, or after so long, everything is judged
 * once. What a list has shown to be different is judged at once.
 */
const RELISTED_MS = 1_000;
const RELISTS_MS = 60_000;

/**
 * Judges the workloads that others name, and sees to it that what follows from that is done: a roll, a map, or a read that
 * must come first. It decides from state alone, so that it does not matter how often a workload is named.
 */
export class Reconciler {
  readonly #parts: MutatorParts;
  readonly #unread = new Unread();
  readonly #looks: Looks;
  /** What a recovery has still to read sources for. */
  readonly #recovering = new Set<string>();
  /** When the first of the lists was read again for which there was no recovery yet. */
  #relisted: number | undefined;
  #cancelRecovery: () => void = () => undefined;

  constructor(parts: MutatorParts) {
    this.#parts = parts;
    this.#looks = new Looks({
      clock: parts.clock,
      look: (key, changed) => this.#reconcile(key, changed),
      recover: (key) => {
        this.#recovering.add(key);
        this.#reconcile(key, false);
      },
    });
  }

  /** An event names this workload; `changed`: data of a source has. */
  add(key: string, changed = false): void {
    this.#looks.add(key, changed);
  }

  /** The same where it must be judged before the next event comes. */
  now(key: string): void {
    this.#looks.now(key);
  }

  /** {@link Looks.settle} */
  settle(key: string, until?: number): void {
    this.#looks.settle(key, until);
  }

  /** A source has been read, or cannot be: the same, unless that decides nothing. */
  read(key: string, read: Read): void {
    const stamp = this.#parts.workloads.map(key)?.s.get(stampKey(read.ref));
    if (!this.#unread.decidesNothing(key, read, stamp)) this.add(key);
  }

  /** Judges all workloads anew, one after the other; what is stale is rolled, slowly. */
  recover(): void {
    this.#looks.recover(this.#parts.workloads.keys());
  }

  /** The same when lists have been read again: once for many, as soon as no more of them come. */
  recoverSoon(): void {
    // Once for many lists: what fails all the same must not be asked for with each.
    if (this.#relisted === undefined) this.#parts.reader.wake();
    const { clock } = this.#parts;
    const now = clock.monotonic();
    this.#relisted ??= now;
    this.#cancelRecovery();
    const left = this.#relisted + RELISTS_MS - now;
    this.#cancelRecovery = clock.after(Math.min(RELISTED_MS, left), () => {
      this.#relisted = undefined;
      this.recover();
    });
  }

  /** Runs when all that events have named until now has been judged. */
  whenJudged(run: () => void): void {
    this.#looks.whenJudged(run);
  }

  /** The workload is gone. */
  forget(key: string): void {
    this.#unread.set(key, []);
    this.#recovering.delete(key);
    this.#looks.drop(key);
  }

  stop(): void {
    this.#cancelRecovery();
    this.#looks.stop();
  }

  /** An exception while one workload is judged holds that one: the queue tries it again, ever more slowly. */
  #reconcile(key: string, changed: boolean): void {
    const { faults, queue } = this.#parts;
    try {
      this.#judge(key, changed);
    } catch (error) {
      faults.caught(key, error);
      queue.ensure(key);
    }
  }

  #judge(key: string, changed: boolean): void {
    const { judge, reader, queue, baselines, holds, gates, workloads, onUnproven } = this.#parts;
    const page = workloads.get(key);
    if (page !== undefined) this.#parts.writes.judged(page.workload);
    const verdict = judge.judge(key);
    const recovering = this.#recovering.has(key);
    if (verdict?.is !== 'waiting') this.#recovering.delete(key);
    const roll = (): void => {
      if (changed) queue.add(key);
      else if (recovering) queue.recover(key);
      else queue.ensure(key);
    };
    this.#unread.set(key, verdict?.is === 'waiting' ? verdict.unread.map(({ ref }) => ref) : []);
    if (verdict === undefined) {
      this.#settled(key);
      baselines.drop(key);
    } else if (verdict.is === 'waiting') {
      for (const { ref, need } of verdict.unread) reader.refresh(ref, need);
      // The wait for a source that never rests is a wait in the queue, which ends.
      if (verdict.late !== undefined) roll();
    } else if (verdict.is === 'stale') {
      roll();
      if (verdict.write) baselines.add(key);
    } else {
      this.#settled(key);
      holds.release(key);
      this.#parts.recorder.forget(key);
      const { workload } = verdict.page;
      const request = gates.request(workload, verdict.plan);
      // Nothing was stale when it was asked for: answered, so that it opens no gate for a later change.
      if (request !== undefined && verdict.plan.baseline.s.size > 0) {
        const { baseline } = verdict.plan;
        workloads.remember(key, workload.uid, { ...baseline, req: request.at });
      }
      const { held, pause } = workload;
      // A pause may have been over before its sources were read.
      const isAsked = request !== undefined || held !== undefined || hasBegun(pause);
      if (verdict.write || isAsked) baselines.add(key);
      // Another replica has written it.
      else baselines.drop(key);
      if (verdict.plan.unproven.length > 0) onUnproven(verdict.page.workload, verdict.plan.unproven);
    }
  }

  /**
   * Nothing is to be rolled any more; but for a roll whose answer is lost somebody must still ask what became of it, as
   * soon as this process leads.
   */
  #settled(key: string): void {
    const { queue, inFlight } = this.#parts;
    if (!inFlight.has(key) || !queue.isActive) queue.drop(key);
    else queue.recover(key);
  }
}
