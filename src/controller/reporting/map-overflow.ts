import type { FittedMap } from '../../core/stamps/dependency.ts';
import type { StampMap } from '../../core/stamps/stamp-map.ts';
import { workloadKey, type Workload } from '../../core/objects/workload.ts';

/** Tells what of a map is not written. `whole`: nothing of it is. */
export type TellLeftOut = (workload: Workload, stampKeys: readonly string[], whole: boolean) => void;

/** What did not fit into the maps that were written: told when it changes, not with each write. */
export class LeftOut {
  readonly #tell: TellLeftOut;
  /** How much was told of last. */
  readonly #told = new Map<string, number>();

  constructor(tell: TellLeftOut) {
    this.#tell = tell;
  }

  /** A map is about to be written, as far as there is room for it. */
  note(workload: Workload, map: StampMap, fitted: FittedMap): void {
    const key = workloadKey(workload);
    const left = fitted?.left ?? [...map.s.keys()];
    if (left.length === (this.#told.get(key) ?? 0)) return;
    if (left.length === 0) this.#told.delete(key);
    else {
      this.#told.set(key, left.length);
      this.#tell(workload, left, fitted === undefined);
    }
  }

  /** The workload is gone. */
  forget(key: string): void {
    this.#told.delete(key);
  }
}
