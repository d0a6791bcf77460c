import type { Annotations } from '../../../src/core/api/annotations.ts';
import type { PodTemplate } from '../../../src/core/api/pod-template.ts';
import type { WorkloadObject } from '../../../src/core/objects/workload.ts';
import { using } from '../core/core-objects.ts';

// A cluster with one Deployment, told plainly: which pods run, from which template, and with which data.

export const SOURCES = ['cm/a', 'secret/b'] as const;
export type Key = (typeof SOURCES)[number];
export type Opting = 'auto' | 'search';
/** What a source holds; undefined where it does not exist. */
export type Content = string | undefined;

export type StoredSource = {
  readonly uid: string;
  readonly version: string;
  /** Seconds. */
  readonly created: number;
  readonly written: number;
  readonly content: string;
  readonly ignore: boolean;
  readonly match: boolean;
};

/** A pod keeps the data that it was started with. */
export type Pod = { readonly template: string; readonly holds: ReadonlyMap<Key, Content> };

export type Deployment = WorkloadObject & {
  readonly metadata: WorkloadObject['metadata'] & { readonly generation: number };
  readonly spec: { readonly replicas: number; readonly template: PodTemplate };
};

/** A ReplicaSet: its template, and the Deployment's annotations when it was last the newest one. */
type ReplicaSet = { readonly template: PodTemplate; annotations: Annotations };

const REPLICAS = 2;

export class Cluster {
  readonly opting: Opting;
  readonly sources = new Map<Key, StoredSource>();
  deployment: Deployment;
  pods: Pod[] = [];
  /** Oldest first; one that is used again becomes the newest. */
  replicaSets = new Map<string, ReplicaSet>();
  /** Every state of each source, by the version that made it. */
  readonly #states: { key: Key; version: number; stored: StoredSource | undefined }[] = [];
  #version = 1;
  seconds = 0;

  constructor(opting: Opting) {
    this.opting = opting;
    for (const key of SOURCES) this.hold(key, '1');
    this.deployment = this.manifest('v1');
    this.write(this.deployment);
    this.complete();
  }

  /** What Git has: neither levers nor annotations of Restamp. */
  manifest(image: string): Deployment {
    const created = new Date(this.seconds * 1000).toISOString();
    const container = { ...using('app', ...SOURCES), image };
    return {
      metadata: {
        name: 'api',
        namespace: 'prod',
        uid: `u-${this.#version}`,
        resourceVersion: '',
        creationTimestamp: created,
        generation: 1,
        annotations: { [`reloader.stakater.com/${this.opting}`]: 'true' },
      },
      spec: { replicas: REPLICAS, template: { spec: { containers: [container] } } },
    };
  }

  /** Stores the Deployment; its controller makes a ReplicaSet for a new template, and no pods yet. */
  write(object: Deployment): void {
    this.#version += 1;
    const metadata = { ...object.metadata, resourceVersion: String(this.#version) };
    this.deployment = { ...object, metadata };
    const id = this.newest;
    const { template } = object.spec;
    this.replicaSets.delete(id);
    this.replicaSets.set(id, { template, annotations: { ...metadata.annotations } });
  }

  /** The Deployment as the API server shows it. */
  shown(): Deployment {
    const updated = this.pods.filter(({ template }) => template === this.newest).length;
    const status = {
      observedGeneration: this.deployment.metadata.generation,
      replicas: this.pods.length,
      updatedReplicas: updated,
      availableReplicas: this.pods.length,
    };
    return { ...this.deployment, ...{ status } };
  }

  /** Deletes the Deployment with its pods and makes it again as Git has it. */
  recreate(image: string): Deployment {
    this.pods = [];
    this.replicaSets = new Map();
    return this.manifest(image);
  }

  /** Identity of the template of the Deployment; an empty list of env vars equals none. */
  get newest(): string {
    return canonicalJson(this.deployment.spec.template).replaceAll('"env":[],', '');
  }

  /** The rollout goes one pod on: one of an older template goes, or is still to be made. */
  progress(): void {
    if (this.pods.length < REPLICAS) this.pods.push(this.#start(this.newest));
    else this.#replace(this.pods.findIndex(({ template }) => template !== this.newest));
  }

  complete(): void {
    for (let left = REPLICAS; left > 0; left -= 1) this.progress();
  }

  /** A pod dies and comes back under its own ReplicaSet. */
  evict(): void {
    const [pod] = this.pods;
    if (pod !== undefined) this.pods = [...this.pods.slice(1), this.#start(pod.template)];
  }

  #replace(at: number): void {
    if (at >= 0) this.pods.splice(at, 1, this.#start(this.newest));
  }

  #start(template: string): Pod {
    return { template, holds: new Map(SOURCES.map((key) => [key, this.sources.get(key)?.content])) };
  }

  /** Creates, changes or deletes a source; one that is created again is another one. */
  hold(key: Key, content: Content): void {
    const before = this.sources.get(key);
    // The API server stores nothing then.
    if (before?.content === content) return;
    this.#version += 1;
    if (content === undefined) this.#store(key, undefined);
    else
      this.#store(key, {
        ignore: false,
        match: true,
        uid: `u-${this.#version}`,
        created: this.seconds,
        ...before,
        version: String(this.#version),
        written: this.seconds,
        content,
      });
  }

  #store(key: Key, stored: StoredSource | undefined): void {
    this.#states.push({ key, version: this.#version, stored });
    if (stored === undefined) this.sources.delete(key);
    else this.sources.set(key, stored);
  }

  /** A source as it was at a version of the whole cluster. */
  at(key: Key, version: string): StoredSource | undefined {
    return this.#states.findLast((one) => one.key === key && one.version <= Number(version))?.stored;
  }

  /** Turns the mark on a source that decides under this kind of opting in, and changes it in the same write. */
  mark(key: Key, content?: string): void {
    this.#version += 1;
    const source = this.sources.get(key);
    if (source === undefined) return;
    const { ignore, match } = source;
    const turned = this.opting === 'auto' ? { ignore: !ignore } : { match: !match };
    const held = content === undefined ? {} : { content, written: this.seconds };
    this.#store(key, { ...source, ...turned, ...held, version: String(this.#version) });
  }

  /** What the pods run with, and what is stored: whether they differ. */
  isOutdated(pod: Pod, key: Key): boolean {
    return pod.holds.get(key) !== this.sources.get(key)?.content;
  }
}

/** JSON text in which the keys of every object are sorted, so that equal values have equal texts. */
function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, one: unknown) =>
    typeof one === 'object' && one !== null && !Array.isArray(one)
      ? Object.fromEntries(Object.entries(one).sort(([a], [b]) => (a < b ? -1 : 1)))
      : one,
  );
}
