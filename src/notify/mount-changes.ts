import { reduceMount, sameMount, type Mount, type PodStatusObject } from '../core/objects/csi-mount.ts';
import { sourceKey } from '../core/api/source.ts';
import type { SourceChange } from './source-changes.ts';

/**
 * Finds the changes of SecretProviderClasses in what the CSI driver tells of each pod, whether a workload mounts
 * them or not: only what a status says anew counts, as in Reloader (reloader.md 5). A pod that starts mounts what is
 * current. The pods of a class rotate one after the other, which is one change: the first of them is told of.
 */
export class MountChanges {
  readonly #onChange: (change: SourceChange) => void;
  /** By status; undefined where its pod has mounted nothing yet. */
  readonly #mounts = new Map<string, Mount | undefined>();
  /** What was told of last, by class. */
  readonly #told = new Map<string, Mount>();

  constructor(onChange: (change: SourceChange) => void) {
    this.#onChange = onChange;
  }

  put(object: PodStatusObject): void {
    const { namespace = '', name } = object.metadata;
    const key = `${namespace}/${name}`;
    const mount = reduceMount(object);
    const isNew = !this.#mounts.has(key);
    const before = this.#mounts.get(key);
    this.#mounts.set(key, mount);
    if (mount === undefined || (before !== undefined && sameMount(before, mount))) return;
    const place = sourceKey(mount.ref);
    const told = this.#told.get(place);
    if (told !== undefined && sameMount(told, mount)) return;
    // What has been told of is over: if a pod returns to it, that is another change.
    this.#told.delete(place);
    if (isNew) return;
    this.#told.set(place, mount);
    this.#onChange({ ...mount.ref, version: mount.version });
  }

  remove({ namespace, name }: { readonly namespace: string; readonly name: string }): void {
    this.#mounts.delete(`${namespace}/${name}`);
  }
}
