import type { Clock } from '../clock.ts';
import { RELOADER_KEYS } from '../core/annotations.ts';
import { kindRow } from '../core/kind.ts';
import type { Workload, WorkloadObject } from '../core/workload.ts';
import type { RestampError } from '../errors.ts';
import { Baselines } from './baselines.ts';
import { Changes } from './changes.ts';
import { Judge, type JudgeSettings } from './judge.ts';
import { Mutator } from './mutator.ts';
import { RollQueue } from './queue.ts';
import { Recorder, type RecorderOptions } from './recorder.ts';
import { Roller, type PatchWorkload } from './roller.ts';
import { Sightings } from './sightings.ts';
import { SourceBook } from './source-book.ts';
import { SourceReader, type KeyRing, type ReadSource } from './source-reader.ts';
import { WorkloadBook } from './workload-book.ts';

/** What the rolling side needs of the world. */
export type MutatorPorts = {
  readonly clock: Clock;
  readonly readSource: ReadSource;
  readonly readWorkload: (id: { kind: string; namespace: string; name: string }) => Promise<WorkloadObject>;
  readonly patchWorkload: PatchWorkload;
  readonly recorder: RecorderOptions;
  readonly onTrouble: (error: RestampError) => void;
  readonly onUnreadable: (workload: string, why: string) => void;
  readonly onDropped: (workload: Workload, stampKey: string) => void;
  readonly onUnproven: (workload: Workload, stampKeys: readonly string[]) => void;
};

export type MutatorSettings = JudgeSettings & {
  readonly quietMs: number;
  readonly longestDelayMs: number;
  readonly rollParallelism: number;
  readonly baselinesPerSecond: number;
};

/** Puts the parts of the rolling side together; returns those that others speak to. */
export function assembleMutator(ring: KeyRing, settings: MutatorSettings, ports: MutatorPorts) {
  const { clock, onTrouble } = ports;
  const keys = RELOADER_KEYS;
  const workloads = new WorkloadBook(new Set(ring.keys.keys()), ports.onUnreadable);
  const sources = new SourceBook();
  const sightings = new Sightings(clock);
  const recorder = new Recorder(ports.recorder);
  const reader = new SourceReader({
    read: ports.readSource,
    ring,
    keys,
    clock,
    onTrouble,
    onRead: (ref, state, before) => mutator.onRead(ref, state, before),
  });
  const judge = new Judge({
    workloads,
    sources,
    reader,
    keyId: ring.current,
    settings,
    onDropped: ports.onDropped,
  });
  const store = (kind: string, object: WorkloadObject): void => {
    const row = kindRow(kind);
    if (row !== undefined) mutator.workloadFollower(row).put(object);
  };
  const roller = new Roller({
    judge,
    reader,
    patch: ports.patchWorkload,
    onStored: (workload, object) => store(workload.kind, object),
    reread: async (workload) => store(workload.kind, await ports.readWorkload(workload)),
    explain: (workload, plan) => mutator.explain(workload, plan),
    onRolled: (workload, entry) => recorder.rolled(workload, entry),
    onFailed: (workload, error) => recorder.failed(workload, error),
    failures: (key) => queue.failures(key),
  });
  const queue: RollQueue = new RollQueue({
    clock,
    quietMs: settings.quietMs,
    longestMs: settings.longestDelayMs,
    parallel: settings.rollParallelism,
    roll: (key) => {
      recorder.setBusy(true);
      return roller.roll(key);
    },
    onIdle: () => recorder.setBusy(false),
  });
  const baselines = new Baselines({
    judge,
    clock,
    patch: ports.patchWorkload,
    onStored: (workload, object) => store(workload.kind, object),
    onTrouble,
    perSecond: settings.baselinesPerSecond,
  });
  const mutator: Mutator = new Mutator({
    workloads,
    sources,
    reader,
    judge,
    queue,
    baselines,
    sightings,
    changes: new Changes(),
    clock,
    settings: { keys, autoReloadAll: settings.autoReloadAll },
    keyId: ring.current,
    onUnproven: ports.onUnproven,
  });
  const stop = (): void => {
    queue.stop();
    baselines.stop();
    reader.stop();
  };
  return { mutator, judge, workloads, sources, sightings, queue, baselines, stop };
}
