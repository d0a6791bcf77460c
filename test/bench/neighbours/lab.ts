import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setImmediate as turn } from 'node:timers/promises';
import { systemClock } from '../../../src/clock.ts';
import { STAMPS } from '../../../src/core/api/annotations.ts';
import { sourceKey, type SourceType } from '../../../src/core/api/source.ts';
import type { SourceObject } from '../../../src/core/objects/source-metadata.ts';
import { workloadKey, type Workload, type WorkloadObject } from '../../../src/core/objects/workload.ts';
import { RestampError } from '../../../src/errors.ts';
import { Faults } from '../../../src/faults.ts';
import { Contact } from '../../../src/kube/contact.ts';
import { assembleMutator } from '../../../src/controller/controller.ts';
import type { MutatorSettings } from '../../../src/controller/ports.ts';
import { applyPatch, type Patchable } from '../../support/controller/fake-patch.ts';
import {
  deployment,
  deploymentRow,
  kinds,
  NAMESPACE,
  ring,
  source,
  type WorkloadParts,
} from '../../support/controller/builders.ts';
import { noJobs, noRemakes, SETTINGS } from '../../support/controller/world-settings.ts';

/** What one run of a load has cost. */
export type Cost = {
  /** The longest that the loop was kept from anything else, in milliseconds. */
  readonly stall: number;
  /** Seconds. */
  readonly cpu: number;
  readonly wall: number;
};

const SWEEP_MS = 1_500;

/** No answer comes in the turn of its question: what waits for it lets others go on. */
async function answer<T>(of: () => T): Promise<T> {
  await turn();
  return of();
}

/** The rolling side with an API server in memory that answers in the next turn of the loop, and real time. */
export class Lab {
  readonly sources = new Map<string, SourceObject>();
  readonly workloads = new Map<string, WorkloadObject>();
  /** When each workload was rolled, by its key; milliseconds of the monotonic clock. */
  readonly rolls = new Map<string, number>();
  readonly roll: ReturnType<typeof assembleMutator>;
  /** The owner of each pod. */
  readonly owners = new Map<string, string>();
  #version = 1000;

