import type { Connection } from '../../controlplane/connection.ts';
import { AUTO, pathOf, source, type SourceName } from '../../e2e/support/objects.ts';
import { EXAMPLES, keysOfTheCode } from '../../e2e/support/siege.ts';
import { hostileText } from '../../support/hostile-values.ts';
import { MERGE } from '../insist.ts';
import { ACTOR_KINDS, actorPath, inSpec, type ActorKind } from './kinds.ts';
import { manifestOf } from './manifest.ts';
import type { Random } from '../random.ts';

const SIZE = 14;
/** It would be obeyed: nothing rolls in its namespace. */
const STOP = 'restamp.dev/stop';

/** Workloads and sources beside all others, whose owners write anything into annotations. Nobody judges them. */
export class Crowd {
  readonly #cp: Connection;
  readonly #ns: string;
  readonly #random: Random;
  readonly #keys: readonly string[];
  /** What each object bears, to be taken away with the next one. */
  readonly #borne = new Map<string, string>();

  private constructor(cp: Connection, ns: string, random: Random, keys: readonly string[]) {
    this.#cp = cp;
    this.#ns = ns;
    this.#random = random;
    this.#keys = keys;
  }

  /** `shared`: what they use beside a source of their own each. */
  static async gather(cp: Connection, ns: string, random: Random, shared: SourceName): Promise<Crowd> {
    const keys = (await keysOfTheCode()).filter((key) => key !== STOP);
    for (let index = 0; index < SIZE; index += 1) {
      const [kind, name, own] = [kindOf(index), nameOf(index), sourceOf(index)];
      await cp.api('POST', pathOf(ns, 'ConfigMap'), source(own, { key: 'odd' }));
      const manifest = manifestOf(kind, name, { annotations: AUTO, uses: [own, shared], pods: false });
      await cp.api('POST', actorPath(ns, kind), manifest);
    }
    return new Crowd(cp, ns, random, keys);
  }

  /** One of them writes something; the API server may refuse it, or not be there. */
  async act(): Promise<'odd'> {
    const random = this.#random;
    const key = random.pick(this.#keys);
    const value = hostileText(random, random.pick(EXAMPLES));
    const index = random.between(0, SIZE - 1);
    const place = random.pick(['workload', 'template', 'source', 'namespace'] as const);
    const id = place === 'namespace' ? place : `${place} ${index}`;
    const before = this.#borne.get(id) ?? key;
    this.#borne.set(id, key);
    const patch = { metadata: { annotations: { [before]: null, [key]: value } } };
    const kind = kindOf(index);
    const path = {
      workload: actorPath(this.#ns, kind, nameOf(index)),
      template: actorPath(this.#ns, kind, nameOf(index)),
      source: pathOf(this.#ns, 'ConfigMap', nameOf(index)),
      namespace: `/api/v1/namespaces/${this.#ns}`,
    }[place];
    const body = place === 'template' ? inSpec(kind, patch) : patch;
    await this.#cp.api('PATCH', path, body, MERGE).catch(() => undefined);
    return 'odd';
  }
}

function nameOf(index: number): string {
  return `odd-${index}`;
}

function sourceOf(index: number): SourceName {
  return `ConfigMap/${nameOf(index)}`;
}

function kindOf(index: number): ActorKind {
  return ACTOR_KINDS[index % ACTOR_KINDS.length]!;
}
