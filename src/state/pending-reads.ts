import { stampKey, type SourceRef } from '../core/api/source.ts';
import type { Stamp } from '../core/stamps/stamp-map.ts';
import type { SourceState } from './source-reader.ts';

/** One read of a source; without a state it has failed. */
export type Read = {
  readonly ref: SourceRef;
  readonly state?: SourceState;
  readonly before?: SourceState | undefined;
};

/**
 * The sources that each workload waits for, as of when it was judged last. With it, a workload of 2,000 sources is
 * judged once when they have been read, and not at each read: that would take minutes.
 */
export class Unread {
  readonly #waiting = new Map<string, Set<string>>();

  /** A workload has been judged: these are still to be read. */
  set(key: string, refs: readonly SourceRef[]): void {
    if (refs.length === 0) this.#waiting.delete(key);
    else this.#waiting.set(key, new Set(refs.map(stampKey)));
  }

  /**
   * Whether a read that found no change decides nothing for a workload: it has no stamp of the source and waits for
   * others too, or this very version was judged already.
   */
  decidesNothing(key: string, { ref, state, before }: Read, stamp: Stamp | undefined): boolean {
    const waiting = this.#waiting.get(key);
    if (waiting?.delete(stampKey(ref)) === true) return waiting.size > 0 && stamp === undefined;
    if (state?.state !== 'present') return false;
    const { uid, resourceVersion } = state;
    if (before === undefined) return uid === stamp?.uid && resourceVersion === stamp.rv;
    return before.state === 'present' && before.uid === uid && before.resourceVersion === resourceVersion;
  }
}
