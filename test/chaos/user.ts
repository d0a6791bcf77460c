import { setTimeout as delay } from 'node:timers/promises';
import type { Connection } from '../controlplane/connection.ts';
import type { KubeObject } from '../controlplane/http.ts';
import type { Actor } from './population/cast.ts';
import { STAMPS } from '../e2e/support/objects.ts';
import { hostileText } from '../support/hostile-values.ts';
import { type Answer, insist, insistOn, MERGE, versionOf } from './insist.ts';
import {
  actorPath,
  hasLevers,
  inSpec,
  isStamped,
  podTemplateOf,
  type ActorKind,
  type ActorManifest,
  type ActorObject,
  type AnySource,
} from './population/kinds.ts';
import type { Random } from './random.ts';

/** What somebody did to one workload that may have replaced its pods without any source. */
export type Deeds = {
  /** How many new templates, or new Jobs, came of it. */
  readonly rolls: number;
  /** The version in which its own user started its pods anew last; undefined if never. */
  readonly freshAt: bigint | undefined;
  /** It was deleted and created again. */
  readonly remade: boolean;
  /** Its template may differ from what it was at first, without any source. */
  readonly retemplated: boolean;
};

export type UserOptions = {
  readonly cp: Connection;
  readonly ns: string;
  readonly random: Random;
  /** A write left the map of a workload without these sources: nobody promises to know what they were before it. */
  readonly onBare: (actor: Actor, sources: readonly AnySource[], since: bigint) => void;
};

type Act = 'image' | 'rewrite' | 'replace' | 'restart' | 'label' | 'remake' | 'nonsense' | 'restore';
type State = Deeds & {
  /** Its template is not that of the manifest. */
  readonly changed: boolean;
  /** A write has taken its levers away, and nothing else. */
  readonly stripped: boolean;
};

const ANY_ACTS = ['label', 'remake', 'nonsense', 'nonsense', 'restore'] as const;
const TEMPLATE_ACTS = ['image', 'image', 'replace', 'replace', 'restart', ...ANY_ACTS] as const;
const ACTS: Readonly<Record<ActorKind, readonly Act[]>> = {
  Deployment: TEMPLATE_ACTS,
  DaemonSet: TEMPLATE_ACTS,
  StatefulSet: TEMPLATE_ACTS,
  CronJob: ['image', 'replace', ...ANY_ACTS],
  Job: ANY_ACTS,
  Rollout: ['image', 'rewrite', 'replace', 'replace', ...ANY_ACTS],
};
const DURATIONS = ['quiet-period', 'longest-delay', 'release-quiet'];
const NONSENSE = ['stamps', 'held', 'last-roll', ...DURATIONS];
const EXAMPLE =
  '{"v":1,"n":3,"key":"k","for":"a/Deployment/b","s":{"cm/app":{"h":"-","rv":"7"}},"sources":[]}';
/** Its finalizers may keep what was deleted for a while. */
const RETRY_MS = 100;
const JSON_PATCH = 'application/json-patch+json';
const STRATEGIC = 'application/strategic-merge-patch+json';
const NOTHING: State = {
  rolls: 0,
  freshAt: undefined,
  remade: false,
  retemplated: false,
  changed: false,
  stripped: false,
};

/** Somebody who writes workloads at random, as kubectl does, and knows nothing of Restamp. */
export class User {
  readonly #options: UserOptions;
  #states = new Map<Actor, State>();
  #writes = 0;

  constructor(options: UserOptions) {
    this.#options = options;
  }

  /** Returns what makes everything as it is now: for an API server that forgets what came after. */
  save(): () => void {
    const saved = new Map(this.#states);
    return () => {
      this.#states = new Map(saved);
    };
  }

  deeds(actor: Actor): Deeds {
    return this.#states.get(actor) ?? NOTHING;
  }

  /** Writes one of the workloads; returns what it did. */
  async act(actor: Actor): Promise<Act> {
    const wish = this.#options.random.pick(ACTS[actor.kind]);
    const { stripped } = this.#states.get(actor) ?? NOTHING;
    // Levers that are taken away twice are left to who does that (contested), and nobody promises a roll any more.
    const act = wish === 'replace' && stripped ? 'label' : wish;
    this.#writes += 1;
    if (act === 'replace') await this.#replace(actor);
    else if (act === 'remake') await this.#remake(actor);
    else if (act === 'nonsense') await this.#nonsense(actor);
    else if (act === 'restore') await this.#restore(actor);
    else if (act === 'label') await this.#patch(actor, { metadata: { labels: { edit: `${this.#writes}` } } });
    else {
      const object = await this.#patch(actor, this.#template(actor, act));
      this.#note(actor, { ...this.#replaced(actor, object), changed: true, retemplated: true });
    }
    return act;
  }

  /** A patch that starts its pods anew. */
  #template({ kind, manifest }: Actor, act: 'image' | 'rewrite' | 'restart'): object {
    const image = `registry.example/main:${this.#writes + 1}`;
    if (act === 'restart')
      return inSpec(kind, {
        metadata: { annotations: { 'kubectl.kubernetes.io/restartedAt': `${this.#writes}` } },
      });
    if (act === 'image' && kind === 'Rollout')
      return [{ op: 'replace', path: '/spec/template/spec/containers/0/image', value: image }];
    // A merge patch replaces the list, and with it everything that others have added to it.
    const [main] = podTemplateOf(manifest as unknown as ActorObject).spec.containers;
    return inSpec(kind, {
      spec: { containers: [act === 'rewrite' ? { ...main, image } : { name: 'main', image }] },
    });
  }

