import { isReleaseTool } from '../core/release.ts';
import type { Clock } from '../clock.ts';
import { SOURCE_ROWS, sourceKey } from '../core/source.ts';
import type { SourceMeta } from '../core/source-meta.ts';
import { isAhead, type Wishes } from '../core/wishes.ts';
import { lastWriter, workloadKey, type Workload } from '../core/workload.ts';
import type { InFlight } from './in-flight.ts';
import type { Pauses } from './pauses.ts';
import type { RollQueue } from './queue.ts';
import type { Releases } from './releases.ts';
import type { RollRates } from './roll-rates.ts';

export type WritesOptions = {
  readonly clock: Clock;
  readonly releases: Releases;
  readonly rates: RollRates;
  readonly inFlight: Pick<InFlight, 'shows'>;
  readonly queue: Pick<RollQueue, 'recheck'>;
  readonly pauses: Pauses;
  /** A part of a `…/reload` list cannot be used. */
  readonly onInvalidList: (workload: Workload, reason: string) => void;
  /** A pause period is no duration: the workload is rolled as if it asked for none. */
  readonly onInvalidPause: (workload: Workload, period: string) => void;
  /** Somebody asks for a roll at a time (RFC 3339) that is still far ahead; `key`: of the workload or source that says so. */
  readonly onUnusableRequest: (key: string, at: string) => void;
  /** Another manager took a lever away that a roll had written. */
  readonly onReverted: (workload: Workload, manager: string) => void;
};

/** What writes of sources and workloads say beside data and map: that a release goes on, that somebody asks or reverts. */
export class Writes {
  readonly #options: WritesOptions;

  constructor(options: WritesOptions) {
    this.#options = options;
  }

  /** A source was written, or shown again. */
  source(meta: SourceMeta, before: SourceMeta | undefined): void {
    const written = before?.uid !== meta.uid || before.resourceVersion !== meta.resourceVersion;
    if (written && meta.release !== undefined && isReleaseTool(meta.manager))
      this.#options.releases.wrote(meta.release, sourceKey(meta));
    this.#request(sourceKey(meta), meta.wishes, before?.wishes);
  }

  /** A workload is shown for the first time or anew, also before the start: what cannot be used is told of once. */
  shown(workload: Workload, before: Workload | undefined): void {
    const { pauses, onInvalidList, onInvalidPause } = this.#options;
    for (const { type } of SOURCE_ROWS) {
      const invalid = workload.optIn[type].list?.invalid ?? [];
      const known = new Set((before?.optIn[type].list?.invalid ?? []).map(({ part }) => part));
      for (const one of invalid) if (!known.has(one.part)) onInvalidList(workload, one.reason);
    }
    pauses.look(workload);
    this.#request(workloadKey(workload), workload.wishes, before?.wishes);
    const invalid = workload.pause?.invalid;
    if (invalid !== undefined && invalid !== before?.pause?.invalid) onInvalidPause(workload, invalid);
  }

  /** A workload was written: a release went on, a lever is gone, somebody asks. */
  workload(workload: Workload, before: Workload | undefined): void {
    const { releases, rates, inFlight, queue, onReverted } = this.#options;
    const key = workloadKey(workload);
    if (workload.release !== undefined && workload.releaseWrite !== undefined)
      if (before?.releaseWrite !== workload.releaseWrite) {
        releases.wrote(workload.release, key);
        queue.recheck(key);
      }
    if (before?.wishes.request?.at !== workload.wishes.request?.at) queue.recheck(key);
    const writer = lastWriter(workload, before);
    // The event of our own roll can come before the answer to it.
    if (inFlight.shows(workload)) rates.rolling(key);
    else if (rates.saw(key, workload, writer, isOurs(workload, before))) onReverted(workload, writer ?? '');
  }
  #request(key: string, { request }: Wishes, before: Wishes | undefined): void {
    const { clock, onUnusableRequest } = this.#options;
    if (request === undefined || request.at === before?.request?.at) return;
    if (isAhead(request.at, clock.now())) onUnusableRequest(key, request.at);
  }
}

/** Whether a replica of ours wrote it last: a roll of another one has other levers, and there may be no room to say so. */
function isOurs(now: Workload, before: Workload | undefined): boolean {
  const rolled = now.lastRoll !== undefined && now.lastRoll !== before?.lastRoll;
  return rolled || (now.ownWrite ?? '') > (before?.ownWrite ?? '');
}
