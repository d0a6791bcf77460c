import { isDeepStrictEqual } from 'node:util';
import type { ReviewRoute } from '../../../certs/review-paths.ts';
import type { Connection } from '../../controlplane/connection.ts';
import { sharedControlPlane, type HasTeardown } from '../../controlplane/shared.ts';
import { Observed } from './observed-workload.ts';
import {
  AUTO,
  historyOf,
  pathOf,
  source,
  split,
  stampedKeys,
  stampKey,
  workload,
  type Data,
  type Kind,
  type Manifest,
  type SourceName,
  type WorkloadKind,
  type WorkloadObject,
  type WorkloadOptions,
} from './objects.ts';
import { startRestamp, type LogLine, type Restamp, type RestampOptions } from './restamp-process.ts';

export type StageOptions = Omit<RestampOptions, 'namespaces' | 'instance'> & {
  /** Its own unless given. */
  readonly namespaces?: readonly string[];
};

const MERGE = 'application/merge-patch+json';
const CONFIGURATIONS = '/apis/admissionregistration.k8s.io/v1';
const KIND_OF = {
  sources: 'validatingwebhookconfigurations',
  workloads: 'mutatingwebhookconfigurations',
} as const;
type Configuration = { readonly webhooks: { readonly clientConfig: { url: string; caBundle: string } }[] };

/** A namespace of one test file with a Restamp that looks after it alone, and what tests do there. */
export class Stage {
  readonly cp: Connection;
  readonly ns: string;
  readonly #options: StageOptions;
  readonly #started: Restamp[] = [];

  constructor(cp: Connection, ns: string, options: StageOptions) {
    this.cp = cp;
    this.ns = ns;
    this.#options = options;
  }

  /** Starts Restamp, the first time or again; what is given replaces the stage's own options. */
  async start(options: StageOptions = {}): Promise<Restamp> {
    const restamp = await startRestamp(this.cp, {
      namespaces: [this.ns],
      ...this.#options,
      ...options,
      instance: this.ns,
    });
    this.#started.push(restamp);
    return restamp;
  }

  /** The Restamp that was started last. */
  get restamp(): Restamp {
    const last = this.#started.at(-1);
    if (last === undefined) throw new Error('Restamp has not been started');
    return last;
  }

  /** The log of every Restamp that ran here. */
  get lines(): LogLine[] {
    return this.#started.flatMap(({ lines }) => lines);
  }

  /** Kinder than `kill` and safe for one that is gone. */
  async close(): Promise<void> {
    for (const restamp of this.#started) await restamp.stop();
  }

  /** What Restamp's `/metrics` says. */
  async metrics(): Promise<string> {
    return (await fetch(`${this.restamp.opsUrl}/metrics`)).text();
  }

  /** Where the API server sends its reviews: what only it and who may read the configurations knows. */
  async door(route: ReviewRoute): Promise<{ url: string; caBundle: string }> {
    const { webhooks } = await this.cp.api<Configuration>(
      'GET',
      `${CONFIGURATIONS}/${KIND_OF[route]}/${this.ns}`,
    );
    const { url, caBundle } = webhooks[0]!.clientConfig;
    return { url, caBundle: Buffer.from(caBundle, 'base64').toString() };
  }

  path(kind: Kind, name?: string): string {
    return pathOf(this.ns, kind, name);
  }

  get(kind: WorkloadKind, name: string): Promise<WorkloadObject> {
    return this.cp.api<WorkloadObject>('GET', this.path(kind, name));
  }

  async create(...objects: readonly Manifest[]): Promise<void> {
    for (const object of objects) await this.cp.api('POST', this.path(object.kind), object);
  }

  async patch(kind: Kind, name: string, body: object): Promise<void> {
    await this.cp.api('PATCH', this.path(kind, name), body, MERGE);
  }

  /** Sets annotations; null takes one away. */
  annotate(kind: Kind, name: string, annotations: Readonly<Record<string, string | null>>): Promise<void> {
    return this.patch(kind, name, { metadata: { annotations } });
  }

  /** Sets keys of a source. */
  change(which: SourceName, data: Data): Promise<void> {
    const { kind, name } = split(which);
    return this.patch(kind, name, kind === 'Secret' ? { stringData: data } : { data });
  }

  async remove(which: SourceName): Promise<void> {
    const { kind, name } = split(which);
    await this.cp.api('DELETE', this.path(kind, name));
  }

  until(
    kind: WorkloadKind,
    name: string,
    fits: (object: WorkloadObject) => boolean,
  ): Promise<WorkloadObject> {
    return this.cp.untilObject<WorkloadObject>(this.path(kind, name), fits);
  }

  /** Waits until the log tells of the newest roll of a workload: it and the metrics come later than what they tell of. */
  async told(kind: WorkloadKind, name: string): Promise<void> {
    const [entry] = historyOf(await this.get(kind, name));
    await this.restamp.until(
      (line) =>
        line.audit === 'roll' &&
        line['kind'] === kind &&
        line['namespace'] === this.ns &&
        line['name'] === name &&
        isDeepStrictEqual(line['sources'], entry?.sources),
    );
  }

  /** Waits until the map that is stored on a workload has exactly these sources. */
  stamped(kind: WorkloadKind, name: string, sources: readonly SourceName[]): Promise<WorkloadObject> {
    const keys = sources.map(stampKey).sort().join();
    return this.until(kind, name, (object) => stampedKeys(object)?.join() === keys);
  }

  /**
   * Creates a workload that uses `uses` and a bell of its own, and waits until its map has `stamps` (what it uses,
   * unless given) and the bell.
   */
  async observe(
    kind: WorkloadKind,
    name: string,
    options: WorkloadOptions & { stamps?: readonly SourceName[] } = {},
  ): Promise<Observed> {
    const { annotations = AUTO, uses = [], stamps = uses } = options;
    const observed = new Observed(this, kind, name);
    await this.create(source(observed.bell, { rings: '0' }, observed.bellMarks(annotations)));
    await this.create(
      workload(kind, name, {
        ...options,
        annotations: observed.hearing(annotations),
        uses: [...uses, observed.bell],
      }),
    );
    await this.stamped(kind, name, [...stamps, observed.bell]);
    await observed.mark();
    return observed;
  }

  /** Creates a workload that is to hear nothing, so that it has no bell either. */
  async deaf(kind: WorkloadKind, name: string, options: WorkloadOptions): Promise<Observed> {
    const observed = new Observed(this, kind, name);
    await this.create(workload(kind, name, options));
    await observed.mark();
    return observed;
  }
}

/** Opens a stage with a running Restamp; both end with `t`. */
export async function openStage(t: HasTeardown, prefix: string, options: StageOptions = {}): Promise<Stage> {
  const cp = await sharedControlPlane(t);
  const stage = new Stage(cp, await cp.freshNamespace(prefix), options);
  t.teardown(() => stage.close());
  await stage.start();
  return stage;
}
