import { keepInMemory, takeStored, type KnownMap } from '../core/stamps/known-map.ts';
import type { StampMap } from '../core/stamps/stamp-map.ts';

/**
 * The last good map of each workload, which counts where the stored one is missing, unreadable or older (DESIGN 2.2). A
 * map is of one uid: what is made anew has none yet.
 */
export class KnownMaps {
  readonly #known = new Map<string, KnownMap & { readonly uid: string }>();
  /** Maps that we were writing, of which not everything fits. */
  readonly #writing = new Map<string, StampMap>();

  get(key: string, uid: string | undefined): KnownMap | undefined {
    const known = this.#known.get(key);
    return known?.uid === uid ? known : undefined;
  }

  /** Remembers what is not written, or not yet. */
  remember(key: string, uid: string, map: StampMap): void {
    this.#known.set(key, { uid, ...keepInMemory(this.get(key, uid), map) });
  }

  /** A workload is there again, with what was known of it. */
  restore(key: string, uid: string, known: KnownMap | undefined): void {
    if (known !== undefined) this.#known.set(key, { ...known, uid });
  }

  /** A map is to be written of which not everything fits: once it is stored, this is what counts. */
  writing(key: string, whole: StampMap): void {
    this.#writing.set(key, whole);
  }

  /** The map that counts if this one is stored; `restarted`: the pods were started anew since the one before. */
  after(key: string, uid: string | undefined, stored: StampMap, restarted: boolean): KnownMap {
    return takeStored(this.get(key, uid), stored, { restarted, writing: this.#writing.get(key) });
  }

  /** Takes in a map that is stored: {@link after}. Returns whether it is the one that counts. */
  store(key: string, uid: string, stored: StampMap, restarted: boolean): boolean {
    const before = this.get(key, uid)?.stored;
    const now = this.after(key, uid, stored, restarted);
    this.#known.set(key, { uid, ...now });
    if (now.stored !== before) this.#writing.delete(key);
    return now.stored === stored;
  }

  forget(key: string): void {
    this.#known.delete(key);
    this.#writing.delete(key);
  }
}
