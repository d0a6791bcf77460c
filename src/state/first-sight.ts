import { atMost, pause, type Clock } from '../clock.ts';
import type { ReloaderKeys } from '../core/api/annotations.ts';
import { selects, type Selector } from '../core/api/label-selector.ts';
import type { Current } from '../core/stamps/plan.ts';
import { newerVersion, versionBefore } from '../core/api/resource-version.ts';
import { sourceKey, type SourceRef } from '../core/api/source.ts';
import type { SourceObject } from '../core/objects/source-metadata.ts';
import { RestampError } from '../errors.ts';
import type { Faults } from '../faults.ts';
import { digestSource, type KeyRing } from './digested-source.ts';
import { FailureRow } from '../flowcontrol/backoff.ts';
import { keepNewest } from '../keep-newest.ts';
import type { KnownSource } from './source-cache.ts';
import { Turns } from '../flowcontrol/limiter.ts';

/** Reads a source as it was at a version of the whole cluster; undefined where it did not exist then. */
export type ReadSourceAt = (ref: SourceRef, version: string) => Promise<SourceObject | undefined>;

/** A source as it was when it became a dependency. */
export type Past =
  /** It has not been written since. */
  | { readonly is: 'same' }
  /** It is being read. */
  | { readonly is: 'unread' }
  /** Nobody can tell any more. */
  | { readonly is: 'unknown' }
  | { readonly is: 'known'; readonly current: Current };

export type FirstSightOptions = {
  /** Fails with RESTAMP_KUBE_*; the API server forgets old versions after some minutes. */
  readonly readSourceAt: ReadSourceAt;
  readonly ring: KeyRing;
  readonly keys: ReloaderKeys;
  /** What has not these labels does not count as there. */
  readonly resourceLabelSelector: Selector;
  readonly clock: Clock;
  readonly faults: Faults;
  /** More is known of the past of this source: look again at what depends on it. */
  readonly onRead: (ref: SourceRef) => void;
  readonly onTrouble: (error: RestampError) => void;
};

const READS_AT_ONCE = 8;
/** What is read here is asked for once, soon after: it need not be kept for long. */
const MAX_KEPT = 1_000;
const TRIES = 4;
const TRY_MS = 5_000;
/** Trying again does not help: an old version is gone, we have no right, or the API server does not offer it. */
const FINAL = new Set<string>([
  'RESTAMP_KUBE_GONE',
  'RESTAMP_KUBE_FORBIDDEN',
  'RESTAMP_KUBE_INVALID',
  'RESTAMP_KUBE_UNSUPPORTED',
]);

/** Up to which version the pods of a new dependency have seen its source, and whether it did not exist then. */
export function seenUpTo(
  source: Pick<KnownSource, 'marked' | 'appeared'> | undefined,
  asked: string | undefined,
): { readonly asOf: string | undefined; readonly absent: boolean } {
  const marked = source?.marked === undefined ? undefined : versionBefore(source.marked);
  const asOf = newerVersion(asked, marked);
  return { asOf, absent: asOf === marked && asOf !== asked && source?.appeared === true };
}

/**
 * Where the pods of a new dependency stand: they have seen nothing that was written after the source became one. So
 * its baseline is the source as it was at that write, whoever made it: of the workload, of its lender, or of the source
 * itself, which may have brought new data with its mark.
 */
export class FirstSight {
  readonly #options: FirstSightOptions;
  readonly #known = new Map<string, Past>();
  readonly #turns = new Turns(READS_AT_ONCE);
  #stopped = false;

  constructor(options: FirstSightOptions) {
    this.#options = options;
  }

  stop(): void {
    this.#stopped = true;
    this.#turns.stop();
  }

  /**
   * `asked`: the version since which the workload asks for what it asks for, undefined if it was there before
   * everything that is known; `version`: that of the source as it was read last, undefined if it is gone.
   */
  look(
    ref: SourceRef,
    source: KnownSource | undefined,
    asked: string | undefined,
    version: string | undefined,
  ): Past {
    const { asOf, absent } = seenUpTo(source, asked);
    if (asOf === undefined || (version !== undefined && newerVersion(asOf, version) === asOf))
      return { is: 'same' };
    if (absent) return { is: 'known', current: { state: 'missing' } };
    const key = `${sourceKey(ref)} ${asOf}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    this.#keep(key, { is: 'unread' });
    void this.#read(ref, key, asOf);
    return { is: 'unread' };
  }

  #keep(key: string, past: Past): void {
    keepNewest(this.#known, key, past, MAX_KEPT);
  }

  async #read(ref: SourceRef, key: string, asOf: string): Promise<void> {
    const { clock, faults, onRead, onTrouble } = this.#options;
    const row = new FailureRow();
    let past: Past = { is: 'unknown' };
    for (let left = TRIES; left > 0 && !this.#stopped; left -= 1) {
      const found = await this.#turns.run(key, () => this.#try(ref, asOf));
      if (!(found instanceof RestampError)) {
        past = found;
        break;
      }
      onTrouble(found);
      if (FINAL.has(found.code)) break;
      await pause(clock, row.next(found));
    }
    if (this.#stopped) return;
    this.#keep(key, past);
    faults.contain(sourceKey(ref), () => onRead(ref));
  }

  /** One try, which neither rejects nor waits for long: a first map waits for it. */
  async #try(ref: SourceRef, asOf: string): Promise<Past | RestampError> {
    const { readSourceAt, clock, faults } = this.#options;
    let found: Past | RestampError = new RestampError(
      'RESTAMP_KUBE_UNAVAILABLE',
      `${sourceKey(ref)}: no answer`,
    );
    await atMost(clock, TRY_MS, async () => {
      try {
        found = { is: 'known', current: this.#currentOf(ref, await readSourceAt(ref, asOf)) };
      } catch (error) {
        found = faults.caught(sourceKey(ref), error);
      }
    });
    return found;
  }

  #currentOf(ref: SourceRef, object: SourceObject | undefined): Current {
    const there =
      object !== undefined && selects(this.#options.resourceLabelSelector, object.metadata.labels);
    return there ? digestSource(this.#options, ref, object) : { state: 'missing' };
  }
}
