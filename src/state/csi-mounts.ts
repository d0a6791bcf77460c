import { pause, type Clock } from '../clock.ts';
import { keyedDigest, reloaderHash } from '../core/objects/digest.ts';
import { parseHistory } from '../core/stamps/history.ts';
import type { Current } from '../core/stamps/plan.ts';
import {
  currentMount,
  reduceMount,
  sameMount,
  type Mount,
  type PodStatusObject,
} from '../core/objects/csi-mount.ts';
import { compareVersions, newerVersion } from '../core/api/resource-version.ts';
import { sourceKey, type SourceRef } from '../core/api/source.ts';
import type { Stamp } from '../core/stamps/stamp-map.ts';
import { workloadKey } from '../core/objects/workload.ts';
import type { Follower, Listed } from '../kube/watch/known-objects.ts';
import type { RestampError } from '../errors.ts';
import type { Faults } from '../faults.ts';
import { FailureRow } from '../flowcontrol/backoff.ts';
import { MountBook, type MountPage } from './mount-cache.ts';
import type { KeyRing } from './digested-source.ts';
import { Turns } from '../flowcontrol/limiter.ts';

/** What a workload's pods have mounted of a SecretProviderClass, as a source like any other. */
export type Mounted = Extract<Current, { state: 'present' }> & { readonly lever: string };

export type PodStatusesOptions = {
  readonly ring: KeyRing;
  readonly clock: Clock;
  /** The workload that a pod belongs to; undefined if there is no such pod. */
  readonly readPodOwner: (pod: {
    namespace: string;
    name: string;
  }) => Promise<{ readonly workload: string | undefined; readonly created: number } | undefined>;
  /** Whose template the pods of a workload are made from, where that is another's. */
  readonly borrower: (workload: string) => string | undefined;
  /** What is known of a class has changed, in a pod of this workload if that is known; `event`: by this write. */
  readonly onChange: (ref: SourceRef, workload: string | undefined, event: WatchEvent | undefined) => void;
  readonly onTrouble: (error: RestampError) => void;
  readonly faults: Faults;
};

/** What a map says of a class, under which key, and the version of the workload that bears it. */
type Stamped = {
  readonly stamp: Stamp | undefined;
  readonly keyId: string;
  readonly version: string | undefined;
};

type WatchEvent = 'add' | 'update' | 'delete';

const READS_AT_ONCE = 8;

/**
 * The statuses of the CSI driver, one for each pod and class, by class. Whose pod it is, is asked once for each
 * status, and only where a workload may depend on the class.
 */
export class PodStatuses {
  readonly #options: PodStatusesOptions;
  readonly #pages = new Map<string, MountPage>();
  readonly #book = new MountBook();
  readonly #turns = new Turns(READS_AT_ONCE);
  /** The newest version that the watches have shown. */
  #newest: string | undefined;
  /** The namespaces of watches that have lost contact; undefined is all. */
  readonly #lost = new Set<string | undefined>();
  /** What was asked for meanwhile. */
  readonly #missed = new Map<string, SourceRef>();
  #stopped = false;

  constructor(options: PodStatusesOptions) {
    this.#options = options;
  }

  /** What follows the watch of one namespace, or of all. */
  follow(namespace?: string): Follower<PodStatusObject> {
    return {
      put: (object) => this.put(object),
      remove: (id) => this.remove(id),
      end: (list) => {
        this.end(list);
        this.#find(namespace);
      },
      lost: () => this.#lost.add(namespace),
      found: () => this.#find(namespace),
    };
  }

  put(object: PodStatusObject): void {
    const { namespace = '', name } = object.metadata;
    const key = `${namespace}/${name}`;
    const mount = reduceMount(object);
    const page = this.#pages.get(key);
    const before = page?.mount;
    this.#newest = newerVersion(this.#newest, object.metadata.resourceVersion);
    const again =
      before !== undefined &&
      before.uid === mount?.uid &&
      before.ref.name === mount.ref.name &&
      // A lower version is of a restored state: that status is seen for the first time.
      compareVersions(mount.version, before.version) >= 0;
    if (page !== undefined && again && before.pod.uid === mount.pod.uid) {
      // Labels, or the list that was read again.
      if (sameMount(before, mount)) return;
      page.mount = { ...mount, created: before.created, rotated: true };
      this.#tell(mount.ref, page.owner ?? undefined, 'update');
    } else {
      this.#forget(key);
      if (mount === undefined) return;
      // The driver writes over the status of a pod of the same name that is gone: another pod has started.
      this.#keep(key, again ? { ...mount, created: mount.written, rotated: false } : mount);
      this.#tell(mount.ref, undefined, page === undefined ? 'add' : 'update');
    }
  }

  remove({ namespace, name }: { readonly namespace: string; readonly name: string }): void {
    const page = this.#forget(`${namespace}/${name}`);
    // As long as it was not known whose it is, nobody could tell what counts.
    if (page !== undefined) this.#tell(page.mount.ref, page.owner ?? undefined, 'delete');
  }

