import { createHash } from 'node:crypto';
import { CsiDriver } from '../support/csi-driver.ts';
import { sha1Of, source, stampedKeys, type Data } from '../support/objects.ts';
import type { Stage } from '../support/environment.ts';
import { createWithPod } from './csi-pods.ts';
import type { CsiRole, CsiRow } from './rows/csi-rows.ts';
import { rollsOf } from './judge.ts';
import { workloadPath, type TableKind, type Workload } from './kinds.ts';
import { named } from './rows/row.ts';

const patienceMs = 120_000;

/** One row for one kind. */
export type CsiSubject = {
  readonly row: CsiRow;
  readonly kind: TableKind;
  /** Each has its own, so that a rotation is one of its pod alone. */
  readonly name: string;
};

export const sourceOf = ({ name }: CsiSubject, role: CsiRole): string => `${name}-${role}`;
export const keyOf = (subject: CsiSubject, role: CsiRole): string =>
  `${role === 'cm' ? 'cm' : 'spc'}/${sourceOf(subject, role)}`;
const dataOf = (count: number): Data => ({ n: String(count) });

/** Reloader's hash of a source after so many changes. */
export function hashOf(subject: CsiSubject, role: CsiRole, count: number): string {
  if (role === 'cm') return sha1Of(dataOf(count));
  const text = `SecretProviderClassName=${sourceOf(subject, role)};secret/db=${String(count)}`;
  return createHash('sha1').update(text).digest('hex');
}

/** One subject, and the pod that it has now. */
export class CsiPlayer {
  readonly #stage: Stage;
  readonly #driver: CsiDriver;
  readonly #subject: CsiSubject;
  #pod = '';

  constructor(stage: Stage, subject: CsiSubject) {
    this.#stage = stage;
    this.#driver = new CsiDriver(stage.cp, stage.ns);
    this.#subject = subject;
  }

  /** Creates all that the row has, and waits until the map has what is to roll later, or could. */
  async prepare(): Promise<void> {
    const { row, kind, name } = this.#subject;
    const annotated = {
      annotations: named(row.on ?? {}, name),
      onTemplate: named(row.onTemplate ?? {}, name),
    };
    for (const role of row.uses)
      if (role === 'cm') await this.#stage.create(source(`ConfigMap/${name}-cm`, dataOf(0)));
      else await this.#driver.define(sourceOf(this.#subject, role));
    const given = { ...annotated, pods: podsOf(this.#subject) };
    this.#pod = await createWithPod(this.#stage.cp, { ns: this.#stage.ns, kind, name }, given);
    await this.#mountAll(0);
    const keys = [...(row.rolls ?? []), ...(row.labelled ?? [])].map((role) => keyOf(this.#subject, role));
    await this.#until((object) => keys.every((key) => stampedKeys(object)?.includes(key) ?? false));
  }

  /** Changes what must roll nobody. */
  async disturb(): Promise<void> {
    const { labelled = [], still = [] } = this.#subject.row;
    for (const role of labelled)
      await this.#driver.label(this.#pod, sourceOf(this.#subject, role), { touched: 'yes' });
    for (const role of still) await this.#change(role, 1);
  }

  /** Changes what must roll, one after another. */
  async roll(): Promise<void> {
    const { row, name } = this.#subject;
    for (const [index, role] of (row.rolls ?? []).entries()) {
      if (index > 0) {
        // Only Deployments roll more than once. What follows a pod starts with what is current.
        const [successor = ''] = await this.#driver.successors(name, [this.#pod], 1);
        this.#pod = successor;
        await this.#mountAll(index);
      }
      await this.#change(role, index + 1);
      await this.#until((object) => rollsOf(object).length > index);
    }
  }

  async #mountAll(version: number): Promise<void> {
    for (const role of this.#subject.row.uses)
      if (role !== 'cm') await this.#driver.mount(this.#pod, sourceOf(this.#subject, role), String(version));
  }

  async #change(role: CsiRole, count: number): Promise<void> {
    if (role === 'cm') await this.#stage.change(`ConfigMap/${this.#subject.name}-cm`, dataOf(count));
    else await this.#driver.mount(this.#pod, sourceOf(this.#subject, role), String(count));
  }

  async #until(fits: (object: Workload) => boolean): Promise<void> {
    const { kind, name } = this.#subject;
    await this.#stage.cp.untilObject<Workload>(workloadPath(this.#stage.ns, kind, name), fits, patienceMs);
  }
}

/** The pod spec that mounts the classes and takes its environment from the ConfigMap. */
function podsOf(subject: CsiSubject): object {
  const { uses, in: where = 'main' } = subject.row;
  const classes = uses.filter((role) => role !== 'cm');
  const container = (name: 'main' | 'init'): object => ({
    name,
    image: `registry.example/${name}:1`,
    envFrom:
      name === 'main' && uses.includes('cm') ? [{ configMapRef: { name: sourceOf(subject, 'cm') } }] : [],
    volumeMounts: name === where ? classes.map((role) => ({ name: role, mountPath: `/etc/${role}` })) : [],
  });
  const volumes = classes.map((role) => ({
    name: role,
    csi: {
      driver: 'secrets-store.csi.k8s.io',
      readOnly: true,
      volumeAttributes: { secretProviderClass: sourceOf(subject, role) },
    },
  }));
  return {
    containers: [container('main')],
    ...(where === 'init' ? { initContainers: [container('init')] } : {}),
    volumes,
  };
}
