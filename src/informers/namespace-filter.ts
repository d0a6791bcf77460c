import type { Selector } from '../core/api/label-selector.ts';
import type { KindRow } from '../core/api/kind.ts';
import type { SourceType } from '../core/api/source.ts';
import type { SourceObject } from '../core/objects/source-metadata.ts';
import { workloadKey, type WorkloadObject } from '../core/objects/workload.ts';
import type { Listed } from '../kube/watch/known-objects.ts';
import type { assembleMutator } from '../controller/controller.ts';
import type { WorkloadState } from '../state/cached-workload.ts';

type Follower<T> = {
  begin?(): void;
  end?(list: Listed): void;
  put(object: T): void;
  remove(id: { readonly namespace: string; readonly name: string }): void;
};

export type NamespaceScopeOptions = {
  /** Which namespaces are followed, by their labels; everything where it is empty. */
  readonly selector: Selector;
  readonly roll: Pick<
    ReturnType<typeof assembleMutator>,
    'mutator' | 'workloads' | 'sources' | 'reader' | 'queue' | 'baselines' | 'holds'
  >;
  /** Who follows the sources beside the mutator. */
  readonly also?: ((type: SourceType) => Follower<SourceObject> | undefined) | undefined;
  /** Tells that a namespace came into the scope, or left it. */
  readonly onChange: (namespace: string, is: 'in' | 'out') => void;
};

/** Reads the lists of sources or of workloads again; ends when they have been handed over, or cannot be for long. */
export type Relist = (what: 'sources' | 'workloads') => Promise<unknown>;

/**
 * The namespaces that --namespace-selector selects, as a watch of Namespaces shows them. What is outside is not
 * kept. A namespace that comes in is like one that was there while Restamp was down: its sources are listed first,
 * then its workloads are judged by the maps that they bear.
 */
export class NamespaceScope {
  readonly #options: NamespaceScopeOptions;
  readonly #sources = new Set<string>();
  readonly #workloads = new Set<string>();
  readonly #entering = new Set<string>();
  #relist: Relist | undefined;
  #admitting = false;

  constructor(options: NamespaceScopeOptions) {
    this.#options = options;
  }

  get selector(): Selector {
    return this.#options.selector;
  }

  /** Whether what is of a namespace is followed, as far as its labels say. */
  has(namespace: string): boolean {
    return this.selector.length === 0 || this.#workloads.has(namespace);
  }

  /** The other watches begin now; from here on, what comes in must be listed again. */
  start(relist: Relist): void {
    this.#relist = relist;
  }

  put(name: string): void {
    if (this.selector.length === 0 || this.#sources.has(name) || this.#entering.has(name)) return;
    this.#options.onChange(name, 'in');
    if (this.#relist === undefined) {
      this.#sources.add(name);
      this.#workloads.add(name);
    } else {
      this.#entering.add(name);
      void this.#admit(this.#relist);
    }
  }

  remove(name: string): void {
    const was = [this.#entering, this.#sources, this.#workloads].map((set) => set.delete(name));
    if (!was.includes(true)) return;
    this.#options.onChange(name, 'out');
    const { workloads, sources, reader } = this.#options.roll;
    for (const key of [...workloads.keys()]) {
      const workload = workloads.get(key)?.workload;
      if (workload?.namespace === name) this.#forget(workload);
    }
    for (const source of [...sources.in(name).values()]) {
      sources.remove(source);
      reader.forget(source);
    }
  }

  sourceFollower(type: SourceType): Follower<SourceObject> {
    const also = this.#options.also?.(type);
    const followers = [
      this.#options.roll.mutator.sourceFollower(type),
      ...(also === undefined ? [] : [also]),
    ];
    return this.within({
      begin: () => {
        for (const follower of followers) follower.begin?.();
      },
      put: (object) => {
        for (const follower of followers) follower.put(object);
      },
      remove: (id) => {
        for (const follower of followers) follower.remove(id);
      },
      end: (list) => {
        for (const follower of followers) follower.end?.(list);
      },
    });
  }

  /** Shows somebody only what is of a selected namespace. */
  within<T extends { readonly metadata: { readonly namespace?: string } }>(
    follower: Follower<T>,
  ): Follower<T> {
    return {
      begin: () => follower.begin?.(),
      put: (object) => {
        if (this.#isIn(this.#sources, object)) follower.put(object);
      },
      remove: (id) => follower.remove(id),
      end: (list) => follower.end?.(list),
    };
  }

  workloadFollower(row: KindRow): Follower<WorkloadObject> {
    const follower = this.#options.roll.mutator.workloadFollower(row);
    return {
      begin: () => follower.begin(),
      end: (list) => follower.end(list),
      put: (object) => {
        const { namespace = '', name, uid, resourceVersion } = object.metadata;
        if (this.#isIn(this.#workloads, object)) follower.put(object);
        else this.#forget({ kind: row.kind, namespace, name, uid, resourceVersion });
      },
      remove: (id) => follower.remove(id),
    };
  }

  #isIn(set: ReadonlySet<string>, { metadata }: { metadata: { namespace?: string } }): boolean {
    return this.selector.length === 0 || set.has(metadata.namespace ?? '');
  }

  /** Keeps of a workload that it exists, so that it is not taken for a new one when it comes in. */
  #forget(state: WorkloadState): void {
    const { workloads, queue, baselines, holds } = this.#options.roll;
    const key = workloadKey(state);
    workloads.put(state, undefined, { as: 'old' });
    holds.release(key);
    queue.drop(key);
    baselines.drop(key);
  }

  /** Sources first: a workload whose sources are not known yet would be stamped as if they did not exist. */
  async #admit(relist: Relist): Promise<void> {
    if (this.#admitting) return;
    this.#admitting = true;
    while (this.#entering.size > 0) {
      const names = [...this.#entering];
      this.#entering.clear();
      for (const name of names) this.#sources.add(name);
      await relist('sources');
      for (const name of names) if (this.#sources.has(name)) this.#workloads.add(name);
      // Nothing waits for these: each is judged as it comes.
      void relist('workloads');
    }
    this.#admitting = false;
  }
}