  end({ version, isOlder }: Listed): void {
    this.#newest = isOlder ? version : newerVersion(this.#newest, version);
  }

  stop(): void {
    this.#stopped = true;
    this.#turns.stop();
  }

  /**
   * What counts as mounted by a workload, against what is stamped; undefined while nobody can tell: it has no pods, or
   * whose pods there are is still being asked, or their watch has lost contact: an API server that comes back with an older
   * state may show that of its workloads first.
   */
  current(
    workload: {
      readonly kind: string;
      readonly namespace: string;
      readonly name: string;
      readonly lastRoll: string | undefined;
    },
    name: string,
    { stamp, keyId, version }: Stamped,
  ): Mounted | undefined {
    const ref: SourceRef = { type: 'spc', namespace: workload.namespace, name };
    const place = sourceKey(ref);
    if (this.#isLost(ref)) {
      this.#missed.set(place, ref);
      return undefined;
    }
    for (const page of this.#book.takeUnasked(place)) void this.#read(page);
    const key = workloadKey(workload);
    const mounts = this.#book.mountsOf(
      place,
      (owner) => owner === key || this.#options.borrower(owner) === key,
    );
    if (mounts === undefined) return undefined;
    const rolled = parseHistory(workload.lastRoll)[0]?.rolled;
    const found = currentMount(mounts, {
      stampedVersion: this.#isOfThisHistory(stamp?.rv, version) ? stamp?.rv : undefined,
      isStamped: stamp && ((mount) => this.#digest(mount, keyId, stamp.f) === stamp.h),
      rolled: rolled === undefined ? undefined : Date.parse(rolled),
    });
    if (found === undefined) return undefined;
    const { mount, fromStart } = found;
    const sha1 = reloaderHash(mount.data);
    return {
      state: 'present',
      uid: mount.uid,
      resourceVersion: mount.version,
      created: mount.created,
      dataTime: mount.written,
      fromStart,
      // Ids and versions: no secret, whatever --lever-digest says.
      lever: sha1,
      levers: [sha1],
      digest: (id, selection) => this.#digest(mount, id, selection),
    };
  }

  /**
   * Another leader may have stamped what the watch has not shown here yet, but it has written the map after that: a stamp
   * whose version is beyond its workload's, too, is of another history, or of nobody.
   */
  #isOfThisHistory(rv: string | undefined, version: string | undefined): boolean {
    const newest = newerVersion(this.#newest, version);
    return newerVersion(newest, rv) === newest;
  }

  #digest(mount: Mount, keyId: string, selection: readonly string[] | undefined): string {
    const key = this.#options.ring.keys.get(keyId);
    return key === undefined ? '' : keyedDigest({ key, source: sourceKey(mount.ref) }, mount.data, selection);
  }

  #keep(key: string, mount: Mount): void {
    const page: MountPage = { mount, owner: null };
    this.#pages.set(key, page);
    this.#book.add(page);
  }

  #forget(key: string): MountPage | undefined {
    const page = this.#pages.get(key);
    if (page === undefined) return undefined;
    this.#book.delete(page);
    this.#pages.delete(key);
    return page;
  }

  /** What was asked for in vain can be told again. */
  #find(namespace: string | undefined): void {
    if (!this.#lost.delete(namespace)) return;
    for (const [place, ref] of [...this.#missed]) {
      if (this.#isLost(ref)) continue;
      this.#missed.delete(place);
      this.#tell(ref, undefined);
    }
  }

  #isLost({ namespace }: SourceRef): boolean {
    return this.#lost.has(undefined) || this.#lost.has(namespace);
  }

  /** Tries until it is known, or the status is gone. */
  async #read(page: MountPage): Promise<void> {
    const { onTrouble, faults, clock } = this.#options;
    const row = new FailureRow();
    while (!this.#stopped && this.#book.awaits(page))
      try {
        await this.#turns.run(sourceKey(page.mount.ref), () => this.#readOwner(page));
        return;
      } catch (error) {
        const known = faults.caught(sourceKey(page.mount.ref), error);
        if (known === error) onTrouble(known);
        // Without a turn: pods that nobody may read hold up no others.
        await pause(clock, row.next(known));
      }
  }

  async #readOwner(page: MountPage): Promise<void> {
    if (!this.#book.awaits(page)) return;
    const { ref, pod } = page.mount;
    const found = await this.#options.readPodOwner({ namespace: ref.namespace, name: pod.name });
    if (!this.#book.awaits(page)) return;
    // A pod can be younger than its status, which the driver had written for its namesake.
    const created = Math.max(page.mount.created, found?.created ?? 0);
    page.mount = { ...page.mount, created };
    // As long as one was not known, nobody could tell what counts.
    if (this.#book.settle(page, found?.workload)) this.#tell(ref, undefined);
  }

  /** An exception of whoever is told is no failed read. */
  #tell(ref: SourceRef, workload: string | undefined, event?: WatchEvent): void {
    const { faults, onChange, borrower } = this.#options;
    faults.contain(sourceKey(ref), () => onChange(ref, borrower(workload ?? '') ?? workload, event));
  }
}
