import { atMost, orOver, type Clock } from '../clock.ts';
import type { FreshSource } from '../core/stamps/restamp.ts';
import { isLegalName, sourceKey, type SourceRef, type SourceType } from '../core/api/source.ts';
import { compareVersions } from '../core/api/resource-version.ts';
import type { Stamp, StampMap } from '../core/stamps/stamp-map.ts';
import { hasCode } from '../errors.ts';
import type { Mounted } from './csi-mounts.ts';
import type { MountOwner } from './source-view.ts';
import type { SourceReader, SourceState } from './source-reader.ts';
import { Turns } from '../flowcontrol/limiter.ts';

export type LiveSourcesOptions = {
  readonly reader: SourceReader;
  readonly clock: Clock;
  /** Reads the metadata of a source, as fresh as the API server can be; RESTAMP_KUBE_NOT_FOUND if there is none. */
  readonly readVersion: (ref: SourceRef) => Promise<string>;
  /** What its pods have mounted of a SecretProviderClass; undefined where nobody can tell. */
  readonly judge: { mounted(workload: MountOwner, name: string): Mounted | undefined };
};

/** In all: a workload's write waits for this, and after it memory must do (DESIGN 3.7). */
const BUDGET_MS = 250;
/** Sources of all reviews together; those of later ones are taken from memory when their time is over. */
const AT_ONCE = 32;

/**
 * Brings what is known of sources up to what is stored at this moment: a watch may lag behind a write that was
 * answered just before. Reads metadata, and the data only where the version differs.
 */
export class LiveSources {
  readonly #options: LiveSourcesOptions;
  readonly #turns = new Turns(AT_ONCE);

  constructor(options: LiveSourcesOptions) {
    this.#options = options;
  }

  /**
   * The sources of these dependencies as they are stored now; without those of which nobody can tell that in time. `map`:
   * the stamps of the workload, which another replica may have made of newer sources than are known here.
   */
  async read(
    workload: MountOwner,
    dependencies: ReadonlyMap<string, { readonly type: SourceType; readonly name: string }>,
    map: StampMap | undefined,
  ): Promise<Map<string, FreshSource>> {
    const { namespace } = workload;
    const refs = new Map<string, SourceRef>();
    const found = new Map<string, FreshSource>();
    for (const [key, { type, name }] of dependencies) {
      const current = type === 'spc' ? this.#options.judge.mounted(workload, name) : undefined;
      // Admission comes before validation: what the API server would not store is not asked for.
      if (!isLegalName(name)) found.set(key, { current: { state: 'missing' }, lever: undefined });
      else if (type !== 'spc') refs.set(key, { type, name, namespace });
      else if (current !== undefined) found.set(key, { current, lever: current.lever });
    }
    const fresh = await this.#freshenAll([...refs.values()]);
    for (const [key, ref] of refs) {
      const state = this.#options.reader.state(ref);
      if (state !== undefined && (fresh.has(ref) || mayDo(state, map?.s.get(key))))
        found.set(key, { current: state, lever: state.state === 'present' ? state.lever : undefined });
    }
    return found;
  }

  /** Ends when all are up to date, or when the time is over; never rejects. Returns those that are. */
  async #freshenAll(refs: readonly SourceRef[]): Promise<ReadonlySet<SourceRef>> {
    const fresh = new Set<SourceRef>();
    await atMost(this.#options.clock, BUDGET_MS, (over) => {
      // What does not answer must not keep its turn from the reviews that come.
      const freshen = async (ref: SourceRef): Promise<void> => {
        if (over.aborted) return;
        const isFresh = await orOver(this.#freshen(ref, over), over).catch(() => false);
        if (isFresh === true) fresh.add(ref);
      };
      return Promise.all(refs.map((ref) => this.#turns.run(sourceKey(ref), () => freshen(ref))));
    });
    return new Set(fresh);
  }

  /** Whether it is up to date now. */
  async #freshen(ref: SourceRef, over: AbortSignal): Promise<boolean> {
    const { reader, readVersion } = this.#options;
    const known = reader.state(ref);
    // It is tried again by itself, and no review can wait for that.
    if (reader.unreadable(ref)) return false;
    if (known === undefined) return reader.read(ref, {}, over);
    try {
      // Another version is none that was read, in whatever direction it differs.
      const isKnown = (await readVersion(ref)) === known.resourceVersion;
      return isKnown || (!over.aborted && (await reader.read(ref, {}, over)));
    } catch (error) {
      if (!hasCode(error, 'RESTAMP_KUBE_NOT_FOUND')) throw error;
      return known.state === 'missing' || (!over.aborted && (await reader.read(ref, {}, over)));
    }
  }
}

/**
 * Whether what was read some time ago may stand for what is stored now. Not to say that a source does not exist: it may
 * have come just now. Nor if it is older than what the stamp was made of: of another source of the name, too, as both
 * versions are of one API server, unless that was restored, and then its stamp stays until a read ends.
 */
function mayDo(state: SourceState, stamp: Stamp | undefined): boolean {
  if (state.state !== 'present') return false;
  return stamp?.rv === undefined || compareVersions(state.resourceVersion, stamp.rv) >= 0;
}
