import type { KindRow } from '../core/kind.ts';
import { sourceKey, stampKey, type SourceRef, type SourceType } from '../core/source.ts';
import { reduceSource, type SourceObject } from '../core/source-meta.ts';
import { reduceWorkload, workloadKey, type WorkloadObject } from '../core/workload.ts';
import { rolloutFacts } from '../core/rollout.ts';
import type { Listed } from '../kube/roster.ts';
import { moment } from './moment.ts';
import { hasGoneBack } from './order.ts';
import type { PodStatusesOptions } from './pod-statuses.ts';
import type { SourceState } from './source-reader.ts';
import type { MutatorParts } from './mutator-parts.ts';
import { Unread, type Read } from './unread.ts';

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
  readonly #unread = new Unread();
  #started = false;

  constructor(parts: MutatorParts) {
    this.#parts = parts;
  }

  /** The watches have shown everything: judges all workloads, and from now on each change. */
  start(): void {
    this.#started = true;
    this.#parts.workloads.start();
    this.recover();
  }

  /** Judges all workloads anew; what is stale is rolled, slowly. */
  recover(): void {
    const { workloads, queue, judge, recoveryPerSecond, faults } = this.#parts;
    let stale = 0;
    for (const key of [...workloads.keys()]) {
      const found = faults.contain(key, () => judge.judge(key));
      if (found?.is === 'stale') {
        queue.recover(key, (stale * 1000) / recoveryPerSecond);
        stale += 1;
      } else this.#lookAgain(key, false);
    }
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
        const before = sources.put(meta, this.#started);
        this.#parts.workloads.saw(meta.resourceVersion);
        if (hasGoneBack(meta, { before, read: reader.state(meta), begun })) this.#outdate(meta);
        if (!this.#started) return;
        faults.contain(sourceKey(meta), () => {
          if (before?.resourceVersion !== meta.resourceVersion && type !== 'spc')
            onEvent(before ? 'update' : 'add', meta);
          this.#parts.writes.source(meta, before);
        });
        // At once, so that a mark drops an entry before the next change is read.
        this.look(meta);
      },
      remove: (id) => {
        const ref = { ...id, type };
        sources.remove(ref);
        // What its pods have mounted stays, and the dependency with it.
        if (type === 'spc') return;
        if (this.#started) onEvent('delete', ref);
        // A filtered watch also says this of what is only filtered out: the read tells.
        if (this.#started && this.#parts.workloads.candidates(ref).size > 0) reader.refresh(ref);
        else reader.forget(ref);
      },
      end: ({ version, isOlder }) => {
        if (!isOlder) return;
        this.#parts.workloads.rewind(version);
        // A version that was given twice does not tell what is stored now.
        for (const ref of sources.renew(type)) this.#outdate(ref);
      },
    };
  }

  /** What follows the watch of a kind of workload. */
  workloadFollower(row: KindRow): Following<WorkloadObject> {
    const { workloads, queue, baselines, lenders, reread, remakes } = this.#parts;
    let begun = 0;
    return {
      begin: () => {
        begun = moment();
      },
      put: (object) => this.putWorkload(row, object, begun),
      remove: (id) => {
        const key = workloadKey({ ...id, kind: row.kind });
        reread(lenders.remove({ ...id, kind: row.kind }));
        this.#unread.set(key, []);
        workloads.remove({ ...id, kind: row.kind });
        // A Job is gone for a while when it is made anew: it waits on, and its rolls still count.
        if (!remakes.gone(key) && !queue.isRolling(key) && !this.#parts.inFlight.has(key)) this.#end(key);
        baselines.drop(key);
        this.#parts.leftOut.forget(key);
        this.#parts.holds.release(key);
        this.#parts.observer.forget(key);
        this.#parts.pauses.forget(key);
        this.#parts.writes.forget(key);
      },
    };
  }

  /**
   * Takes a workload in as a watch, a read or the answer to our own write has shown it. What was known of it when
   * that was asked for, at the moment `begun`, gives way even to a lower version: the API server has gone back.
   */
  putWorkload(row: KindRow, { metadata, ...rest }: WorkloadObject, begun = 0): void {
    const { workloads, queue, settings, lenders, reread, faults, remakes } = this.#parts;
    const { namespace = '', name, uid } = metadata;
    const id = { kind: row.kind, namespace, name, uid };
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
    const workload = reduceWorkload(row, { metadata, ...rest }, settings);
    // What the first list of a kind shows that is followed late was there before.
    const as = settings.kinds.isAwaited(row) ? 'old' : 'shown';
    const isLent = before?.borrowed !== borrowed;
    const lent = isLent ? lenders.lentAt(key, workloads.newest) : undefined;
    if (!workloads.put(id, workload, { as, lent, begun })) return;
    // One of this name that was being deleted is gone.
    if (before !== undefined && before.uid !== uid && !remakes.gone(key)) queue.recheck(key);
    faults.contain(key, () => {
      if (workload === undefined) this.#parts.pauses.forget(key);
      else this.#parts.writes.shown(workload, before);
      if (!this.#started) return;
      if (workload !== undefined) this.#parts.writes.workload(workload, before);
      this.#observe(row, key, { metadata, ...rest });
    });
    if (this.#started) this.#lookAgain(key, false);
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
    for (const key of workloads.candidates(ref))
      if (changed || !this.#decidesNothing(key, { ref, state, before })) this.#lookAgain(key, changed);
    return changed;
  }

  /** More is known of what pods have mounted of a SecretProviderClass: {@link PodStatusesOptions}. */
  onMounted(...[ref, owner, event]: Parameters<PodStatusesOptions['onChange']>): void {
    if (!this.#started) return;
    if (event !== undefined) this.#parts.onEvent(event, ref);
    for (const key of this.#parts.workloads.candidates(ref)) this.#lookAgain(key, key === owner);
  }

  /** Looks again at all that may depend on a source: it was written, or more is known of its past. */
  look(ref: SourceRef): void {
    for (const key of this.#parts.workloads.candidates(ref)) this.#lookAgain(key, false);
  }

  /** A source cannot be read: what depends on it must not wait for it. */
  onUnreadable(ref: SourceRef): void {
    for (const key of this.#parts.workloads.candidates(ref))
      if (!this.#decidesNothing(key, { ref })) this.#lookAgain(key, false);
  }

  #decidesNothing(key: string, read: Read): boolean {
    const stamp = this.#parts.workloads.map(key)?.s.get(stampKey(read.ref));
    return this.#unread.decidesNothing(key, read, stamp);
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

  /** An exception while one workload is judged holds that one: the queue tries it again, ever more slowly. */
  #lookAgain(key: string, changed: boolean): void {
    const { faults, queue } = this.#parts;
    try {
      this.#judgeAgain(key, changed);
    } catch (error) {
      faults.caught(key, error);
      queue.ensure(key);
    }
  }

  #judgeAgain(key: string, changed: boolean): void {
    const { judge, reader, queue, baselines, holds, gates, workloads, onUnproven } = this.#parts;
    const page = workloads.get(key);
    if (page !== undefined) this.#parts.writes.judged(page.workload);
    const verdict = judge.judge(key);
    this.#unread.set(key, verdict?.is === 'waiting' ? verdict.unread.map(({ ref }) => ref) : []);
    if (verdict === undefined) {
      this.#settled(key);
      baselines.drop(key);
    } else if (verdict.is === 'waiting') {
      for (const { ref, need } of verdict.unread) reader.refresh(ref, need);
      // The wait for a source that never rests is a wait in the queue, which ends.
      if (verdict.late !== undefined)
        if (changed) queue.add(key);
        else queue.ensure(key);
    } else if (verdict.is === 'stale') {
      if (changed) queue.add(key);
      else queue.ensure(key);
    } else {
      this.#settled(key);
      holds.release(key);
      const { workload } = verdict.page;
      const request = gates.request(workload, verdict.plan);
      // Nothing was stale when it was asked for: answered, so that it opens no gate for a later change.
      if (request !== undefined && verdict.plan.baseline.s.size > 0) {
        const { baseline } = verdict.plan;
        workloads.remember(key, workload.uid, { ...baseline, req: request.at });
      }
      if (verdict.write || request !== undefined || workload.held !== undefined) baselines.add(key);
      if (verdict.plan.unproven.length > 0) onUnproven(verdict.page.workload, verdict.plan.unproven);
    }
  }

  /** Nothing is to be rolled any more; but for a roll whose answer is lost somebody must still ask what became of it. */
  #settled(key: string): void {
    const { queue, inFlight } = this.#parts;
    if (!inFlight.has(key)) queue.drop(key);
  }
}
