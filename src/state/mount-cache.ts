import type { Mount } from '../core/objects/csi-mount.ts';
import { sourceKey } from '../core/api/source.ts';

/** What one pod has mounted of a class, and whose pod it is. */
export type MountPage = {
  mount: Mount;
  /** The workload that it belongs to; null before it is known, undefined for none. */
  owner: string | null | undefined;
};

type Shelf = {
  /** Of each workload, or of none. */
  readonly byOwner: Map<string | undefined, Set<MountPage>>;
  /** Whose pod it is has still to be asked, or was asked and is not known yet. */
  readonly unasked: Set<MountPage>;
  readonly asked: Set<MountPage>;
};

/**
 * What pods have mounted, by class and by the workload that a pod belongs to: thousands of pods may share a class, and a
 * workload must not pay for those of others.
 */
export class MountBook {
  readonly #shelves = new Map<string, Shelf>();

  /** Takes in what belongs to nobody yet. */
  add(page: MountPage): void {
    const place = sourceKey(page.mount.ref);
    const shelf = this.#shelves.get(place) ?? {
      byOwner: new Map<string | undefined, Set<MountPage>>(),
      unasked: new Set<MountPage>(),
      asked: new Set<MountPage>(),
    };
    this.#shelves.set(place, shelf);
    shelf.unasked.add(page);
  }

  delete(page: MountPage): void {
    const place = sourceKey(page.mount.ref);
    const shelf = this.#shelves.get(place);
    if (shelf === undefined) return;
    shelf.unasked.delete(page);
    shelf.asked.delete(page);
    if (page.owner !== null) {
      const there = shelf.byOwner.get(page.owner);
      there?.delete(page);
      if (there?.size === 0) shelf.byOwner.delete(page.owner);
    }
    if (shelf.byOwner.size + shelf.unasked.size + shelf.asked.size === 0) this.#shelves.delete(place);
  }

  /** Whether its owner is still to be found out: it has not gone meanwhile. */
  awaits(page: MountPage): boolean {
    return this.#shelves.get(sourceKey(page.mount.ref))?.asked.has(page) ?? false;
  }

  /** Those whose owner nobody has asked for, each once. */
  takeUnasked(place: string): MountPage[] {
    const shelf = this.#shelves.get(place);
    const pages = [...(shelf?.unasked ?? [])];
    shelf?.unasked.clear();
    for (const page of pages) shelf?.asked.add(page);
    return pages;
  }

  /** Whose pod it is, is known; returns whether that is so of all pods of the class now. */
  settle(page: MountPage, owner: string | undefined): boolean {
    const shelf = this.#shelves.get(sourceKey(page.mount.ref));
    if (shelf?.asked.delete(page) !== true) return false;
    page.owner = owner;
    const there = shelf.byOwner.get(owner);
    if (there === undefined) shelf.byOwner.set(owner, new Set([page]));
    else there.add(page);
    return shelf.unasked.size + shelf.asked.size === 0;
  }

  /** What the pods of those owners have mounted; undefined while it is not known of all pods whose they are. */
  mountsOf(place: string, isOurs: (owner: string) => boolean): Mount[] | undefined {
    const shelf = this.#shelves.get(place);
    if (shelf === undefined) return [];
    if (shelf.unasked.size + shelf.asked.size > 0) return undefined;
    return [...shelf.byOwner].flatMap(([owner, pages]) =>
      owner !== undefined && isOurs(owner) ? [...pages].map(({ mount }) => mount) : [],
    );
  }
}
