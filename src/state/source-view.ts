import type { Dependency } from '../core/stamps/dependency.ts';
import { ABSENT } from '../core/objects/digest.ts';
import { judgeStamp, type Current } from '../core/stamps/plan.ts';
import { newerVersion } from '../core/api/resource-version.ts';
import { isLegalName, parseStampKey, stampKey, type SourceRef } from '../core/api/source.ts';
import type { Stamp, StampMap } from '../core/stamps/stamp-map.ts';
import { workloadKey, type Workload } from '../core/objects/workload.ts';
import type { FirstSight, Past } from './first-sight.ts';
import { knows, versionSince } from './read-order.ts';
import type { Mounted, PodStatuses } from './csi-mounts.ts';
import type { KnownSource, SourceBook } from './source-cache.ts';
import type { Need, SourceReader, SourceState } from './source-reader.ts';
import type { Page } from './cached-workload.ts';
import type { WorkloadBook } from './workload-cache.ts';

export type Unread = { readonly ref: SourceRef; readonly need: Need };

/** Whose pods have mounted something. */
export type MountOwner = Pick<Workload, 'kind' | 'namespace' | 'name' | 'lastRoll'>;

export type SourceViewOptions = {
  readonly workloads: WorkloadBook;
  readonly sources: SourceBook;
  readonly reader: SourceReader;
  /** What a workload's pods have mounted of SecretProviderClasses; nobody reads these. */
  readonly statuses: Pick<PodStatuses, 'current'>;
  readonly keyId: string;
  readonly settings: { readonly reloadOnCreate: boolean; readonly reloadOnDelete: boolean };
  /** How a source was when it became a dependency. */
  readonly firstSight: Pick<FirstSight, 'look'>;
};

/** What the watch has shown of a source; an entry of a map, the key of that map, and the moment when it was shown. */
type Stamped = {
  readonly meta: KnownSource | undefined;
  readonly stamp: Stamp | undefined;
  readonly mapKey: string | undefined;
  readonly mapped: number;
};

/**
 * The sources of a workload as one may judge by them: how each is now and was when it became a dependency, or which read
 * must come first. What the watches have shown, what was read and what a stored map says may each be the newest.
 */
export class SourceView {
  readonly #options: SourceViewOptions;

  constructor(options: SourceViewOptions) {
    this.#options = options;
  }

  /** What is known of these sources, by stamp key, now and in the past, and what must be read first. */
  gather(page: Page, map: StampMap | undefined, dependencies: ReadonlyMap<string, Dependency>) {
    const { workload } = page;
    const { namespace } = workload;
    const there = this.#options.sources.in(namespace);
    const currents = new Map<string, Current>();
    const late = new Map<string, Current>();
    const pasts = new Map<string, Past>();
    const unread: Unread[] = [];
    for (const [name, dependency] of dependencies) {
      const ref = { type: dependency.type, namespace, name: dependency.name };
      const stamp = map?.s.get(name);
      if (ref.type === 'spc') {
        // Without a pod there is nothing to compare: what is stamped stays.
        const mounted = this.mounted(workload, ref.name);
        if (mounted !== undefined) currents.set(name, mounted);
        continue;
      }
      const isFirst = stamp === undefined || page.born;
      const stamped = {
        meta: there.get(name),
        stamp: isFirst ? undefined : stamp,
        mapKey: map?.key,
        mapped: page.mapped,
      };
      const found = isFirst ? this.#first(ref, page, stamped) : this.#current(ref, stamped);
      const current = typeof found === 'number' ? undefined : found;
      const past = isFirst ? this.#past(page, ref, current) : undefined;
      if (past !== undefined) pasts.set(name, past);
      // Nothing can be made of a new one before it is known what its pods have seen.
      if (past?.is === 'unread') continue;
      if (typeof found !== 'number') currents.set(name, found);
      else if (!this.#options.reader.unreadable(ref)) {
        unread.push({ ref, need: { since: found, selection: stamp?.f } });
        const before = this.#lateState(ref, stamp, page.mapped);
        if (before !== undefined) late.set(name, before);
      }
    }
    return { currents, late, pasts, unread };
  }

  /** What a workload's pods have mounted of a SecretProviderClass, as far as it is known. */
  mounted(workload: MountOwner, name: string): Mounted | undefined {
    const { workloads, statuses, keyId } = this.#options;
    const key = workloadKey(workload);
    const map = workloads.map(key);
    return statuses.current(workload, name, {
      stamp: map?.s.get(stampKey({ type: 'spc', name })),
      keyId: map?.key ?? keyId,
      version: workloads.get(key)?.workload.resourceVersion,
    });
  }

