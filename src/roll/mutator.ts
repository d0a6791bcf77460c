import type { Clock } from '../clock.ts';
import { shortKeys, type RollEntry, type RollSource } from '../core/history.ts';
import type { KindRow } from '../core/kind.ts';
import type { Plan, Stale } from '../core/plan.ts';
import type { SourceRef, SourceType } from '../core/source.ts';
import { reduceSource, type SourceObject } from '../core/source-meta.ts';
import {
  reduceWorkload,
  workloadKey,
  type Workload,
  type WorkloadObject,
  type WorkloadSettings,
} from '../core/workload.ts';
import type { Baselines } from './baselines.ts';
import type { Changes } from './changes.ts';
import type { Judge } from './judge.ts';
import type { RollQueue } from './queue.ts';
import type { Sightings } from './sightings.ts';
import type { SourceBook } from './source-book.ts';
import type { SourceReader, SourceState } from './source-reader.ts';
import type { WorkloadBook } from './workload-book.ts';

export type MutatorParts = {
  readonly workloads: WorkloadBook;
  readonly sources: SourceBook;
  readonly reader: SourceReader;
  readonly judge: Judge;
  readonly queue: RollQueue;
  readonly baselines: Baselines;
  readonly sightings: Sightings;
  readonly changes: Changes;
  readonly clock: Clock;
  readonly settings: WorkloadSettings;
  readonly keyId: string;
  /** Nobody can tell whether these sources changed before the first baseline of this workload. */
  readonly onUnproven: (workload: Workload, stampKeys: readonly string[]) => void;
};

/**
 * Turns what happens into looking again: events, reads and the start only name a source or a workload; whether
 * something rolls is decided from the state of both, however often it is asked (DESIGN 2).
 */
export class Mutator {
  readonly #parts: MutatorParts;
  #started = false;

  constructor(parts: MutatorParts) {
    this.#parts = parts;
  }

  /** The watches have shown everything: judges all workloads, and from now on each change. */
  start(): void {
    this.#started = true;
    this.#parts.workloads.start();
    for (const key of [...this.#parts.workloads.keys()]) this.#lookAgain(key, false);
  }

  /** What follows the watch of a kind of source: metadata alone. */
  sourceFollower(type: SourceType): {
    put(object: SourceObject): void;
    remove(id: { namespace: string; name: string }): void;
  } {
    const { sources, reader, settings } = this.#parts;
    return {
      put: (object) => {
        const meta = reduceSource(type, object, settings.keys);
        sources.put(meta);
        if (!this.#started) return;
        // At once, so that a mark drops an entry before the next change is read.
        for (const key of this.#parts.workloads.candidates(meta)) this.#lookAgain(key, false);
      },
      remove: (id) => {
        const ref = { ...id, type };
        sources.remove(ref);
        // A filtered watch also says this of what is only filtered out: the read tells.
        if (this.#started && this.#parts.workloads.candidates(ref).size > 0) reader.refresh(ref);
        else reader.forget(ref);
      },
    };
  }

  /** What follows the watch of a kind of workload; also takes the answers to our own writes. */
  workloadFollower(row: KindRow): {
    put(object: WorkloadObject): void;
    remove(id: { namespace: string; name: string }): void;
  } {
    const { workloads, queue, baselines, settings } = this.#parts;
    return {
      put: ({ metadata, ...rest }) => {
        const workload = reduceWorkload(row, { metadata, ...rest }, settings);
        const { namespace = '', name, uid } = metadata;
        const id = { kind: row.kind, namespace, name, uid };
        if (workloads.put(id, workload) && this.#started) this.#lookAgain(workloadKey(id), false);
      },
      remove: (id) => {
        const key = workloadKey({ ...id, kind: row.kind });
        workloads.remove({ ...id, kind: row.kind });
        queue.drop(key);
        baselines.drop(key);
      },
    };
  }

  /** A source has been read: notes what changed and by whom, and looks at all that may depend on it. */
  onRead(ref: SourceRef, state: SourceState, before: SourceState | undefined): void {
    const changed = this.#noteChange(ref, state, before);
    for (const key of this.#parts.workloads.candidates(ref)) this.#lookAgain(key, changed);
  }

  /** Why a workload is stale, as its history will say. */
  explain(workload: Workload, plan: Plan): RollEntry {
    const sources = plan.stale.map((stale) => this.#explainSource(workload, stale));
    return { rolled: new Date(this.#parts.clock.now()).toISOString(), sources };
  }

  #explainSource(workload: Workload, { key, dependency, cause }: Stale): RollSource {
    const { workloads, changes, sources, clock } = this.#parts;
    const ref = { type: dependency.type, name: dependency.name, namespace: workload.namespace };
    const stamp = workloads.map(workloadKey(workload))?.s.get(key);
    const since = changes.since(ref, stamp?.rv);
    const sightings = since.flatMap(({ sighting }) => (sighting === undefined ? [] : [sighting]));
    const at = since.at(-1)?.at ?? sources.get(ref)?.dataTime ?? clock.now();
    const manager = sightings.at(-1)?.manager;
    return {
      source: key,
      cause,
      ...(sightings.length === 0
        ? {}
        : {
            ...shortKeys([...new Set(sightings.flatMap((one) => one.keys))].sort()),
            by: [...new Set(sightings.map((one) => one.user))].join(', '),
            ...(manager === undefined ? {} : { manager }),
          }),
      changed: new Date(at).toISOString(),
    };
  }

  /** True if the data differs from what was read before. */
  #noteChange(ref: SourceRef, state: SourceState, before: SourceState | undefined): boolean {
    const { sightings, changes, clock, keyId } = this.#parts;
    if (state.state === 'missing') {
      const sighting = sightings.confirmDelete(ref);
      if (before?.state !== 'present') return false;
      changes.note(ref, { version: before.resourceVersion, deleted: true, at: clock.now(), sighting });
      return true;
    }
    const { uid, resourceVersion } = state;
    const digest = state.digest(keyId, undefined);
    const sighting = sightings.confirm(ref, { uid, digest, resourceVersion });
    const known = before?.state === 'present' ? before.digest(keyId, undefined) : undefined;
    // The first read of all is a change only if somebody was seen to make one.
    if (before === undefined ? sighting === undefined : known === digest) return false;
    changes.note(ref, {
      version: resourceVersion,
      deleted: false,
      at: sighting?.at ?? clock.now(),
      sighting,
    });
    return true;
  }

  #lookAgain(key: string, changed: boolean): void {
    const { judge, reader, queue, baselines, onUnproven } = this.#parts;
    const verdict = judge.judge(key);
    if (verdict === undefined) {
      queue.drop(key);
      baselines.drop(key);
    } else if (verdict.is === 'waiting') {
      for (const { ref, need } of verdict.unread) reader.refresh(ref, need);
    } else if (verdict.is === 'stale') {
      if (changed) queue.add(key);
      else queue.ensure(key);
    } else {
      queue.drop(key);
      if (verdict.write) baselines.add(key);
      if (verdict.plan.unproven.length > 0) onUnproven(verdict.page.workload, verdict.plan.unproven);
    }
  }
}
