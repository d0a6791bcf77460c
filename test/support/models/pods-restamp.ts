import { reloaderHash, keyedDigest } from '../../../src/core/objects/digest.ts';
import { RELOADER_KEYS, STAMPS } from '../../../src/core/api/annotations.ts';
import type { Operation } from '../../../src/core/api/json-patch.ts';
import { findDependencies, type NamespaceSources } from '../../../src/core/stamps/dependency.ts';
import { leverValues } from '../../../src/core/stamps/lever-values.ts';
import { leverName, planLever, stampValue, withStamp } from '../../../src/core/template/lever.ts';
import { planWorkload, type Current, type Plan } from '../../../src/core/stamps/plan.ts';
import { parseStampKey, type SourceType } from '../../../src/core/api/source.ts';
import { formatStamps, mapOwner, type StampMap } from '../../../src/core/stamps/stamp-map.ts';
import { reduceWorkload } from '../../../src/core/objects/workload.ts';
import { readWishes } from '../../../src/core/opt-in/overrides.ts';
import { seenUpTo } from '../../../src/state/first-sight.ts';
import { SourceBook } from '../../../src/state/source-cache.ts';
import { WorkloadBook } from '../../../src/state/workload-cache.ts';
import { createWorkloadRoute } from '../../../webhook/workload-handler.ts';
import { applyPatch, type Patchable } from '../controller/fake-patch.ts';
import { patched } from '../core/json-patch.ts';
import { dataOf, kinds, rowOf } from '../core/core-objects.ts';
import { SOURCES, type Cluster, type Deployment, type Key } from './pods-cluster.ts';

const row = rowOf('Deployment');
const settings = {
  keys: RELOADER_KEYS,
  autoReloadAll: false,
  resourcesToIgnore: new Set<SourceType>(),
  kinds,
  borrowed: () => undefined,
};
export const PAGE = 'prod/Deployment/api';

export type Flags = { readonly reloadOnCreate: boolean; readonly reloadOnDelete: boolean };

/** Our digest of a source with this content. */
export function digestOf(key: Key, content: string): string {
  const data = dataOf(parseStampKey(key)!.type, { data: { content } });
  return keyedDigest({ key: Buffer.from('k1'), source: `prod/${key}` }, data);
}

function currentOf(cluster: Cluster, key: Key, asOf?: string): Current {
  const source = asOf === undefined ? cluster.sources.get(key) : cluster.at(key, asOf);
  if (source === undefined) return { state: 'missing' };
  const data = dataOf(parseStampKey(key)!.type, { data: { content: source.content } });
  return {
    state: 'present',
    uid: source.uid,
    resourceVersion: source.version,
    created: source.created * 1000,
    dataTime: source.written * 1000,
    levers: [reloaderHash(data)],
    digest: () => digestOf(key, source.content),
  };
}