  /** Whether an entry is known to be stale. */
  moved({ workload }: Page, name: string, stamp: Stamp, mapKey: string): boolean {
    const ref = refOf(workload, name);
    const state =
      ref.type === 'spc' ? this.mounted(workload, ref.name) : this.#options.reader.state(ref, stamp.f);
    if (state?.state === 'present' && state.fromStart === true) return false;
    return state?.state === 'present' && stamp.h !== ABSENT && state.digest(mapKey, stamp.f) !== stamp.h;
  }

  #past({ asked }: Page, ref: SourceRef, current: Current | undefined): Past | undefined {
    if (current === undefined || (current.state === 'missing' && current.filtered === true)) return undefined;
    const { firstSight, sources } = this.#options;
    if (current.state === 'present')
      return firstSight.look(ref, sources.get(ref), asked, current.resourceVersion);
    // It has gone since the workload began to depend on it, perhaps: its pods have seen it then.
    const gone = sources.gone(ref);
    return gone && firstSight.look(ref, gone, asked, undefined);
  }

  /**
   * A source as it was read last, although a newer version has been heard of: good enough to roll on when nobody
   * can wait any longer, if it is at least as new as what the stamp was made of (DESIGN 2.3).
   */
  #lateState(ref: SourceRef, stamp: Stamp | undefined, mapped: number): Current | undefined {
    const state = this.#options.reader.state(ref, stamp?.f);
    if (state?.state !== 'present' || stamp === undefined) return undefined;
    return state.began > mapped || versionSince(state, stamp) >= 0 ? state : undefined;
  }

  /**
   * The same as {@link #current} of a source without an entry: the watch of sources may lag behind that of workloads,
   * and what it has not shown yet may have been written before the pods started. So the read must have begun after the
   * workload was heard to depend on it.
   */
  #first(ref: SourceRef, { heard }: Page, stamped: Stamped): Current | number {
    const found = this.#current(ref, stamped);
    if (typeof found === 'number') return Math.max(found, heard);
    if (heard === 0 || !isLegalName(ref.name)) return found;
    const state = this.#options.reader.state(ref);
    return state !== undefined && state.began > heard ? found : heard;
  }

  /** A source as it is now; if it must be read first, the moment of what that read must show. */
  #current(ref: SourceRef, stamped: Stamped): Current | number {
    const { reader, keyId } = this.#options;
    const { meta, stamp, mapKey } = stamped;
    const state = reader.state(ref, stamp?.f);
    if (state !== undefined) {
      if (meta !== undefined && !knows(state, meta)) return meta.shown;
      return this.#mayPrecede(state, stamped) ? stamped.mapped : state;
    }
    if (meta === undefined) return stamp?.rv === undefined ? { state: 'missing' } : stamped.mapped;
    // The stamp was made of the very version that is stored: what it says need not be read.
    const unchanged = stamp?.uid === meta.uid && stamp.rv === meta.resourceVersion;
    if (!unchanged || mapKey !== keyId || stamp.f !== undefined) return meta.shown;
    const { uid, resourceVersion, created, dataTime } = meta;
    return { state: 'present', uid, resourceVersion, created, dataTime, digest: () => stamp.h };
  }

  /** Whether some watch has come to what was read, in the history that is. */
  #isOfNow(state: SourceState): boolean {
    const { newest } = this.#options.workloads;
    return state.state !== 'present' || newerVersion(newest, state.resourceVersion) === newest;
  }

  /**
   * Whether a source that looks stale may have been read before what its stamp was made of: another process that
   * wrote the map may have seen what the watch has not shown here yet. The version of a stamp tells only where it is
   * newer or older than another one of the same uid, and none is that no watch has come to: the workloads were shown
   * as they were restored, and the sources not yet. Else the source is read once more, after the map was shown.
   */
  #mayPrecede(state: SourceState, { stamp, mapKey, mapped }: Stamped): boolean {
    if (stamp === undefined || state.began > mapped) return false;
    if (versionSince(state, stamp) > 0 && this.#isOfNow(state)) return false;
    const { settings, keyId } = this.#options;
    return judgeStamp({ ...settings, keyId: mapKey ?? keyId }, stamp, state).is === 'stale';
  }
}

function refOf(workload: Workload, name: string): SourceRef {
  const source = parseStampKey(name);
  if (source === undefined) throw new TypeError(`not a stamp key: ${name}`);
  return { ...source, namespace: workload.namespace };
}
