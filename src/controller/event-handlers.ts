import type { KindRow } from '../core/api/kind.ts';
import { sourceKey, type SourceRef, type SourceType } from '../core/api/source.ts';
import { reduceSource, type SourceObject } from '../core/objects/source-metadata.ts';
import { reduceWorkload, workloadKey, type Workload, type WorkloadObject } from '../core/objects/workload.ts';
import { rolloutFacts } from '../core/objects/rollout.ts';
import type { Listed } from '../kube/watch/known-objects.ts';
import { moment } from '../state/moment.ts';
import { hasGoneBack } from '../state/read-order.ts';
import type { PodStatusesOptions } from '../state/csi-mounts.ts';
import type { SourceState } from '../state/source-reader.ts';
import type { MutatorParts } from './handler-parts.ts';
import { Reconciler } from './evaluation-loop.ts';
import { Unclaimed } from '../state/unclaimed-sources.ts';
import type { Showing } from '../state/cached-workload.ts';

type Following<T> = {
  begin(): void;
  put(object: T): void;
  remove(id: { namespace: string; name: string }): void;
};

/**
 * Turns what happens into looking again: events, reads and the start only name a source or a workload; whether
 * something rolls is decided from the state of both, however often it is asked (DESIGN 2).
 */
export class Mutator {
  readonly #parts: MutatorParts;
  readonly #reconciler: Reconciler;
  readonly #unclaimed: Unclaimed;
  /** Sources whose marks have changed, and the moment by which all that they concern was named. */
  readonly #marked = new Map<string, number>();
  #started = false;

