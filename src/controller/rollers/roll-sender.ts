import { LAST_ROLL, STAMPS } from '../../core/api/annotations.ts';
import { rolloutFacts } from '../../core/objects/rollout.ts';
import { leversOf, type TemplatePatch } from '../../core/template/template-patch.ts';
import { workloadKey, type Workload, type WorkloadObject } from '../../core/objects/workload.ts';
import { hasCode, isUnanswered, RestampError } from '../../errors.ts';
import type { Faults } from '../../faults.ts';
import type { InFlight } from './in-flight.ts';
import type { RolloutObserver } from '../rollout-observer.ts';
import type { RollWrite, RollWriter, Skip, Written } from './roll-writer.ts';
import type { Tally } from '../reporting/reconcile-metrics.ts';

export type RollSenderOptions = {
  readonly faults: Faults;
  readonly writer: RollWriter;
  readonly inFlight: InFlight;
  /** Reads a workload again; it is put into the book. */
  readonly reread: (workload: Workload) => Promise<WorkloadObject>;
  /** Follows what begins: the watch can show it before the answer to the patch comes. */
  readonly observer: RolloutObserver;
  readonly tally: Tally | undefined;
};

/**
 * Sends rolls, and finds out what became of each. A roll whose answer is lost may be stored: it is looked for by what it
 * wrote, and stays in flight while nobody can tell.
 */
export class RollSender {
  readonly #options: RollSenderOptions;

  constructor(options: RollSenderOptions) {
    this.#options = options;
  }

  /**
   * What is stored then; undefined if it is begun, and ends when others let it. Fails with RESTAMP_KUBE_*; what may be
   * stored all the same is in flight still.
   */
  async send(workload: Workload, roll: RollWrite | Skip): Promise<Written | undefined> {
    const { writer, inFlight, observer, tally } = this.#options;
    const key = workloadKey(workload);
    const rolls = isRoll(roll);
    const template = this.#template(workload, roll);
    inFlight.begin(key, { annotations: roll.metadata.annotations, template }, rolls);
    if (rolls)
      this.#note(workload, () => {
        observer.rolling(key);
        tally?.writing(workload);
      });
    let written: Written | undefined;
    try {
      written = await (isRoll(roll) ? writer.write(workload, roll) : writer.skip(workload, roll));
      if (written === undefined) inFlight.end(key);
    } catch (error) {
      if (!isUnanswered(error)) inFlight.end(key);
      else written = await this.#find(workload, roll).catch(() => undefined);
      if (written === undefined) throw error;
    } finally {
      if (rolls) this.#follow(workload, written?.object);
    }
    return written;
  }

  /**
   * Looks for a roll whose answer was lost: what is stored if it is there, undefined if it is not. Fails with
   * RESTAMP_KUBE_* while that cannot be told.
   */
  async settle(workload: Workload, roll: RollWrite | Skip): Promise<Written | undefined> {
    const written = await this.#find(workload, roll);
    if (written !== undefined && isRoll(roll)) this.#follow(workload, written.object);
    return written;
  }

  #template(workload: Workload, roll: RollWrite | Skip): TemplatePatch | undefined {
    return isRoll(roll) ? this.#options.writer.template(workload, roll) : undefined;
  }

  async #find(workload: Workload, roll: RollWrite | Skip): Promise<Written | undefined> {
    const { inFlight, reread } = this.#options;
    const key = workloadKey(workload);
    const object = await reread(workload).catch((error: unknown) => {
      if (hasCode(error, 'RESTAMP_KUBE_NOT_FOUND')) inFlight.end(key);
      throw error;
    });
    if (inFlight.wasShown(key)) {
      // The levers of a roll that has been overtaken are nobody's to take away.
      const template = inFlight.isLast(key) ? this.#template(workload, roll) : undefined;
      return { object, levers: leversOf(template ?? {}) };
    }
    inFlight.end(key);
    return undefined;
  }

  /** A rollout has begun from this stored state, or it has not. */
  #follow(workload: Workload, object: WorkloadObject | undefined): void {
    const { observer, tally } = this.#options;
    this.#note(workload, () => {
      tally?.written(workload, object !== undefined);
      const facts = object && rolloutFacts(workload.row, object);
      if (facts === undefined) observer.notRolled(workloadKey(workload));
      else observer.rolled(workloadKey(workload), facts);
    });
  }

  #note(workload: Workload, note: () => void): void {
    this.#options.faults.contain(workloadKey(workload), note);
  }
}

/** Whether it is more than a {@link Skip}. */
export function isRoll(write: RollWrite | Skip): write is RollWrite {
  return 'changes' in write;
}

/** The same roll with neither map nor history: there is no smaller one. */
export function bareRoll(roll: RollWrite): RollWrite {
  const annotations = { ...roll.metadata.annotations, [STAMPS]: null, [LAST_ROLL]: null };
  return { ...roll, metadata: { ...roll.metadata, annotations } };
}

/** Whether the API server, or an admission policy, finds what was sent too large; each says it in words of its own. */
export function isAboutSize(error: unknown): boolean {
  if (!(error instanceof RestampError) || error.retry === 'look-again') return false;
  // A proxy says it by its status alone.
  if (error.code === 'RESTAMP_KUBE_TOO_LARGE') return true;
  return /too (long|large|many bytes)|\b\d+ ?(bytes|[KM]i?B)\b/i.test(error.detail);
}
