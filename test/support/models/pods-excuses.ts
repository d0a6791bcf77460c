import { ABSENT } from '../../../src/core/objects/digest.ts';
import type { Plan } from '../../../src/core/stamps/plan.ts';
import type { Stamp } from '../../../src/core/stamps/stamp-map.ts';
import { SOURCES, type Cluster, type Key, type Pod } from './pods-cluster.ts';
import type { Flags } from './pods-restamp.ts';

type Stamps = ReadonlyMap<string, Stamp> | undefined;

/**
 * Which pods may keep data that are not current, and why: the exceptions of the rules, each in a method of its own.
 * Whatever is not said here, a pod must not do.
 */
export class Excuses {
  readonly #cluster: Cluster;
  readonly #flags: Flags;
  readonly #excused = new WeakMap<Pod, Set<Key>>();
  /** The dependencies of which an entry was known when Restamp looked last. */
  #tracked = new Set<Key>();

  constructor(cluster: Cluster, flags: Flags) {
    this.#cluster = cluster;
    this.#flags = flags;
  }

  has(pod: Pod, key: Key): boolean {
    return this.#excused.get(pod)?.has(key) ?? false;
  }

  /** Whether pods must hold what is stored. Without the flag, a source that is missing is no reason to roll. */
  mustBeCurrent(key: Key): boolean {
    return this.depends(key) && (this.#cluster.sources.has(key) || this.#flags.reloadOnDelete);
  }

  /**
   * Rules 1, 2 and 5, when Restamp has looked: what was no dependency, or was in no map that it knew, has a baseline
   * now; and so has what is there for the first time, as it was created; but not what has changed with or after the write that made it
   * one, which its pods have not seen. `known`: there is a map now.
   */
  looked(before: Stamps, plan: Plan | undefined, known: boolean, changed?: Key): void {
    const stale = plan?.stale.map(({ key }) => key) ?? [];
    const keys = new Set([...(plan?.baseline.s.keys() ?? []), ...stale]);
    for (const key of SOURCES) {
      if (plan !== undefined && keys.has(key) !== this.depends(key)) throw new Error(`${key} in the map`);
      const isNew = plan?.baseline.s.has(key) === true && !this.#tracked.has(key);
      const source = this.#cluster.sources.get(key);
      // Written once, unless both were in one second.
      const isThere = source?.written === source?.created && !this.#flags.reloadOnCreate;
      if ((isNew && key !== changed) || (before?.get(key)?.h === ABSENT && isThere)) this.#excuse(key);
    }
    this.#tracked = new Set(known ? SOURCES.filter((key) => this.depends(key)) : []);
  }

  /** A source returns to what is stamped before anything was rolled: a pod that started in between keeps that. */
  returned(key: Key): void {
    this.#excuse(key);
  }

  /** What was only remembered is lost with the process: what is stored counts again. */
  restarted(stored: ReadonlyMap<string, Stamp>, remembered: Stamps): void {
    this.#tracked = new Set(SOURCES.filter((key) => stored.has(key)));
    for (const key of SOURCES)
      if (stored.has(key) && stored.get(key)?.h !== remembered?.get(key)?.h) this.#excuse(key);
  }

  /** A template comes back whose pods still run, and no Restamp is there to see it. */
  unseen(template: string): void {
    for (const key of SOURCES) this.#excuse(key, (pod) => pod.template === template);
  }

  /** The workload and its pods have been made again, with a map or without. */
  recreated(stamped: boolean): void {
    this.#tracked.clear();
    if (stamped) this.#tracked = new Set(SOURCES.filter((key) => this.depends(key)));
  }

  #excuse(key: Key, which: (pod: Pod) => boolean = () => true): void {
    for (const pod of this.#cluster.pods)
      if (which(pod) && this.#cluster.isOutdated(pod, key))
        this.#excused.set(pod, (this.#excused.get(pod) ?? new Set()).add(key));
  }

  /** The rule as a person would tell it: opted in, and the source's mark says so, or said so when it was last there. */
  depends(key: Key): boolean {
    const { opting, deployment, sources } = this.#cluster;
    if (deployment.metadata.annotations?.[`reloader.stakater.com/${opting}`] !== 'true') return false;
    const source = sources.get(key);
    if (opting === 'auto') return source?.ignore !== true;
    return source === undefined ? this.#tracked.has(key) : source.match;
  }
}
