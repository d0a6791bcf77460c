import type { Clock } from '../clock.ts';
import { HELD, LAST_ROLL, STAMPS } from '../core/api/annotations.ts';
import { fitMap } from '../core/stamps/dependency.ts';
import { addToHistory, changeTime, type RollEntry } from '../core/stamps/history.ts';
import { pauseStart } from '../core/objects/pause.ts';
import { stampValue, type LeverChange } from '../core/template/lever.ts';
import type { Plan } from '../core/stamps/plan.ts';
import { Room } from '../core/api/annotation-room.ts';
import type { StampMap } from '../core/stamps/stamp-map.ts';
import { workloadKey, type Workload, type WorkloadObject } from '../core/objects/workload.ts';
import type { Request } from '../core/opt-in/overrides.ts';
import { hasCode, RestampError } from '../errors.ts';
import type { Faults } from '../faults.ts';
import { backoffMs } from '../flowcontrol/backoff.ts';
import type { Doubts } from '../state/doubts.ts';
import type { Gates } from './gates/gates.ts';
import type { InFlight } from './rollers/in-flight.ts';
import type { Judge } from './evaluator.ts';
import type { LeftOut } from './reporting/map-overflow.ts';
import type { HoldReason } from './gates/hold-reasons.ts';
import type { Outcome } from './outcome.ts';
import type { Remakes } from './rollers/job-recreator.ts';
import { bareRoll, isAboutSize, isRoll, type RollSender } from './rollers/roll-sender.ts';
import type { RollWrite, Skip, Written } from './rollers/roll-writer.ts';
import type { SourceReader } from '../state/source-reader.ts';
import type { Terminations } from './gates/terminating-namespaces.ts';
import type { WorkloadBook } from '../state/workload-cache.ts';

/** A roll that has happened: what was stale, and what was written into the template for it. */
export type Rolled = { readonly entry: RollEntry; readonly levers: Written['levers'] };

/** A roll as it was sent. */
type Sent = {
  readonly workload: Workload;
  readonly roll: RollWrite | Skip;
  readonly entry: RollEntry;
  /** The map, where it was not written. */
  readonly unstored: StampMap | undefined;
};

/** What the roller asks of the rest. */
export type RollerOptions = {
  /** Only tells what would be rolled, and takes it as done; undefined where rolls are written. */
  readonly observe: ((workload: Workload, plan: Plan, entry: RollEntry) => void) | undefined;
  readonly clock: Clock;
  readonly faults: Faults;
  readonly judge: Judge;
  readonly reader: SourceReader;
  readonly doubts: Pick<Doubts, 'reread'>;
  readonly gates: Gates;
  readonly terminations: Terminations;
  readonly sender: RollSender;
  readonly inFlight: Pick<InFlight, 'has' | 'end'>;
  /** Jobs that are between their deletion and their return. */
  readonly remakes: Pick<Remakes, 'reason'>;
  /** Reads a workload again; it is put into the book. */
  readonly reread: (workload: Workload) => Promise<unknown>;
  /** The workload as the API server has stored it. */
  readonly onStored: (workload: Workload, object: WorkloadObject) => void;
  readonly workloads: Pick<WorkloadBook, 'map' | 'remember' | 'writing'>;
  readonly leftOut: Pick<LeftOut, 'note'>;
  /** The history entry for what is stale now. */
  readonly explain: (workload: Workload, plan: Plan) => RollEntry;
  readonly onRolled: (workload: Workload, rolled: Rolled) => void;
  /** Somebody asked to take the sources as they are, without a roll. */
  readonly onSkipped: (workload: Workload, entry: RollEntry) => void;
  readonly onHeld: (
    workload: Workload,
    hold: { reason: HoldReason; detail: string },
    entry: RollEntry,
  ) => void;
  readonly onFailed: (workload: Workload, error: RestampError, entry: RollEntry) => void;
  /** It went while it waited or was rolled, and what came of that was noted after. */
  readonly onGone: (key: string) => void;
  /** How often this has failed in a row for this reason. */
  readonly failures: (key: string, reason: HoldReason) => number;
};

/** How often a workload that is being deleted is looked at, beside what the watch tells. */
const TERMINATING_MS = 60_000;

/** Makes stale workloads fresh: one patch with the lever, the map and the reason (DESIGN 3.5). */
export class Roller {
  readonly #options: RollerOptions;
  /** Rolls of which nobody knows yet whether they are stored. */
  readonly #lost = new Map<string, Sent & { readonly error: RestampError }>();

  constructor(options: RollerOptions) {
    this.#options = options;
  }

