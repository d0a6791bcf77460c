import { setTimeout as delay } from 'node:timers/promises';
import type { Connection } from '../controlplane/connection.ts';
import { leverOf, pathOf, WORKLOAD_KINDS, type WorkloadKind, type WorkloadObject } from '../e2e/objects.ts';
import type { Actor } from './cast.ts';

/** What was seen of one workload, from the mark on. */
export type Record = {
  readonly object: WorkloadObject;
  /** How often its pod template has become another one, as far as the watch has told. */
  readonly transitions: number;
  /** Every template value of the env var of each of its sources, in order; equal neighbours are one. */
  readonly levers: ReadonlyMap<string, readonly (string | undefined)[]>;
};

type List = {
  readonly metadata: { readonly resourceVersion: string };
  readonly items: readonly WorkloadObject[];
};

const RETRY_MS = 100;

/** Follows every workload at the API server itself, past the faulty lines; knows nothing of Restamp. */
export class Observer {
  readonly #cp: Connection;
  readonly #ns: string;
  readonly #actors: ReadonlyMap<string, Actor>;
  readonly #records = new Map<string, Record>();
  readonly #waiting = new Set<() => void>();
  readonly #stopping = new AbortController();

  constructor(cp: Connection, ns: string, actors: readonly Actor[]) {
    this.#cp = cp;
    this.#ns = ns;
    this.#actors = new Map(actors.map((actor) => [`${actor.kind}/${actor.name}`, actor]));
  }

  start(): void {
    for (const kind of WORKLOAD_KINDS) void this.#follow(kind);
  }

  stop(): void {
    this.#stopping.abort();
  }

  record({ kind, name }: Pick<Actor, 'kind' | 'name'>): Record | undefined {
    return this.#records.get(`${kind}/${name}`);
  }

  /** Resolves with true as soon as `holds` does, which is asked after each thing that was seen; with false after `ms`. */
  until(holds: () => boolean, ms: number): Promise<boolean> {
    return new Promise((resolve) => {
      const end = (value: boolean): void => {
        clearTimeout(timer);
        this.#waiting.delete(check);
        resolve(value);
      };
      const check = (): void => {
        if (holds()) end(true);
      };
      const timer = setTimeout(() => end(holds()), ms);
      this.#waiting.add(check);
      check();
    });
  }

  async #follow(kind: WorkloadKind): Promise<void> {
    const { signal } = this.#stopping;
    const path = pathOf(this.#ns, kind);
    while (!signal.aborted) {
      try {
        const { items, metadata } = await this.#cp.api<List>('GET', path, undefined, undefined, signal);
        for (const item of items) this.#see(kind, item);
        const query = `?watch=true&resourceVersion=${metadata.resourceVersion}`;
        for await (const { type, object } of this.#cp.watch<WorkloadObject>(path + query, signal)) {
          if (type === 'ERROR') break;
          if (type === 'ADDED' || type === 'MODIFIED') this.#see(kind, object);
        }
      } catch {
        // The API server is one of the things that are broken on purpose.
      }
      await delay(RETRY_MS, undefined, { signal }).catch(() => undefined);
    }
  }

  #see(kind: WorkloadKind, object: WorkloadObject): void {
    const id = `${kind}/${object.metadata.name}`;
    const { sources = [] } = this.#actors.get(id) ?? {};
    const old = this.#records.get(id);
    if (old?.object.metadata.resourceVersion === object.metadata.resourceVersion) return;
    const same = old === undefined || templateOf(old.object) === templateOf(object);
    const levers = new Map(
      sources.map((source) => {
        const seen = old?.levers.get(source) ?? [];
        const value = leverOf(object, source);
        return [source, seen.length > 0 && seen.at(-1) === value ? seen : [...seen, value]];
      }),
    );
    this.#records.set(id, { object, transitions: (old?.transitions ?? 0) + (same ? 0 : 1), levers });
    for (const look of [...this.#waiting]) look();
  }
}

/** A pod template, byte for byte: the API server writes fields in one order. */
export function templateOf(object: WorkloadObject): string {
  return JSON.stringify(object.spec.template);
}
