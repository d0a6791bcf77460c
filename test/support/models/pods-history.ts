import { STAMPS } from '../../../src/core/api/annotations.ts';
import { ABSENT } from '../../../src/core/objects/digest.ts';
import { leverName } from '../../../src/core/template/lever.ts';
import { parseStampKey } from '../../../src/core/api/source.ts';
import { mapOwner, parseStamps, type Stamp } from '../../../src/core/stamps/stamp-map.ts';
import { Cluster, SOURCES, type Content, type Deployment, type Key, type Opting } from './pods-cluster.ts';
import { Excuses } from './pods-excuses.ts';
import { digestOf, Restamp, type Flags } from './pods-restamp.ts';

export type Step =
  | { readonly do: 'hold'; readonly key: Key; readonly content: Content }
  | { readonly do: 'mark'; readonly key: Key }
  /** A mark, or an opt-in, and other data with it or just after it: nobody looks in between. */
  | { readonly do: 'mark and hold' | 'opt and hold'; readonly key: Key; readonly content: string }
  | { readonly do: 'opt' | 'progress' | 'complete' | 'evict' | 'act' | 'power' | 'webhook' }
  | { readonly do: 'image' | 'replace'; readonly image: string }
  /** A workload is made again, and a source changes before anybody has looked at it. */
  | { readonly do: 'recreate'; readonly key: Key; readonly content: Content }
  | { readonly do: 'undo'; readonly back: number };

/** One history: what people do, what Restamp makes of it, and what the pods must hold at its end. */
export class History {
  readonly cluster: Cluster;
  readonly #flags: Flags;
  readonly excuses: Excuses;
  restamp: Restamp | undefined;
  #webhook = true;
  /** What the Restamp that was stopped last knew. */
  #remembered: ReadonlyMap<string, Stamp> | undefined;
  /** What may roll: each change once, and what is said beside the other counters. */
  #mayRoll = 0;
  rolls = 0;

  constructor(opting: Opting, flags: Flags) {
    this.#flags = flags;
    this.cluster = new Cluster(opting);
    this.excuses = new Excuses(this.cluster, flags);
    this.restamp = new Restamp(this.cluster, flags);
    this.#look();
    this.restamp.act();
  }

  async take(step: Step): Promise<void> {
    const { cluster } = this;
    cluster.seconds += 1;
    const { newest } = cluster;
    let changed: Key | undefined;
    if (step.do === 'mark and hold' || step.do === 'opt and hold') changed = await this.#together(step);
    else if (step.do === 'hold') this.#hold(step);
    else if (step.do === 'mark') cluster.mark(step.key);
    else if (step.do === 'act') this.#act();
    else if (step.do === 'power') this.#power();
    else if (step.do === 'progress' || step.do === 'complete' || step.do === 'evict') cluster[step.do]();
    else if (step.do === 'opt') {
      await this.#write(this.#opted());
      if (cluster.newest !== newest) throw new Error('an annotation has changed the template');
    } else if (step.do === 'image') await this.#write(this.#withImage(step.image));
    else if (step.do === 'replace') {
      const same = this.#isInGit(step.image);
      const { spec, metadata } = cluster.manifest(step.image);
      await this.#write({
        ...cluster.deployment,
        metadata: { ...cluster.deployment.metadata, annotations: metadata.annotations! },
        spec,
      });
      if (same && this.#sees && cluster.newest !== newest) throw new Error('what Git has makes new pods');
    } else if (step.do === 'undo') await this.#undo(step.back);
    else if (step.do === 'recreate') {
      const made = cluster.recreate('v1');
      cluster.write(this.#sees ? await this.restamp!.review(made, 'CREATE') : made);
      cluster.complete();
      this.excuses.recreated(this.#sees);
      cluster.seconds += 1;
      this.#hold(step);
    } else this.#webhook = !this.#webhook;
    this.#look(changed);
  }

  /** The source of which pods may be outdated by this step, if there was one. */
  async #together(step: { do: string; key: Key; content: string }): Promise<Key | undefined> {
    const before = this.cluster.sources.get(step.key)?.content;
    if (step.do === 'mark and hold') {
      if (before !== undefined && before !== step.content) this.#mayRoll += 1;
      this.cluster.mark(step.key, step.content);
    } else {
      await this.#write(this.#opted());
      this.#hold(step);
    }
    return before === undefined || before === step.content ? undefined : step.key;
  }

