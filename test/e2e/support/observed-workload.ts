import type { KubeObject } from '../../controlplane/http.ts';
import {
  historyOf,
  leverOf,
  MATCH,
  SEARCH,
  sha1Of,
  type Annotations,
  type Data,
  type SourceName,
  type WorkloadKind,
  type WorkloadObject,
} from './objects.ts';
import type { Stage } from './environment.ts';

type Revision = KubeObject & {
  readonly revision: number;
};

/** What happened to a workload since it was looked at last. */
export type Happened = {
  /** The sources of each roll, oldest first, as its own history tells. */
  readonly rolls: readonly (readonly string[])[];
  /** How many new pod templates the controller of its kind has seen: Restamp has no part in this number. */
  readonly revisions: number;
};

const LIST = 'configmap.reloader.stakater.com/reload';

/**
 * A workload that can be asked whether anything rolled it. The proof that nothing did needs no waiting: it has a
 * source of its own, its bell. That is changed last, and the roll for it must name it alone.
 */
export class Observed {
  readonly kind: WorkloadKind;
  readonly name: string;
  readonly bell: SourceName;
  readonly #stage: Stage;
  #rings = 0;
  #newest = '';
  #revision = 0;

  constructor(stage: Stage, kind: WorkloadKind, name: string) {
    this.#stage = stage;
    this.kind = kind;
    this.name = name;
    this.bell = `ConfigMap/bell-${name}`;
  }

  /** The workload's annotations, with which it hears its bell too. */
  hearing(annotations: Annotations): Annotations {
    const list = annotations[LIST];
    if (list !== undefined) return { ...annotations, [LIST]: `${list},bell-${this.name}` };
    const secrets = 'secret.reloader.stakater.com/reload' in annotations;
    return secrets ? { ...annotations, [LIST]: `bell-${this.name}` } : annotations;
  }

  /** The annotations of the bell, with which such a workload hears it. */
  bellMarks(annotations: Annotations): Annotations {
    return Object.keys(SEARCH).some((key) => key in annotations) ? MATCH : {};
  }

  get(): Promise<WorkloadObject> {
    return this.#stage.get(this.kind, this.name);
  }

  /** Waits for the roll that shows these data of a source in its env var. */
  rolledFor(which: SourceName, data: Data): Promise<WorkloadObject> {
    const value = sha1Of(data);
    return this.#stage.until(this.kind, this.name, (object) => leverOf(object, which) === value);
  }

  /** Waits until its history has grown by so many entries since the last look. */
  rolledTimes(count: number): Promise<WorkloadObject> {
    return this.#stage.until(this.kind, this.name, (object) => this.#since(object).length >= count);
  }

  /** From here on `ring` counts. */
  async mark(): Promise<void> {
    const object = await this.#settled();
    this.#newest = historyOf(object)[0]?.rolled ?? '';
    this.#revision = await this.#readRevision(object);
  }

  /** Rings the bell, waits for that roll, and tells all that happened since the last time. */
  async ring(): Promise<Happened> {
    this.#rings += 1;
    const data = { rings: String(this.#rings) };
    await this.#stage.change(this.bell, data);
    await this.rolledFor(this.bell, data);
    return this.happened();
  }

  /** The same without ringing: for what must stay quiet even then, after another workload's bell. */
  async happened(): Promise<Happened> {
    const before = this.#revision;
    const rolls = this.#since(await this.#settled()).reverse();
    await this.mark();
    return { rolls, revisions: this.#revision - before };
  }

  /** What `ring` says when these rolls happened, and then the bell's. */
  after(...rolls: readonly (readonly string[])[]): Happened {
    const bell = `cm/bell-${this.name}`;
    return { rolls: [...rolls, [bell]], revisions: rolls.length + 1 };
  }

  #since(object: WorkloadObject): string[][] {
    const history = historyOf(object);
    const end = history.findIndex(({ rolled }) => rolled === this.#newest);
    const fresh = end < 0 ? history : history.slice(0, end);
    return fresh.map(({ sources }) => sources.map((one) => one.source));
  }

  /** The workload once its controller has seen its newest template. */
  #settled(): Promise<WorkloadObject> {
    return this.#stage.until(
      this.kind,
      this.name,
      ({ metadata, status }) => (status?.observedGeneration ?? 0) >= (metadata.generation ?? 0),
    );
  }

  async #readRevision(object: WorkloadObject): Promise<number> {
    if (this.kind === 'Deployment')
      return Number(object.metadata.annotations?.['deployment.kubernetes.io/revision']);
    const path = `/apis/apps/v1/namespaces/${this.#stage.ns}/controllerrevisions?labelSelector=app%3D${this.name}`;
    const { items } = await this.#stage.cp.api<{ items: Revision[] }>('GET', path);
    return Math.max(...items.map(({ revision }) => revision));
  }
}
