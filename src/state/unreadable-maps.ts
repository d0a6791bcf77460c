import { createHash } from 'node:crypto';
import type { StampMap, Unreadable } from '../core/stamps/stamp-map.ts';

/** Stored maps that are none: each text is told of once for each workload, however often that is written around it. */
export class UnreadableMaps {
  readonly #tell: (key: string, why: Unreadable) => void;
  /** A digest of the text that was told of last: the text may be anybody's, and large. */
  readonly #told = new Map<string, string>();

  constructor(tell: (key: string, why: Unreadable) => void) {
    this.#tell = tell;
  }

  /** A workload was shown with this text, which was read as this. */
  look(key: string, text: string, read: StampMap | Unreadable): void {
    if (typeof read === 'object') {
      this.forget(key);
      return;
    }
    const print = createHash('sha256').update(`${read} ${text}`).digest('base64');
    if (this.#told.get(key) === print) return;
    this.#told.set(key, print);
    this.#tell(key, read);
  }

  /** The workload is gone. */
  forget(key: string): void {
    this.#told.delete(key);
  }
}