  constructor(parts: MutatorParts) {
    this.#parts = parts;
    this.#reconciler = new Reconciler(parts);
    this.#unclaimed = new Unclaimed({
      isClaimed: (ref) => parts.workloads.index.has(ref),
      forget: (ref) => {
        parts.reader.forget(ref);
        parts.attribution.forget(ref);
      },
    });
  }

  /** The watches have shown everything: judges all workloads, and from now on each change. */
  start(): void {
    this.#started = true;
    this.#parts.workloads.start();
    this.recover();
  }

  /** {@link Reconciler.recover} */
  recover(): void {
    this.#reconciler.recover();
  }

  /** {@link Reconciler.recoverSoon} */
  recoverSoon(): void {
    this.#reconciler.recoverSoon();
  }

  /** {@link Reconciler.whenJudged} */
  whenJudged(run: () => void): void {
    this.#reconciler.whenJudged(run);
  }

  stop(): void {
    this.#reconciler.stop();
  }

  /** Somebody asks for a roll by a source: what is held of it need not wait until its gate is asked again. */
  #recheck(ref: SourceRef): void {
    for (const key of this.#parts.workloads.candidates(ref)) this.#parts.queue.recheck(key);
  }

  /** What follows the watch of a kind of source: metadata alone. */
  sourceFollower(type: SourceType): Following<SourceObject> & { end(list: Listed): void } {
    const { sources, reader, settings, onEvent, faults } = this.#parts;
    let begun = 0;
    return {
      begin: () => {
        begun = moment();
      },
      put: (object) => {
        const meta = reduceSource(type, object, settings.keys);
        this.#settleMarks(meta);
        const { before, same } = sources.put(meta, this.#started);
        this.#parts.workloads.saw(meta.resourceVersion);
        const isBack = hasGoneBack(meta, { before, read: reader.state(meta), begun });
        if (isBack) this.#outdate(meta);
        if (!this.#started) return;
        // A list that was read again says it of thousands.
        if (same && !isBack) return;
        if (!same)
          faults.contain(sourceKey(meta), () => {
            if (type !== 'spc') onEvent(before ? 'update' : 'add', meta);
            this.#parts.writes.source(meta, before);
            if (meta.wishes.request?.at !== before?.wishes.request?.at) this.#recheck(meta);
          });
        const { ignore, match } = before?.marks ?? meta.marks;
        this.look(meta);
        if (meta.marks.ignore !== ignore || meta.marks.match !== match) this.#mark(meta);
      },
      remove: (id) => {
        const ref = { ...id, type };
        this.#settleMarks(ref);
        sources.remove(ref);
        // What its pods have mounted stays, and the dependency with it.
        if (type === 'spc') return;
        if (this.#started) onEvent('delete', ref);
        // A filtered watch also says this of what is only filtered out: the read tells.
        if (!this.#started) reader.forget(ref);
        else if (!this.#unclaimed.gone(ref)) reader.refresh(ref);
      },
      end: ({ version, isOlder }) => {
        if (!isOlder) return;
        this.#parts.workloads.rewind(version);
        // A version that was given twice does not tell what is stored now.
        for (const ref of sources.renew(type)) this.#outdate(ref);
        if (this.#started) this.recover();
      },
    };
  }

  /** What follows the watch of a kind of workload. */
  workloadFollower(row: KindRow): Following<WorkloadObject> & { end(list: Listed): void } {
    const { workloads, queue, baselines, lenders, reread, remakes } = this.#parts;
    let begun = 0;
    let listed = false;
    return {
      begin: () => {
        begun = moment();
        listed = true;
      },
      end: ({ version, isOlder }) => {
        listed = false;
        if (isOlder) workloads.rewind(version);
      },
      put: (object) => this.putWorkload(row, object, { begun, listed }),
      remove: (id) => {
        const key = workloadKey({ ...id, kind: row.kind });
        reread(lenders.remove({ ...id, kind: row.kind }));
        this.#reconciler.forget(key);
        const gone = workloads.get(key)?.workload;
        const map = workloads.map(key);
        workloads.remove({ ...id, kind: row.kind });
        if (gone !== undefined) this.#unclaimed.left(gone, map);
        // A Job is gone for a while when it is made anew: it waits on, and its rolls still count.
        if (!remakes.gone(key) && !queue.isRolling(key) && !this.#parts.inFlight.has(key)) this.#end(key);
        baselines.drop(key);
        this.#parts.leftOut.forget(key);
        this.#parts.holds.release(key);
        this.#parts.observer.forget(key);
        this.#parts.pauses.forget(key);
        this.#parts.writes.forget(key);
        this.#parts.recorder.forget(key);
      },
    };
  }

  /**
   * Takes a workload in as a watch, a read or the answer to our own write has shown it. What was known of it when
   * that was asked for, at the moment `begun`, gives way even to a lower version: the API server has gone back.
   */
  putWorkload(
    row: KindRow,
    { metadata, ...rest }: WorkloadObject,
    showing: Omit<Showing, 'lent'> = {},
  ): void {
    const { workloads, queue, settings, lenders, reread, faults, remakes } = this.#parts;
    const { namespace = '', name, uid, resourceVersion } = metadata;
    const id = { kind: row.kind, namespace, name, uid, resourceVersion };
    if (!workloads.isNews(id, showing)) return;
    const key = workloadKey(id);
    reread(lenders.put(row, { metadata, ...rest }));
    const before = workloads.get(key)?.workload;
    // The watch repeats what the answer to our own patch has said already.
    const borrowed = settings.borrowed(key);
    const repeated = before?.uid === uid && before.resourceVersion === metadata.resourceVersion;
    if (repeated && before.borrowed === borrowed) {
      if (this.#started) this.#observe(row, key, { metadata, ...rest });
      return;
    }
    const workload = reduceWorkload(row, { metadata, ...rest }, settings, before);
    // What the first list of a kind shows that is followed late was there before.
    const as: Pick<Showing, 'as'> = settings.kinds.isAwaited(row) ? { as: 'old' } : {};
    const isLent = before?.borrowed !== borrowed;
    const lent = isLent ? lenders.lentAt(key, workloads.newest) : undefined;
    const map = workloads.map(key);
    const same = asksTheSame(before, workload);
    this.#settleAsked(key, same);
    workloads.put(id, workload, { ...showing, ...as, lent });
    // One of this name that was being deleted is gone.
    if (before !== undefined && before.uid !== uid && !remakes.gone(key)) queue.recheck(key);
    faults.contain(key, () => {
      this.#noteWrite(key, workload, before);
      if (this.#started) this.#observe(row, key, { metadata, ...rest });
    });
    if (same) {
      if (this.#started) this.#reconciler.add(key);
      return;
    }
    // What it asks for no more is dropped before anything else is shown, and told of while it is known what was read of it.
    if (this.#started) this.#reconciler.now(key);
    if (before !== undefined) this.#unclaimed.left(before, map);
  }

  /** What a write of a workload says beside what it asks for. */
  #noteWrite(key: string, workload: Workload | undefined, before: Workload | undefined): void {
    const { pauses, writes } = this.#parts;
    if (workload === undefined) pauses.forget(key);
    else {
      writes.shown(workload, before);
      if (this.#started) writes.workload(workload, before);
    }
  }

  /** The marks of a source have changed. */
  #mark(ref: SourceRef): void {
    if (this.#marked.size === 0) this.#reconciler.whenJudged(() => this.#marked.clear());
    this.#marked.set(sourceKey(ref), moment());
  }

  /** Something else is shown of a source: who has not been judged since its marks changed loses its entry by them first. */
  #settleMarks(ref: SourceRef): void {
    const marked = this.#marked.get(sourceKey(ref));
    if (marked === undefined) return;
    this.#marked.delete(sourceKey(ref));
    for (const key of this.#parts.workloads.candidates(ref)) this.#reconciler.settle(key, marked);
  }

  /** What marks take away from a workload is gone before it asks for something else. */
  #settleAsked(key: string, asksTheSame: boolean): void {
    if (!asksTheSame && this.#marked.size > 0) this.#reconciler.settle(key);
  }

  #outdate(ref: SourceRef): void {
    this.#parts.reader.outdate(ref);
    this.#parts.attribution.forget(ref);
  }

  /**
   * A source has been read: notes what changed and by whom, and looks at all that may depend on it. Returns whether
   * its data has changed.
   */
  onRead(ref: SourceRef, state: SourceState, before: SourceState | undefined): boolean {
    const { faults, workloads, attribution } = this.#parts;
    // What cannot be told of a change is no reason to look at nothing: then it counts as one.
    const changed = faults.contain(sourceKey(ref), () => attribution.noteChange(ref, state, before)) ?? true;
    this.#unclaimed.read(ref);
    for (const key of workloads.candidates(ref))
      if (changed) this.#reconciler.add(key, changed);
      else this.#reconciler.read(key, { ref, state, before });
    return changed;
  }

  /** More is known of what pods have mounted of a SecretProviderClass: {@link PodStatusesOptions}. */
  onMounted(...[ref, owner, event]: Parameters<PodStatusesOptions['onChange']>): void {
    if (!this.#started) return;
    if (event !== undefined) this.#parts.onEvent(event, ref);
    // What one pod has mounted concerns its own workload alone.
    if (owner === undefined) this.look(ref);
    else if (this.#parts.workloads.get(owner) !== undefined) this.#reconciler.add(owner, event !== 'delete');
  }

  /** Looks again at all that may depend on a source: it was written, or more is known of its past. */
  look(ref: SourceRef): void {
    for (const key of this.#parts.workloads.candidates(ref)) this.#reconciler.add(key);
  }

  /** A source cannot be read: what depends on it must not wait for it. */
  onUnreadable(ref: SourceRef): void {
    for (const key of this.#parts.workloads.candidates(ref)) this.#reconciler.read(key, { ref });
  }

  #end(key: string): void {
    this.#parts.queue.drop(key);
    this.#parts.rates.forget(key);
  }

  /** A rollout that Restamp began is followed to its end. */
  #observe(row: KindRow, key: string, object: WorkloadObject): void {
    const { observer } = this.#parts;
    if (!observer.follows(key)) return;
    const facts = rolloutFacts(row, object);
    if (facts !== undefined) observer.look(key, facts);
  }
}

function asksTheSame(a: Workload | undefined, b: Workload | undefined): boolean {
  return a?.asks === b?.asks && a?.bare === b?.bare;
}