  /**
   * Judges the workload once more and rolls it if it is stale and every gate is open. `overdue`: it waits for no
   * read any more, if what was read before is enough to roll. Throws nothing that was foreseen.
   */
  async roll(key: string, overdue: boolean): Promise<Outcome> {
    const { judge, reader, gates, explain, observe, onHeld, onGone, failures, terminations, doubts } =
      this.#options;
    const pending = this.#options.remakes.reason(key);
    if (pending !== undefined) return { is: 'held', reason: pending, ms: TERMINATING_MS };
    try {
      await this.#settle(key);
    } catch (error) {
      if (!(error instanceof RestampError)) throw error;
      return { is: 'again', reason: 'unavailable', ms: backoffMs(error, failures(key, 'unavailable') + 1) };
    }
    const verdict = judge.judge(key);
    if (verdict === undefined) onGone(key);
    if (verdict === undefined || verdict.is === 'fresh') return { is: 'done' };
    if (verdict.is === 'waiting') for (const { ref, need } of verdict.unread) reader.refresh(ref, need);
    const late = overdue && verdict.is === 'waiting' ? verdict.late : undefined;
    const found = verdict.is === 'stale' ? verdict : late;
    if (found === undefined) return { is: 'waiting' };
    const { plan } = found;
    const { workload } = found.page;
    if (doubts.reread(workload, plan)) return { is: 'waiting' };
    const entry = explain(workload, plan);
    if (terminations.includes(workload)) return this.#leave(workload, entry);
    if (observe !== undefined) {
      observe(workload, plan, entry);
      return { is: 'done' };
    }
    const passage = gates.ask(workload, plan);
    if (passage.held !== undefined) {
      onHeld(workload, { reason: passage.held, detail: passage.detail }, entry);
      return { is: 'held', reason: passage.held, ms: passage.ms };
    }
    try {
      const isWritten = await this.#write(workload, plan, entry, passage.request);
      return isWritten ? { is: 'done' } : this.#leave(workload, entry);
    } catch (error) {
      // The queue holds what nobody foresaw.
      if (!(error instanceof RestampError)) throw error;
      return this.#fail(key, workload, entry, refusalOf(error));
    }
  }