  constructor(settings: Partial<MutatorSettings> = {}) {
    const notFound = (key: string) => new RestampError('RESTAMP_KUBE_NOT_FOUND', key);
    const stored = <T>(from: Map<string, T>, key: string): T => {
      const found = from.get(key);
      if (found === undefined) throw notFound(key);
      return found;
    };
    const ignored = (): undefined => undefined;
    this.roll = assembleMutator(
      ring,
      { ...SETTINGS, baselinesPerSecond: 5_000, recoveryRollsPerSecond: 10, ...settings, kinds },
      {
        clock: systemClock,
        contact: new Contact(systemClock),
        faults: new Faults({
          log: (_fields, message) => process.stderr.write(`${message}\n`),
          count: ignored,
        }),
        readSource: (ref) => answer(() => stored(this.sources, sourceKey(ref))),
        readSourceAt: (ref) => answer(() => this.sources.get(sourceKey(ref))),
        readSourceVersion: (ref) =>
          answer(() => stored(this.sources, sourceKey(ref)).metadata.resourceVersion),
        readPodOwner: ({ name }) => answer(() => ({ workload: this.owners.get(name), created: 0 })),
        readWorkload: ({ row, namespace, name }) =>
          answer(() => stored(this.workloads, workloadKey({ kind: row.kind, namespace, name }))),
        patchWorkload: (workload, patch) => answer(() => this.#patch(workload, patch)),
        jobs: noJobs,
        remakeStore: noRemakes,
        recorder: { audit: ignored, error: ignored, countRoll: ignored, sendEvent: async () => undefined },
        onTrouble: (error) => process.stderr.write(`${error.message}\n`),
        onUnreadable: ignored,
        onDropped: ignored,
        onUnproven: ignored,
        onLeftOut: ignored,
        onInvalidList: ignored,
        onInvalidPause: ignored,
        onUnusableRequest: ignored,
        onReverted: ignored,
        onOutcome: ignored,
        audit: ignored,
        stopped: () => false,
      },
    );
  }

  get nextVersion(): string {
    return String((this.#version += 1));
  }

  #patch(workload: Workload, { body }: { body: Patchable }): WorkloadObject {
    const key = workloadKey(workload);
    const before = this.workloads.get(key);
    if (before === undefined) throw new RestampError('RESTAMP_KUBE_NOT_FOUND', key);
    const after = applyPatch(before, body, this.nextVersion);
    this.workloads.set(key, after);
    if (body.spec !== undefined) this.rolls.set(key, performance.now());
    return after;
  }

  /** Stores a source, and lets the watch tell of it. */
  put(type: SourceType, name: string, value: string, namespace = NAMESPACE): void {
    const uid = `uid-${namespace}-${name}`;
    const object = source(name, { value }, { namespace, uid, version: this.nextVersion });
    this.sources.set(`${namespace}/${type}/${name}`, object);
    this.tell(type, object);
  }

  tell(type: SourceType, { metadata }: SourceObject): void {
    this.roll.mutator.sourceFollower(type).put({ metadata });
  }

  /** Stores a Deployment, and lets the watch tell of it. */
  deploy(name: string, parts: WorkloadParts, namespace = NAMESPACE, stamps?: string): void {
    const made = deployment(name, { ...parts, uid: `uid-${namespace}-${name}`, version: this.nextVersion });
    const map = stamps === undefined ? {} : { [STAMPS]: stamps };
    const annotations = { ...made.metadata.annotations, ...map };
    const object = { ...made, metadata: { ...made.metadata, namespace, annotations } };
    this.workloads.set(workloadKey({ kind: 'Deployment', namespace, name }), object);
    this.roll.mutator.workloadFollower(deploymentRow).put(object);
  }

  /** The driver writes what a pod has mounted. */
  mount(pod: string, name: string, version: string): void {
    const now = new Date().toISOString();
    this.roll.statuses.put({
      metadata: {
        name: `${pod}-${name}`,
        namespace: NAMESPACE,
        uid: `uid-${pod}`,
        resourceVersion: this.nextVersion,
        creationTimestamp: '2026-01-01T00:00:00Z',
        managedFields: [{ time: now, fieldsV1: { 'f:status': { 'f:objects': {} } } }],
      },
      status: { podName: pod, secretProviderClassName: name, objects: [{ id: 'db', version }] },
    });
  }

  /** A namespace with three workloads and ten ConfigMaps comes, sees a change, and goes, every other one sources first. */
  async comeAndGo(namespace: string): Promise<void> {
    const names = Array.from({ length: 10 }, (_none, at) => `config-${at}`);
    for (const name of names) this.put('cm', name, '1', namespace);
    const apps = ['a', 'b', 'c'];
    for (const app of apps) this.deploy(app, { uses: names.map((name) => `cm/${name}`) }, namespace);
    await turn();
    for (const name of names) this.put('cm', name, '2', namespace);
    await turn();
    const dropSources = (): void => {
      for (const name of names) {
        this.sources.delete(`${namespace}/cm/${name}`);
        this.roll.mutator.sourceFollower('cm').remove({ namespace, name });
      }
    };
    const isFirst = Number(namespace.split('-').at(-1)) % 2 === 0;
    if (isFirst) dropSources();
    await turn();
    for (const name of apps) {
      const key = workloadKey({ kind: 'Deployment', namespace, name });
      this.workloads.delete(key);
      this.rolls.delete(key);
      this.roll.mutator.workloadFollower(deploymentRow).remove({ namespace, name });
    }
    await turn();
    if (!isFirst) dropSources();
  }

  /** Ends when nothing is to be judged, read or written any more. */
  async quiet(): Promise<void> {
    const { reader, baselines } = this.roll;
    for (let still = 0; still < 20; still += 1) {
      if (reader.waiting + baselines.size > 0) still = 0;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  /** Every list is told again, unchanged, and everything is looked at once more. */
  async sweep(): Promise<void> {
    const follower = this.roll.mutator.sourceFollower('cm');
    for (const type of ['sources', 'workloads'] as const) {
      let count = 0;
      for (const object of this[type].values()) {
        if (type === 'sources') follower.put({ metadata: object.metadata });
        else this.roll.mutator.workloadFollower(deploymentRow).put(object);
        count += 1;
        // As a list comes: page by page.
        if (count % 500 === 0) await turn();
      }
      this.roll.mutator.recoverSoon();
    }
    await new Promise((resolve) => setTimeout(resolve, SWEEP_MS));
    await this.quiet();
  }
}

/** What it costs while `run` goes on. */
export async function costOf(run: () => Promise<unknown>): Promise<Cost> {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const before = process.cpuUsage();
  const started = performance.now();
  await run();
  const wall = (performance.now() - started) / 1000;
  const { user, system } = process.cpuUsage(before);
  delay.disable();
  return { stall: delay.max / 1e6, cpu: (user + system) / 1e6, wall };
}
