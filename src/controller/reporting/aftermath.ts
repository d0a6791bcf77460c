import { annotation, LAST_ROLL } from '../../core/api/annotations.ts';
import { parseHistory, type RollEntry } from '../../core/stamps/history.ts';
import type { JobManifest } from '../../core/objects/job.ts';
import type { KindRow, Kinds } from '../../core/api/kind.ts';
import { workloadKey, type Workload, type WorkloadObject } from '../../core/objects/workload.ts';
import { lastWriter } from '../../core/objects/writers.ts';
import type { Holds } from '../gates/holds.ts';
import type { InFlight } from '../rollers/in-flight.ts';
import type { LeftOut } from './map-overflow.ts';
import type { Recorder } from './roll-recorder.ts';
import type { RollRates } from '../gates/roll-limit.ts';
import type { Rolled } from '../reconciler.ts';
import type { WorkloadBook } from '../../state/workload-cache.ts';

export type AftermathOptions = {
  readonly kinds: Pick<Kinds, 'get'>;
  readonly workloads: WorkloadBook;
  readonly holds: Holds;
  readonly rates: RollRates;
  readonly inFlight: InFlight;
  readonly recorder: Recorder;
  readonly leftOut: LeftOut;
  readonly onReverted: (workload: Workload, manager: string) => void;
  /** Reads an object by the rules; the book learns of it from the watch. */
  readonly reduce: (row: KindRow, object: WorkloadObject) => Workload | undefined;
};

/** What follows when a roll is stored: its hold ends, it counts, and it is told; or when it came too late. */
export class Aftermath {
  readonly #options: AftermathOptions;

  constructor(options: AftermathOptions) {
    this.#options = options;
  }

  rolled(workload: Workload, { entry, levers }: Rolled): void {
    const { workloads, holds, rates, recorder, inFlight, onReverted } = this.#options;
    const key = workloadKey(workload);
    holds.release(key);
    rates.rolled(key, levers, workload.bare);
    // The watch may have shown our roll, and what somebody did to it, before the answer to the patch came.
    const now = workloads.get(key)?.workload;
    if (now !== undefined && inFlight.wasShown(key)) {
      const writer = lastWriter(now, workload);
      if (rates.saw(key, now, writer)) onReverted(now, writer ?? '');
    }
    recorder.rolled(workload, entry);
  }

  /** Somebody asked to take the sources as they are: a hold ends by that as well. */
  skipped(workload: Workload, entry: RollEntry): void {
    this.#options.holds.release(workloadKey(workload));
    this.#options.recorder.skipped(workload, entry);
  }

  /** A workload went while it was rolled: what was noted of that roll after is of no use to anybody. */
  gone(key: string): void {
    const { holds, recorder, leftOut } = this.#options;
    holds.release(key);
    recorder.forget(key);
    leftOut.forget(key);
  }

  /**
   * A Job has been made anew, after its roll had returned; it may have been begun by another process. What is told of it
   * stands in the manifest that we have kept: of the Job itself, everybody may have written it.
   */
  made(job: WorkloadObject, manifest: JobManifest): void {
    const { kinds, reduce } = this.#options;
    const row = kinds.get('Job');
    const workload = row && reduce(row, job);
    const { annotations } = manifest.metadata as WorkloadObject['metadata'];
    const [entry] = parseHistory(annotation(annotations, LAST_ROLL));
    if (workload !== undefined && entry !== undefined) this.rolled(workload, { entry, levers: [] });
  }
}