  /** False if it is begun, and ends when others let it. */
  async #write(
    workload: Workload,
    plan: Plan,
    entry: RollEntry,
    request: Request | undefined,
  ): Promise<boolean> {
    const { clock, inFlight, leftOut, workloads } = this.#options;
    const map = request === undefined ? plan.rolled : { ...plan.rolled, req: request.at };
    const fitted = fitMap(workload, map);
    leftOut.note(workload, map, fitted);
    const room = new Room(workload.room);
    const stamps = room.take(STAMPS, fitted?.text);
    const pause = request?.verb === 'skip' ? {} : pauseStart(workload.pause, clock.now());
    const paused = Object.entries(pause ?? {}).filter(([name, at]) => room.take(name, at) !== undefined);
    const history = room.take(LAST_ROLL, addToHistory(workload.lastRoll, entry, room.for(LAST_ROLL)));
    const annotations = {
      // What is stored of an older roll would be stale at the next start.
      [STAMPS]: stamps ?? null,
      [LAST_ROLL]: history ?? null,
      ...(workload.held === undefined ? {} : { [HELD]: null }),
      ...Object.fromEntries(paused),
    };
    const metadata = { resourceVersion: workload.resourceVersion, annotations };
    const unstored = stamps === undefined ? map : undefined;
    if (unstored === undefined && fitted !== undefined && fitted.left.length > 0)
      workloads.writing(workloadKey(workload), map);
    if (request?.verb === 'skip') return this.#send({ workload, roll: { metadata }, entry, unstored });
    const digests = plan.stale.map(({ key }) => plan.rolled.s.get(key)?.h ?? '');
    const stamp = stampValue(plan.rolled.n, digests);
    const roll = {
      metadata,
      changes: this.#changes(workload, plan),
      at: clock.now(),
      // A counter that was lost may meet the same digest again.
      stamp: stamp === workload.templateStamp ? `${stamp}.` : stamp,
      returns: plan.returns,
      print: () => [
        String(plan.rolled.n),
        ...[...plan.baseline.s].map(([key, { h }]) => `${key} ${h}`).sort(),
      ],
    };
    const sent = { workload, roll, entry, unstored };
    try {
      return await this.#send(sent);
    } catch (error) {
      if (!isAboutSize(error) || inFlight.has(workloadKey(workload))) throw error;
      // Some limit that we do not know of.
      leftOut.note(workload, map, undefined);
      return this.#send({ ...sent, roll: bareRoll(roll), unstored: map });
    }
  }

  async #send(sent: Sent): Promise<boolean> {
    const { sender, inFlight } = this.#options;
    const key = workloadKey(sent.workload);
    try {
      const written = await sender.send(sent.workload, sent.roll);
      if (written !== undefined) this.#rolled(sent, written);
      return written !== undefined;
    } catch (error) {
      if (error instanceof RestampError && inFlight.has(key)) this.#lost.set(key, { ...sent, error });
      throw error;
    }
  }

  #rolled({ workload, roll, entry, unstored }: Sent, { object, levers }: Written): void {
    const { onRolled, onSkipped } = this.#options;
    this.#store(workload, object, unstored);
    this.#record(workload, () => {
      if (isRoll(roll)) onRolled(workload, { entry, levers });
      else onSkipped(workload, entry);
    });
    this.#options.inFlight.end(workloadKey(workload));
  }

  /** Asks what became of a roll whose answer was lost, so that it is told as what it was. Fails with RESTAMP_KUBE_*. */
  async #settle(key: string): Promise<void> {
    const lost = this.#lost.get(key);
    if (lost === undefined) return;
    const { sender, inFlight, onFailed } = this.#options;
    const { workload, roll, entry, error } = lost;
    let written: Written | undefined;
    try {
      written = await sender.settle(workload, roll);
    } catch (reason) {
      if (inFlight.has(key)) throw reason;
      // The workload is gone.
      this.#lost.delete(key);
      return;
    }
    this.#lost.delete(key);
    if (written === undefined) this.#record(workload, () => onFailed(workload, error, entry));
    else this.#rolled(lost, written);
  }

  #store(workload: Workload, object: WorkloadObject, unstored: StampMap | undefined): void {
    const { workloads, onStored } = this.#options;
    const key = workloadKey(workload);
    // Memory has what is not stored; first, because what is stored is judged as soon as it is shown.
    if (unstored !== undefined && (workloads.map(key)?.n ?? 0) <= unstored.n)
      workloads.remember(key, workload.uid, unstored);
    this.#record(workload, () => onStored(workload, object));
  }

  /** What is stored is stored: an exception while that is noted makes no failed roll of it. */
  #record(workload: Workload, note: () => void): void {
    this.#options.faults.contain(workloadKey(workload), note);
  }

  #changes(workload: Workload, plan: Plan): LeverChange[] {
    const { reader, judge, clock } = this.#options;
    const { namespace } = workload;
    return plan.stale.map(({ dependency, key }) => {
      const { type, name, container } = dependency;
      const state = type === 'spc' ? judge.mounted(workload, name) : reader.state({ type, name, namespace });
      if (state === undefined) throw new TypeError(`${key} was judged without having been read`);
      const present = state.state === 'present' ? state : undefined;
      // Its own time, so that whoever writes this writes the same.
      const at = changeTime(present, workload.lastRoll) ?? clock.now();
      return { type, name, namespace, container, value: present?.lever, at };
    });
  }

  /** What is being deleted is left alone: when it is gone, the watch tells. */
  #leave(workload: Workload, entry: RollEntry): Outcome {
    this.#options.onHeld(workload, { reason: 'terminating', detail: '' }, entry);
    return { is: 'held', reason: 'terminating', ms: TERMINATING_MS };
  }

  async #fail(key: string, workload: Workload, entry: RollEntry, error: RestampError): Promise<Outcome> {
    const { reread, onFailed, onHeld, failures, terminations } = this.#options;
    if (terminations.heard(workload.namespace, error)) return this.#leave(workload, entry);
    if (error.retry === 'look-again') {
      // Somebody wrote it since: whether it is still stale is for its new state to say.
      await reread(workload).catch(() => undefined);
      const before = failures(key, 'unavailable');
      return { is: 'again', reason: 'unavailable', ms: before === 0 ? 0 : backoffMs(error, before) };
    }
    const { inFlight } = this.#options;
    const reason = error.retry === 'slow-backoff' ? 'rejected' : 'unavailable';
    onHeld(workload, { reason, detail: error.code }, entry);
    // It may be stored: what it was is told when that is known.
    if (!inFlight.has(key)) onFailed(workload, error, entry);
    return { is: 'again', reason, ms: backoffMs(error, failures(key, reason) + 1) };
  }
}

/** Renames what the API server refuses. A lost race of a JSON Patch, which is 422 too, has become a conflict before. */
function refusalOf(error: RestampError): RestampError {
  if (hasCode(error, 'RESTAMP_KUBE_INVALID'))
    return new RestampError('RESTAMP_ROLL_REFUSED', error.detail, { cause: error });
  return error;
}
