import { isReleaseTool } from '../core/objects/release.ts';
import type { Clock } from '../clock.ts';
import { SOURCE_ROWS, sourceKey } from '../core/api/source.ts';
import type { SourceMeta } from '../core/objects/source-metadata.ts';
import { isAhead, type Wishes } from '../core/opt-in/overrides.ts';
import { workloadKey, type Workload } from '../core/objects/workload.ts';
import { lastWriter } from '../core/objects/writers.ts';
import type { InFlight } from './rollers/in-flight.ts';
import type { Pauses } from './gates/pause-timers.ts';
import type { RollQueue } from './workqueue.ts';
import type { Recorder } from './reporting/roll-recorder.ts';
import type { Releases } from './gates/release-tracker.ts';
import type { RollRates } from './gates/roll-limit.ts';

export type WritesOptions = {
  readonly clock: Clock;
  readonly releases: Releases;
  readonly rates: RollRates;
  readonly inFlight: Pick<InFlight, 'shows'>;
  readonly queue: Pick<RollQueue, 'recheck' | 'isActive'>;
  readonly pauses: Pauses;
  readonly recorder: Pick<Recorder, 'tooMany'>;
  /** A part of a `…/reload` list cannot be used. */
  readonly onInvalidList: (workload: Workload, reason: string) => void;
  /** A pause period is no duration: the workload is rolled as if it asked for none. */
  readonly onInvalidPause: (workload: Workload, period: string) => void;
  /** Somebody asks for a roll at a time (RFC 3339) that is still far ahead; `key`: of the workload or source that says so. */
  readonly onUnusableRequest: (key: string, at: string) => void;
  /** Another manager took a lever away that a roll had written. */
  readonly onReverted: (workload: Workload, manager: string) => void;
};

/** One annotation may have ten thousand bad parts. */
const MAX_TOLD = 10;

/** What writes of sources and workloads say beside data and map: that a release goes on, that somebody asks or reverts. */
export class Writes {
  readonly #options: WritesOptions;
  /** How many sources of a workload are not followed, as it was told last. */
  readonly #told = new Map<string, number>();

  constructor(options: WritesOptions) {
    this.#options = options;
  }

  /** A source was written. */
  source(meta: SourceMeta, before: SourceMeta | undefined): void {
    if (meta.release !== undefined && isReleaseTool(meta.manager))
      this.#options.releases.wrote(meta.release, sourceKey(meta));
    this.#request(sourceKey(meta), meta.wishes, before?.wishes);
  }

  /** A workload is shown for the first time or anew, also before the start: what cannot be used is told of once. */
  shown(workload: Workload, before: Workload | undefined): void {
    const { pauses, onInvalidList, onInvalidPause } = this.#options;
    for (const { type } of SOURCE_ROWS) {
      const invalid = workload.optIn[type].list?.invalid ?? [];
      const known = new Set((before?.optIn[type].list?.invalid ?? []).map(({ part }) => part));
      const news = invalid.filter(({ part }) => !known.has(part));
      for (const { reason } of news.slice(0, MAX_TOLD)) onInvalidList(workload, reason);
      if (news.length > MAX_TOLD) onInvalidList(workload, `${news.length - MAX_TOLD} more parts are invalid`);
    }
    pauses.look(workload);
    this.#request(workloadKey(workload), workload.wishes, before?.wishes);
    const invalid = workload.pause?.invalid;
    if (invalid !== undefined && invalid !== before?.pause?.invalid) onInvalidPause(workload, invalid);
  }

  /** Tells once of a workload that names more sources than one may: whoever leads tells, once for each number. */
  judged(workload: Workload): void {
    const { left } = workload;
    const key = workloadKey(workload);
    if (left === (this.#told.get(key) ?? 0) || !this.#options.queue.isActive) return;
    this.#told.set(key, left);
    if (left > 0) this.#options.recorder.tooMany(workload, left);
    else this.#told.delete(key);
  }

  /** The workload is gone. */
  forget(key: string): void {
    this.#told.delete(key);
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
