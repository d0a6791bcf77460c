import type { Clock } from '../clock.ts';
import { changeTime, shortKeys, type RollEntry } from '../core/stamps/history.ts';
import type { Plan, Stale } from '../core/stamps/plan.ts';
import type { RollSource } from '../core/objects/roll-source.ts';
import type { SourceRef } from '../core/api/source.ts';
import { workloadKey, type Workload } from '../core/objects/workload.ts';
import type { Changes } from './change-log.ts';
import { heldSources } from '../controller/gates/holds.ts';
import type { Judge } from '../controller/evaluator.ts';
import type { Seals } from '../controller/gates/hold-seals.ts';
import type { Sightings } from './sightings.ts';
import type { SourceBook } from '../state/source-cache.ts';
import type { SourceState } from '../state/source-reader.ts';
import type { WorkloadBook } from '../state/workload-cache.ts';

export type AttributionOptions = {
  readonly workloads: Pick<WorkloadBook, 'map'>;
  readonly sources: Pick<SourceBook, 'get'>;
  readonly judge: Pick<Judge, 'mounted'>;
  readonly sightings: Sightings;
  readonly changes: Changes;
  readonly seals: Pick<Seals, 'prove'>;
  readonly clock: Clock;
  /** The key under which sightings are digested. */
  readonly keyId: string;
};

/** Brings stored changes and what admission saw of them together: who changed which keys of a source, and when. */
export class Attribution {
  readonly #options: AttributionOptions;

  constructor(options: AttributionOptions) {
    this.#options = options;
  }

  /** Why a workload is stale, as its history will say. */
  explain(workload: Workload, plan: Plan): RollEntry {
    const sources = plan.stale.map((stale) => this.#explainSource(workload, stale));
    return { rolled: new Date(this.#options.clock.now()).toISOString(), sources };
  }

  #explainSource(workload: Workload, { key, dependency, cause }: Stale): RollSource {
    const { workloads, changes, sources, clock, judge, seals } = this.#options;
    const ref = { type: dependency.type, name: dependency.name, namespace: workload.namespace };
    const stamp = workloads.map(workloadKey(workload))?.s.get(key);
    const since = changes.since(ref, stamp);
    const sightings = since.flatMap(({ sighting }) => (sighting === undefined ? [] : [sighting]));
    const stored = ref.type === 'spc' ? judge.mounted(workload, ref.name) : sources.get(ref);
    const at = since.at(-1)?.at ?? changeTime(stored, workload.lastRoll) ?? clock.now();
    const manager = sightings.at(-1)?.manager;
    // Before a restart of ours somebody may have seen the write: the hold has kept it.
    const held = sightings.length === 0 ? heldSources(workload.held) : [];
    const kept = held.find(({ told, seal }) => told.source === key && seals.prove(workload, told, seal));
    if (kept !== undefined) return kept.told;
    return {
      source: key,
      cause,
      ...(sightings.length === 0
        ? {}
        : {
            ...shortKeys(
              [...new Set(sightings.flatMap((one) => one.keys))].sort(),
              sightings.reduce((all, { more = 0 }) => all + more, 0),
            ),
            by: [...new Set(sightings.map((one) => one.user))].join(', '),
            ...(manager === undefined ? {} : { manager }),
          }),
      // Other clocks may be ahead, and managedFields bear whatever time a writer gives them.
      changed: new Date(Math.min(at, clock.now())).toISOString(),
    };
  }

  /** Notes what a read has found, and by whom it was written; true if the data differs from what was read before. */
  noteChange(ref: SourceRef, state: SourceState, before: SourceState | undefined): boolean {
    const { sightings, changes, clock, keyId } = this.#options;
    if (state.state === 'missing') {
      if (state.filtered === true) return false;
      const sighting = sightings.confirmDelete(ref, before?.state === 'present' ? before.uid : undefined);
      if (before?.state !== 'present') return false;
      const { uid, resourceVersion: version } = before;
      changes.note(ref, { uid, version, deleted: true, at: clock.now(), sighting });
      return true;
    }
    const { uid, resourceVersion } = state;
    const digest = state.digest(keyId, undefined);
    const sighting = sightings.confirm(ref, { uid, digest, resourceVersion });
    const known = before?.state === 'present' ? before.digest(keyId, undefined) : undefined;
    // The first read of all is a change only if somebody was seen to make one.
    if (before === undefined ? sighting === undefined : known === digest) return false;
    changes.note(ref, {
      uid,
      version: resourceVersion,
      deleted: false,
      at: sighting?.at ?? clock.now(),
      sighting,
    });
    return true;
  }

  /** The changes of a source that were noted have not happened: the API server has gone back to an older state. */
  forget(source: SourceRef): void {
    this.#options.changes.forget(source);
  }
}
