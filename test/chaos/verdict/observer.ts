import type { Connection } from '../../controlplane/connection.ts';
import type { Actor } from '../population/cast.ts';
import { STAMPS } from '../../e2e/support/objects.ts';
import { follow } from '../follow.ts';
import { versionOf } from '../insist.ts';
import {
  ACTOR_KINDS,
  actorPath,
  isStamped,
  leverIn,
  podTemplateOf,
  templateText,
  type ActorKind,
  type ActorObject,
  type AnySource,
} from '../population/kinds.ts';

type Lever = string | undefined;

/** One Job that a CronJob has run: the levers in it. */
export type Run = ReadonlyMap<AnySource, Lever>;

/** What was seen of one workload. */
export type Record = {
  readonly object: ActorObject;
  /** Nothing of its name was there when it was last looked at. */
  readonly gone: boolean;
  /** The version in which the object of this uid was seen first. */
  readonly madeAt: bigint;
  /** How often its pod template has become another one, or, for a Job, another Job; as far as the watch has told. */
  readonly transitions: number;
  /** Every template value of the env var of each of its sources, in order; equal neighbours are one. */
  readonly levers: ReadonlyMap<AnySource, readonly Lever[]>;
  /** The version in which the env var of a source was taken away last: pods are started anew without it then. */
  readonly takenAt: ReadonlyMap<AnySource, bigint>;
  /** Each `restartAt` that it has had, in order; undefined where it was taken away. */
  readonly restarts: readonly Restart[];
  /** For a CronJob: the Jobs that it ran since it was created, oldest first. */
  readonly runs: readonly Run[];
  /** The version in which its map knew a source again that somebody's write had taken out of it. */
  readonly bareUntil: ReadonlyMap<AnySource, bigint>;
};

/** Since which version its pods are to be younger than a time. */
export type Restart = { readonly at: string | undefined; readonly version: bigint };

type Seen = Omit<Record, 'runs'>;
type OneRun = { readonly owner: string; readonly run: Run };
type Bareness = { readonly source: AnySource; readonly since: bigint };

/** Follows every workload at the API server itself, past the faulty lines; knows nothing of Restamp. */
export class Observer {
  readonly #cp: Connection;
  readonly #ns: string;
  readonly #actors: ReadonlyMap<string, Actor>;
  #records = new Map<string, Seen>();
  #bare = new Map<string, Bareness[]>();
  /** The Jobs of each CronJob by their uids, in the order in which they were seen first. */
  #runs = new Map<string, ReadonlyMap<string, OneRun>>();
  readonly #waiting = new Set<() => void>();
  #stopping = new AbortController();
  /** What was seen of every workload, in order: for people. */
  readonly history: object[] = [];

  constructor(cp: Connection, ns: string, actors: readonly Actor[]) {
    this.#cp = cp;
    this.#ns = ns;
    this.#actors = new Map(actors.map((actor) => [idOf(actor), actor]));
  }

