import { setTimeout as delay } from 'node:timers/promises';
import type { Connection } from '../../controlplane/connection.ts';
import type { KubeObject } from '../../controlplane/http.ts';
import { follow } from '../follow.ts';
import { insist, MERGE } from '../insist.ts';
import type { Random } from '../random.ts';

/** Keeps what is deleted, until the janitor comes by. */
export const SLOW = 'restamp.example/slow';

type Kept = KubeObject & { readonly metadata: { readonly finalizers?: readonly string[] } };

/** A controller that cleans up after what is deleted, and takes its time. */
export class Janitor {
  readonly #cp: Connection;
  readonly #random: Random;
  readonly #paths: readonly string[];
  readonly #busy = new Set<string>();
  readonly #stopping = new AbortController();

  /** Of all objects at these paths. */
  constructor(cp: Connection, random: Random, paths: readonly string[]) {
    this.#cp = cp;
    this.#random = random;
    this.#paths = paths;
  }

  start(): void {
    for (const path of this.#paths) {
      const see = (object: Kept): void => this.#see(`${path}/${object.metadata.name}`, object);
      const gone = (): undefined => undefined;
      const all = (items: readonly Kept[]): void => items.forEach(see);
      void follow<Kept>(this.#cp, path, this.#stopping.signal, { all, one: see, gone });
    }
  }

  stop(): void {
    this.#stopping.abort();
  }

  #see(path: string, { metadata }: Kept): void {
    const { deletionTimestamp, finalizers = [], uid } = metadata;
    if (deletionTimestamp === undefined || !finalizers.includes(SLOW) || this.#busy.has(uid)) return;
    this.#busy.add(uid);
    const done = (): boolean => this.#busy.delete(uid);
    // An API server that forgot it all has forgotten this one too.
    void this.#clean(path).then(done, done);
  }

  async #clean(path: string): Promise<void> {
    const { signal } = this.#stopping;
    await delay(this.#random.between(200, 3_000), undefined, { signal }).catch(() => undefined);
    while (!signal.aborted) {
      const { object } = await insist(this.#cp, { method: 'GET', path, done: 404 });
      const { finalizers = [], resourceVersion } = (object as Kept | undefined)?.metadata ?? {};
      if (object?.metadata.deletionTimestamp === undefined || !finalizers.includes(SLOW)) return;
      const body = { metadata: { resourceVersion, finalizers: finalizers.filter((one) => one !== SLOW) } };
      await insist(this.#cp, { method: 'PATCH', path, body, contentType: MERGE, done: 409 });
    }
  }
}
