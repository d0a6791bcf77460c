import { setTimeout as delay } from 'node:timers/promises';
import type { Connection } from '../../controlplane/connection.ts';
import { csiPath, mountHash, podStatus, POD_STATUS } from '../../e2e/support/csi-driver.ts';
import type { ClassName } from '../../e2e/support/objects.ts';
import { insist, insistOn, MERGE, versionOf } from '../insist.ts';
import type { Ledger } from '../verdict/ledger.ts';
import { isLiving, type Pod, type Pods } from './pods.ts';
import type { Random } from '../random.ts';

export type MountsOptions = {
  readonly cp: Connection;
  readonly ns: string;
  readonly random: Random;
  readonly ledger: Ledger;
  readonly pods: Pods;
  readonly classes: readonly ClassName[];
};

/** What one pod mounted when it started. */
type Mount = {
  readonly pod: Pod;
  readonly source: ClassName;
  readonly version: number;
  /** When its status is there: milliseconds since 1970, to the second. */
  readonly created: Promise<number>;
};

/** A status that is younger may have been written only once, as far as its times tell. */
const AGED_MS = 2_000;

/** What the Secrets Store CSI driver does on a node, for every pod that mounts one of the classes. */
export class Mounts {
  readonly #options: MountsOptions;
  #versions: ReadonlyMap<ClassName, number>;
  #mounts = new Map<string, Mount>();

  constructor(options: MountsOptions) {
    this.#options = options;
    this.#versions = new Map(options.classes.map((source) => [source, 1]));
    for (const source of options.classes) {
      this.#write(source, 1);
      options.ledger.stored(source, 0n);
    }
  }

  /** Returns what makes everything as it is now: for an API server that forgets what came after. */
  save(): () => void {
    const [versions, mounts] = [this.#versions, new Map(this.#mounts)];
    return () => {
      this.#versions = versions;
      // The status of a pod may have been on its way just then.
      this.#mounts = new Map([...mounts].map(([uid, mount]) => [uid, this.#made(mount)]));
    };
  }

  /** Mounts what is current for a pod that has come to a node. */
  see(pod: Pod): void {
    const source = classOf(pod);
    const version = source && this.#versions.get(source);
    const { uid } = pod.metadata;
    if (version === undefined || pod.spec.nodeName === undefined || !isLiving(pod) || this.#mounts.has(uid))
      return;
    this.#mounts.set(uid, this.#made({ pod, source: source!, version }));
  }

  #made({ pod, source, version }: Omit<Mount, 'created'>): Mount {
    const created = this.#create(pod, source, version);
    // It is awaited later; until then a failure is not unhandled.
    created.catch(() => undefined);
    return { pod, source, version, created };
  }

  /** The digest of what a pod started with; undefined before it has come to a node. */
  startedWith({ metadata }: Pod): string | undefined {
    const mount = this.#mounts.get(metadata.uid);
    return mount && mountHash(nameOf(mount.source), String(mount.version));
  }

  /** Writes another version into the files of every living pod, one pod after the other. */
  async rotate(which?: ClassName): Promise<'rotate'> {
    const { random, classes, pods, cp, ns, ledger } = this.#options;
    const source = which ?? random.pick(classes);
    const version = (this.#versions.get(source) ?? 0) + 1;
    this.#versions = new Map([...this.#versions, [source, version]]);
    this.#write(source, version);
    let stored: bigint | undefined;
    for (const mount of [...this.#mounts.values()]) {
      if (mount.source !== source || mount.version === version) continue;
      await delay(Math.max((await mount.created) + AGED_MS - Date.now(), 0));
      const now = pods.get(mount.pod.metadata.uid);
      if (now === undefined || !isLiving(now)) continue;
      const { metadata, status } = podStatus(mount.pod.metadata, nameOf(source), String(version));
      const { object } = await insist(cp, {
        method: 'PATCH',
        path: csiPath(ns, `${POD_STATUS.plural}/${metadata.name}`),
        body: { status: { objects: status.objects } },
        contentType: MERGE,
        // It went with its pod.
        done: 404,
      });
      stored ??= object && versionOf(object);
    }
    const list = { method: 'GET', path: csiPath(ns, POD_STATUS.plural) } as const;
    ledger.stored(source, stored ?? versionOf((await insistOn(cp, list)).object));
    return 'rotate';
  }

  async #create(pod: Pod, source: ClassName, version: number): Promise<number> {
    const { cp, ns } = this.#options;
    const body = podStatus(pod.metadata, nameOf(source), String(version));
    const path = csiPath(ns, POD_STATUS.plural);
    const { object } = await insist(cp, { method: 'POST', path, body, done: 409 });
    const made =
      object ??
      (await insist(cp, { method: 'GET', path: `${path}/${body.metadata.name}`, done: 404 })).object;
    return Date.parse(made?.metadata.creationTimestamp ?? '') || 0;
  }

  #write(source: ClassName, version: number): void {
    const name = nameOf(source);
    this.#options.ledger.write(source, { version: String(version) }, mountHash(name, String(version)));
  }
}

function classOf({ spec }: Pod): ClassName | undefined {
  const names = (spec.volumes ?? []).map(({ csi }) => csi?.volumeAttributes?.secretProviderClass);
  const name = names.find((one) => one !== undefined);
  return name === undefined ? undefined : `SecretProviderClass/${name}`;
}

function nameOf(source: ClassName): string {
  return source.slice(source.indexOf('/') + 1);
}