/** One process of Restamp: the real rules, the real memory of maps and the real webhook; no time, no requests. */
export class Restamp {
  readonly #cluster: Cluster;
  readonly #flags: Flags;
  readonly #book = new WorkloadBook(new Set(['k1']), (_key, why) => {
    throw new Error(`a map is unreadable: ${why}`);
  });
  readonly #sources = new SourceBook();

  constructor(cluster: Cluster, flags: Flags) {
    this.#cluster = cluster;
    this.#flags = flags;
    this.#put();
    this.#book.start();
  }

  /** The map that counts. */
  map(): StampMap | undefined {
    return this.#book.map(PAGE);
  }

  /** Judges the workload as it is, and remembers what that says; `before` is the map that counted. */
  look(): { readonly before: StampMap | undefined; readonly plan: Plan } | undefined {
    this.#put();
    const page = this.#book.get(PAGE);
    if (page === undefined) return undefined;
    const { workload, addedAfterStart } = page;
    const map = this.map();
    const plan = planWorkload({
      dependencies: findDependencies(workload, map, this.#namespace(), false),
      map,
      current: (key) => currentOf(this.#cluster, key as Key),
      past: (key) => this.#past(key as Key, page.asked),
      keyId: 'k1',
      workloadCreated: workload.created,
      addedAfterStart,
      settled: workload.settled,
      levers: (key) => {
        const { type, name } = parseStampKey(key)!;
        const wanted = leverName(type, name);
        return workload.levers.flatMap((lever) => (lever.name === wanted ? (lever.value ?? []) : []));
      },
      adoptByRoll: false,
      ...this.#flags,
    });
    if (plan.changed) this.#book.remember(PAGE, workload.uid, plan.baseline);
    return { before: map, plan };
  }

  /** Rolls what is stale, or stores the map; true if it rolled. */
  act(): boolean {
    const plan = this.look()?.plan;
    const workload = this.#book.get(PAGE)?.workload;
    if (plan === undefined || workload === undefined) return false;
    const rolls = plan.stale.length > 0;
    const map = rolls ? plan.rolled : plan.baseline;
    const annotations = { [STAMPS]: formatStamps(map, mapOwner(workload)) };
    const changes = plan.stale.map(({ key, dependency }) => {
      const current = currentOf(this.#cluster, key as Key);
      return {
        ...dependency,
        namespace: 'prod',
        value: current.state === 'present' ? current.levers?.[0] : undefined,
        at: 0,
      };
    });
    const digests = plan.stale.map(({ key }) => map.s.get(key)?.h ?? '');
    const stamp = stampValue(map.n, digests);
    const planned = planLever(workload.levers, changes, stamp);
    const template = plan.returns ? withStamp(planned, stamp) : planned;
    const patch = { metadata: { annotations }, ...(rolls ? { spec: { template } } : {}) } as Patchable;
    const before = this.#cluster.newest;
    this.#cluster.write(applyPatch(this.#cluster.deployment, patch, '') as Deployment);
    if (rolls === (this.#cluster.newest === before)) throw new Error('a roll is what changes the template');
    this.look();
    return rolls;
  }

  /** What the webhook makes of a write. */
  async review(after: Deployment, operation: 'CREATE' | 'UPDATE'): Promise<Deployment> {
    const cluster = this.#cluster;
    const route = createWorkloadRoute({
      settings,
      keyId: 'k1',
      mapBefore: (workload) => this.#book.mapBefore(workload),
      mayRun: (workload) => this.#book.mayRun(workload),
      dependencies: (workload, map) => findDependencies(workload, map, this.#namespace(), false),
      readSources: async (_workload, dependencies) =>
        new Map(
          [...dependencies.keys()].map((key) => {
            const current = currentOf(cluster, key as Key);
            return [key, { current, lever: current.state === 'present' ? current.levers?.[0] : undefined }];
          }),
        ),
      seen: () => undefined,
      inScope: () => true,
      bearing: () => {
        const known = this.#book.get(PAGE)?.workload;
        return new Set(SOURCES.filter((key) => known !== undefined && leverValues(known, key).length > 0));
      },
      audit: () => undefined,
    });
    const answer = await route({
      uid: 'r',
      operation,
      resource: { group: 'apps', resource: 'deployments' },
      namespace: '',
      dryRun: false,
      userInfo: { username: 'ann', groups: [] },
      fieldManager: undefined,
      object: after,
      oldObject: operation === 'UPDATE' ? cluster.shown() : undefined,
    });
    return patched(after, (answer.patch ?? []) as Operation[]);
  }

  /** What the pods of a new dependency have seen, if it was written since. */
  #past(key: Key, asked: string | undefined): Current | undefined {
    const source = { ...parseStampKey(key)!, namespace: 'prod' };
    const { asOf, absent } = seenUpTo(this.#sources.get(source), asked);
    const version = this.#cluster.sources.get(key)?.version;
    if (asOf === undefined || version === undefined || Number(version) <= Number(asOf)) return undefined;
    return absent ? { state: 'missing' } : currentOf(this.#cluster, key, asOf);
  }

  #put(): void {
    for (const key of SOURCES) this.#putSource(key);
    const object = this.#cluster.shown();
    const id = { ...object.metadata, kind: 'Deployment', namespace: 'prod', name: 'api' };
    this.#book.put(id, reduceWorkload(row, object, settings));
  }

  #putSource(key: Key): void {
    const where = { ...parseStampKey(key)!, namespace: 'prod' };
    const stored = this.#cluster.sources.get(key);
    if (stored === undefined) {
      this.#sources.remove(where);
      return;
    }
    const { uid, version: resourceVersion, ignore, match } = stored;
    const times = { created: 0, dataTime: undefined };
    const rest = { manager: undefined, release: undefined, wishes: readWishes(undefined) };
    const meta = { ...where, uid, resourceVersion, marks: { ignore, match }, ...times, ...rest };
    this.#sources.put(meta, this.#book.started);
    this.#book.saw(resourceVersion);
  }

  #namespace(): NamespaceSources {
    const { sources } = this.#cluster;
    return new Map([...sources].map(([key, marks]) => [key, { type: parseStampKey(key)!.type, marks }]));
  }
}