  /** Lets everything come to rest; the first thing that is wrong then, or undefined. */
  async settle(): Promise<string | undefined> {
    const { cluster, excuses } = this;
    if (this.restamp === undefined) this.#power();
    for (let round = 0; ; round += 1) {
      cluster.complete();
      this.#look();
      if (!this.#act()) break;
      if (round > 5) return 'it rolls without end';
    }
    for (const key of SOURCES)
      for (const pod of cluster.pods)
        if (excuses.mustBeCurrent(key) && cluster.isOutdated(pod, key) && !excuses.has(pod, key))
          return `a pod holds ${pod.holds.get(key)} of ${key}, which is ${cluster.sources.get(key)?.content}`;
    return this.rolls > this.#mayRoll ? `${this.rolls} rolls, ${this.#mayRoll} reasons` : undefined;
  }

  /** Whether this image runs already. A lever of what is no dependency any more goes with the version in Git. */
  #isInGit(image: string): boolean {
    const hasIdleLever = SOURCES.filter((key) => !this.excuses.depends(key)).some((key) => {
      const { type, name } = parseStampKey(key)!;
      return this.cluster.newest.includes(leverName(type, name));
    });
    return !hasIdleLever && this.cluster.newest.includes(`"image":"${image}"`);
  }

  /** Somebody asks the webhook before a write. */
  get #sees(): boolean {
    return this.#webhook && this.restamp !== undefined;
  }

  #hold({ key, content }: { key: Key; content: Content }): void {
    if (this.cluster.sources.get(key)?.content !== content) this.#mayRoll += 1;
    this.cluster.hold(key, content);
    const stamp = this.restamp === undefined ? this.#stored().get(key) : this.restamp.map()?.s.get(key);
    if (stamp?.h === (content === undefined ? ABSENT : digestOf(key, content))) this.excuses.returned(key);
  }

  #act(): boolean {
    const rolled = this.restamp?.act() ?? false;
    if (rolled) this.rolls += 1;
    return rolled;
  }

  /** Restamp stops, or starts with nothing but what is stored. */
  #power(): void {
    if (this.restamp === undefined) {
      this.excuses.restarted(this.#stored(), this.#remembered);
      this.restamp = new Restamp(this.cluster, this.#flags);
    } else {
      this.#remembered = this.restamp.map()?.s;
      this.restamp = undefined;
    }
  }

  #look(changed?: Key): void {
    if (this.restamp === undefined) return;
    const looked = this.restamp.look();
    this.excuses.looked(looked?.before?.s, looked?.plan, this.restamp.map() !== undefined, changed);
  }

  async #write(object: Deployment): Promise<void> {
    const { cluster } = this;
    const seen = this.#sees ? await this.restamp!.review(object, 'UPDATE') : object;
    const unsettled = cluster.pods.some(({ template }) => template !== cluster.newest);
    const { newest } = cluster;
    cluster.write(seen);
    if (this.restamp === undefined) this.excuses.unseen(cluster.newest);
    // Pods of older templates may go on under it: when in doubt, it rolls once more.
    if (unsettled && cluster.newest !== newest) this.#mayRoll += SOURCES.length;
  }

  async #undo(back: number): Promise<void> {
    const older = [...this.cluster.replicaSets.values()].at(-1 - back);
    if (older === undefined) return;
    const { deployment } = this.cluster;
    await this.#write({
      ...deployment,
      metadata: { ...deployment.metadata, annotations: older.annotations },
      spec: { ...deployment.spec, template: older.template },
    });
    // Its older map counts if nobody remembers the newer one.
    if (!this.#sees) this.#mayRoll += SOURCES.length;
  }

  #opted(): Deployment {
    const { deployment, opting } = this.cluster;
    const key = `reloader.stakater.com/${opting}`;
    const value = deployment.metadata.annotations?.[key] === 'true' ? 'false' : 'true';
    const annotations = { ...deployment.metadata.annotations, [key]: value };
    return { ...deployment, metadata: { ...deployment.metadata, annotations } };
  }

  #withImage(image: string): Deployment {
    const { deployment } = this.cluster;
    const { template } = deployment.spec;
    const containers = (template.spec?.containers ?? []).map((container) => ({ ...container, image }));
    return {
      ...deployment,
      spec: { ...deployment.spec, template: { ...template, spec: { ...template.spec, containers } } },
    };
  }

  #stored(): ReadonlyMap<string, Stamp> {
    const text = this.cluster.deployment.metadata.annotations?.[STAMPS];
    if (text === undefined) return new Map();
    const owner = mapOwner({ namespace: 'prod', kind: 'Deployment', name: 'api' });
    const map = parseStamps(text, owner, new Set(['k1']));
    return typeof map === 'object' ? map.s : new Map();
  }
}