  /** Returns what makes everything as it is now: for an API server that forgets what came after. */
  save(): () => void {
    const [records, bare, runs] = [new Map(this.#records), new Map(this.#bare), new Map(this.#runs)];
    return () => {
      this.#records = new Map(records);
      this.#bare = new Map(bare);
      this.#runs = new Map(runs);
    };
  }

  start(): void {
    this.#stopping = new AbortController();
    const { signal } = this.#stopping;
    for (const kind of ACTOR_KINDS)
      void follow<ActorObject>(this.#cp, actorPath(this.#ns, kind), signal, {
        all: (items) => this.#seeAll(kind, items),
        one: (object) => this.#see(kind, object),
        gone: ({ metadata }) => this.#miss(`${kind}/${metadata.name}`, metadata.uid),
      });
  }

  stop(): void {
    this.#stopping.abort();
  }

  record(actor: Pick<Actor, 'kind' | 'name'>): Record | undefined {
    const seen = this.#records.get(idOf(actor));
    if (seen === undefined) return undefined;
    if (actor.kind !== 'CronJob') return { ...seen, runs: [] };
    const all = [...(this.#runs.get(actor.name)?.values() ?? [])];
    const runs = all.filter(({ owner }) => owner === seen.object.metadata.uid).map(({ run }) => run);
    const levers = [...seen.levers.keys()].map((source) => {
      const values = runs.map((run) => run.get(source)).filter((value) => value !== undefined);
      return [source, [undefined, ...values]] as const;
    });
    return { ...seen, transitions: all.length, runs, levers: new Map(levers) };
  }

  /** The map of a workload is without these sources since this version, or was before it. */
  bare(actor: Actor, sources: readonly AnySource[], since: bigint): void {
    const id = idOf(actor);
    const others = (this.#bare.get(id) ?? []).filter(({ source }) => !sources.includes(source));
    this.#bare.set(id, [...others, ...sources.map((source) => ({ source, since }))]);
    const seen = this.#records.get(id);
    if (seen !== undefined) this.#records.set(id, { ...seen, bareUntil: this.#bareUntil(id, seen) });
  }

  /** Asks everybody who waits once more: something else was seen. */
  look(): void {
    for (const look of [...this.#waiting]) look();
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

  #seeAll(kind: ActorKind, items: readonly ActorObject[]): void {
    const created = (object: ActorObject): string => object.metadata.creationTimestamp;
    const oldestFirst = [...items].sort((a, b) => created(a).localeCompare(created(b)));
    for (const item of oldestFirst) this.#see(kind, item);
    const there = new Set(items.map(({ metadata }) => `${kind}/${metadata.name}`));
    for (const [id, { object }] of this.#records)
      if (id.startsWith(`${kind}/`) && !there.has(id)) this.#miss(id, object.metadata.uid);
  }

  #miss(id: string, uid: string): void {
    const seen = this.#records.get(id);
    if (seen?.object.metadata.uid === uid) this.#records.set(id, { ...seen, gone: true });
  }

  #see(kind: ActorKind, object: ActorObject): void {
    const owner = object.metadata.ownerReferences?.find(({ controller }) => controller === true);
    if (owner?.kind === 'CronJob') this.#seeRun(owner, object);
    else this.#seeWorkload(`${kind}/${object.metadata.name}`, object);
    this.look();
  }

  #seeRun(owner: { readonly name: string; readonly uid: string }, job: ActorObject): void {
    const { sources = [] } = this.#actors.get(`CronJob/${owner.name}`) ?? {};
    const runs = this.#runs.get(owner.name) ?? new Map<string, OneRun>();
    const run = new Map(sources.map((source) => [source, leverIn(podTemplateOf(job), source)]));
    if (runs.has(job.metadata.uid)) return;
    this.#runs.set(owner.name, new Map([...runs, [job.metadata.uid, { owner: owner.uid, run }]]));
    const { name, uid, resourceVersion, creationTimestamp } = job.metadata;
    const levers = Object.fromEntries(run);
    const id = `CronJob/${owner.name}`;
    this.history.push({ at: new Date(), id, job: name, uid, resourceVersion, creationTimestamp, levers });
  }

  #seeWorkload(id: string, object: ActorObject): void {
    const { sources = [], kind } = this.#actors.get(id) ?? {};
    const old = this.#records.get(id);
    const same = old?.object.metadata.resourceVersion === object.metadata.resourceVersion;
    if (old !== undefined && same && !old.gone) return;
    const levers = new Map(
      sources.map((source) => {
        const values = old?.levers.get(source) ?? [];
        const value = leverIn(podTemplateOf(object), source);
        return [source, values.length > 0 && values.at(-1) === value ? values : [...values, value]];
      }),
    );
    const transitions =
      (old?.transitions ?? 0) + (old !== undefined && isRolled(kind, old.object, object) ? 1 : 0);
    const taken = sources.filter(
      (source) => levers.get(source)?.at(-1) === undefined && old?.levers.get(source)?.at(-1) !== undefined,
    );
    const now = taken.map((source) => [source, versionOf(object)] as const);
    const takenAt = new Map([...(old?.takenAt ?? []), ...now]);
    const restarts = [...(old?.restarts ?? [])];
    const at = object.spec.restartAt;
    if (restarts.at(-1)?.at !== at) restarts.push({ at, version: versionOf(object) });
    const seen = {
      object,
      gone: false,
      madeAt: madeAt(old, object),
      transitions,
      levers,
      takenAt,
      restarts,
      bareUntil: old?.bareUntil ?? new Map(),
    };
    this.#records.set(id, { ...seen, bareUntil: this.#bareUntil(id, seen) });
    const { uid, resourceVersion, annotations } = object.metadata;
    const shown = [...levers].map(([source, values]) => [source, values.at(-1)] as const);
    const stamps = annotations?.[STAMPS];
    this.history.push({
      at: new Date(),
      id,
      uid,
      resourceVersion,
      stamps,
      levers: Object.fromEntries(shown),
    });
  }

  /** What is known again in what was seen; that is then no longer looked for. */
  #bareUntil(id: string, { object, bareUntil }: Seen): Record['bareUntil'] {
    const now = versionOf(object);
    const bare = this.#bare.get(id) ?? [];
    const back = bare.filter(({ source, since }) => since <= now && isStamped(object, source));
    this.#bare.set(
      id,
      bare.filter((one) => !back.includes(one)),
    );
    return new Map([...bareUntil, ...back.map(({ source }) => [source, now] as const)]);
  }
}

function madeAt(old: Seen | undefined, object: ActorObject): bigint {
  return old?.object.metadata.uid === object.metadata.uid ? old.madeAt : versionOf(object);
}

/** A Job is rolled by another one of its name; all others by their template or a restart, until they are deleted. */
function isRolled(kind: ActorKind | undefined, before: ActorObject, after: ActorObject): boolean {
  const another = before.metadata.uid !== after.metadata.uid;
  if (kind === 'Job') return another;
  if (another || kind === 'CronJob') return false;
  const { restartAt } = after.spec;
  const restarted = restartAt !== undefined && restartAt !== before.spec.restartAt;
  return restarted || templateText(before) !== templateText(after);
}

export function idOf({ kind, name }: Pick<Actor, 'kind' | 'name'>): string {
  return `${kind}/${name}`;
}
