import { parseStampKey, SOURCE_ROWS, sourceKey, type SourceRef } from '../core/api/source.ts';
import type { StampMap } from '../core/stamps/stamp-map.ts';
import type { Workload } from '../core/objects/workload.ts';
import { keepNewest } from '../keep-newest.ts';

export type UnclaimedOptions = {
  /** Whether a workload that is known may depend on this source. */
  readonly isClaimed: (ref: SourceRef) => boolean;
  /** What was read and noted of this source is of no use to anybody. */
  readonly forget: (ref: SourceRef) => void;
};

/** A review reads sources for a workload that is still to be stored: so many are kept until one claims them. */
const MAX_KEPT = 1_000;

/** Sees to it that nothing is remembered of sources on which nothing depends, however they and their workloads go. */
export class Unclaimed {
  readonly #options: UnclaimedOptions;
  readonly #kept = new Map<string, SourceRef>();

  constructor(options: UnclaimedOptions) {
    this.#options = options;
  }

  /** A source has been read. */
  read(ref: SourceRef): void {
    if (this.#options.isClaimed(ref)) return;
    for (const oldest of keepNewest(this.#kept, sourceKey(ref), ref, MAX_KEPT)) this.#forget(oldest);
  }

  /** A source is gone; false if a workload has still to learn of it. */
  gone(ref: SourceRef): boolean {
    return this.#forget(ref);
  }

  /** A workload is gone, or asks for something else: what only it depended on is forgotten. */
  left(workload: Workload, map: StampMap | undefined): void {
    const { namespace } = workload;
    for (const key of [...workload.references.keys(), ...(map?.s.keys() ?? [])]) {
      const source = parseStampKey(key);
      if (source !== undefined) this.#forget({ ...source, namespace });
    }
    for (const { type } of SOURCE_ROWS)
      for (const name of workload.optIn[type].list?.names ?? []) this.#forget({ type, name, namespace });
  }

  #forget(ref: SourceRef): boolean {
    if (this.#options.isClaimed(ref)) return false;
    this.#kept.delete(sourceKey(ref));
    this.#options.forget(ref);
    return true;
  }
}
