import type { Connection } from '../../controlplane/connection.ts';
import { leverOf, sha1Of, pathOf, source, stampedKeys, workload, AUTO } from '../support/objects.ts';
import type { Data, WorkloadObject } from '../support/objects.ts';

const MERGE = 'application/merge-patch+json';

/** A Deployment `name` that uses the ConfigMap `name`, in a namespace that exists. */
export class App {
  readonly #cp: Connection;
  readonly ns: string;
  readonly name: string;

  constructor(cp: Connection, ns: string, name: string) {
    this.#cp = cp;
    this.ns = ns;
    this.name = name;
  }

  /** Creates both, opted in. */
  async create(data: Data): Promise<void> {
    const uses = [`ConfigMap/${this.name}`] as const;
    await this.#cp.api('POST', pathOf(this.ns, 'ConfigMap'), source(uses[0], data));
    const deployment = workload('Deployment', this.name, { annotations: AUTO, uses });
    await this.#cp.api('POST', pathOf(this.ns, 'Deployment'), deployment);
  }

  /** Waits until its map is stored. */
  stamped(): Promise<WorkloadObject> {
    return this.until((object) => stampedKeys(object)?.length === 1);
  }

  /** Sets keys of the ConfigMap; null takes one away. */
  change(data: Readonly<Record<string, string | null>>): Promise<unknown> {
    return this.#cp.api('PATCH', pathOf(this.ns, 'ConfigMap', this.name), { data }, MERGE);
  }

  get(): Promise<WorkloadObject> {
    return this.#cp.api<WorkloadObject>('GET', pathOf(this.ns, 'Deployment', this.name));
  }

  until(fits: (object: WorkloadObject) => boolean): Promise<WorkloadObject> {
    return this.#cp.untilObject<WorkloadObject>(pathOf(this.ns, 'Deployment', this.name), fits);
  }

  /** Waits for the roll that this content of the ConfigMap asks for. */
  rolled(data: Data): Promise<WorkloadObject> {
    return this.until((object) => this.lever(object) === sha1Of(data));
  }

  /** The value of its env var. */
  lever(object: WorkloadObject): string | undefined {
    return leverOf(object, `ConfigMap/${this.name}`);
  }

  /** How many templates it has had, as its controller sees it now: one, and one more for each roll. */
  async revision(): Promise<string | undefined> {
    const { metadata } = await this.until(
      (object) => object.status?.observedGeneration === object.metadata.generation,
    );
    return metadata.annotations?.['deployment.kubernetes.io/revision'];
  }
}