  /** The manifest as it was first: no levers, none of our annotations. */
  async #replace(actor: Actor): Promise<void> {
    const { manifest, kind, name, bystander } = actor;
    const { cp, ns } = this.#options;
    const path = actorPath(ns, kind, name);
    const { object, attempts } =
      kind === 'Rollout'
        ? await this.#putOver(path, manifest)
        : await insistOn(cp, { method: 'PUT', path, body: manifest });
    const { changed } = this.#states.get(actor) ?? NOTHING;
    const bare = this.#looseEnds(actor, object, attempts);
    if (changed) this.#note(actor, { ...this.#replaced(actor, object, attempts), changed: false });
    else if (bare && !bystander && hasLevers(manifest))
      // Nobody put its levers back: that is a new template too.
      this.#note(actor, { rolls: this.deeds(actor).rolls + attempts, stripped: true });
  }

  /** Of a custom resource, only what was read can be replaced. */
  async #putOver(path: string, manifest: ActorManifest): Promise<Answer<KubeObject>> {
    const { cp } = this.#options;
    for (let attempts = 0; ;) {
      const { resourceVersion } = (await insistOn(cp, { method: 'GET', path })).object.metadata;
      const body = { ...manifest, metadata: { ...manifest.metadata, resourceVersion } };
      const put = await insist(cp, { method: 'PUT', path, body, done: 409 });
      // One that lost at its first attempt was not carried out.
      if (put.object !== undefined || put.attempts > 1) attempts += put.attempts;
      if (put.object !== undefined) return { object: put.object, attempts };
    }
  }

  async #remake(actor: Actor): Promise<void> {
    const { kind, name, manifest } = actor;
    const { cp, ns } = this.#options;
    const path = actorPath(ns, kind, name);
    const labels = { made: `${this.#writes}` };
    const body = { ...manifest, metadata: { ...manifest.metadata, labels } };
    for (;;) {
      const all = `${path}?propagationPolicy=Background`;
      await insist(cp, { method: 'DELETE', path: all, done: 404 });
      const made = await insist(cp, { method: 'POST', path: actorPath(ns, kind), body, done: 409 });
      const object = made.object ?? (await insist(cp, { method: 'GET', path, done: 404 })).object;
      // A Job that was just being made anew may have come first, and gives way.
      if (object?.metadata.labels?.['made'] !== labels.made) {
        await delay(RETRY_MS);
        continue;
      }
      const { rolls } = this.deeds(actor);
      const freshAt = versionOf(object);
      this.#note(actor, {
        rolls: kind === 'Job' ? rolls + 1 : rolls,
        freshAt,
        remade: true,
        retemplated: true,
        changed: false,
      });
      this.#looseEnds(actor, object, made.object === undefined ? 2 : made.attempts);
      return;
    }
  }

  /** Writes what nobody can read where Restamp reads, or keeps, something. */
  async #nonsense(actor: Actor): Promise<void> {
    const { random } = this.#options;
    const key = random.pick(NONSENSE);
    const text = hostileText(random, EXAMPLE).slice(0, 20_000);
    // What stands there is nobody's wish: a duration that can be read would be one.
    const value = DURATIONS.includes(key) ? `x${text}` : text;
    const object = await this.#patch(actor, { metadata: { annotations: { [`restamp.dev/${key}`]: value } } });
    if (key === 'stamps') this.#looseEnds(actor, object, 1);
  }

  /** Its map comes back as from a backup of another cluster: the same digests, of other uids and of later versions. */
  async #restore({ kind, name }: Actor): Promise<void> {
    const { cp, ns } = this.#options;
    const path = actorPath(ns, kind, name);
    const stored = (await insist(cp, { method: 'GET', path, done: 404 })).object;
    const map = otherCluster(stored?.metadata.annotations?.[STAMPS]);
    if (stored === undefined || map === undefined) return;
    const { resourceVersion } = stored.metadata;
    const body = { metadata: { resourceVersion, annotations: { [STAMPS]: map } } };
    // Somebody was faster: a map that is older would be another story.
    await insist(cp, { method: 'PATCH', path, body, contentType: MERGE, done: 409 });
  }

  /** Its template has been changed, and with it its pods: a CronJob has none. */
  #replaced(actor: Actor, object: KubeObject, times = 1): Partial<State> {
    if (actor.kind === 'CronJob') return {};
    return { rolls: this.deeds(actor).rolls + times, freshAt: versionOf(object) };
  }

  /** Tells which sources its map does not know after this write. */
  #looseEnds(actor: Actor, object: KubeObject, attempts: number): boolean {
    // What an answer that was lost has said, nobody knows.
    const bare = actor.sources.filter((source) => attempts > 1 || !isStamped(object, source));
    if (bare.length > 0) this.#options.onBare(actor, bare, versionOf(object));
    return bare.length > 0;
  }

  async #patch({ kind, name }: Actor, body: object): Promise<KubeObject> {
    const path = actorPath(this.#options.ns, kind, name);
    const custom = Array.isArray(body) ? JSON_PATCH : MERGE;
    const contentType = kind === 'Rollout' ? custom : STRATEGIC;
    const ask = { method: 'PATCH', path, body, contentType } as const;
    return (await insistOn(this.#options.cp, ask)).object;
  }

  #note(actor: Actor, news: Partial<State>): void {
    this.#states.set(actor, { ...NOTHING, ...this.#states.get(actor), ...news });
  }
}

function otherCluster(text: string | undefined): string | undefined {
  try {
    const map = JSON.parse(text ?? '') as { readonly s: Readonly<Record<string, { readonly rv?: string }>> };
    const entries = Object.entries(map.s).map(([key, one]) => [
      key,
      one.rv === undefined ? one : { ...one, uid: `restored-${key}`, rv: `9${one.rv}000` },
    ]);
    return JSON.stringify({ ...map, s: Object.fromEntries(entries) as unknown });
  } catch {
    return undefined;
  }
}
