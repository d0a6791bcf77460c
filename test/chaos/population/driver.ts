import type { Connection } from '../../controlplane/connection.ts';
import { pathOf, source, split, type Data } from '../../e2e/support/objects.ts';
import type { Prop } from './cast.ts';
import { insist, insistOn, MERGE, versionOf } from '../insist.ts';
import { Ledger } from '../verdict/ledger.ts';
import type { Random } from '../random.ts';

/** How likely each change is, of a source that exists. */
const CHANGES = [
  ...Array<'edit'>(8).fill('edit'),
  ...Array<'grow'>(2).fill('grow'),
  ...Array<'shrink'>(2).fill('shrink'),
  ...Array<'back'>(3).fill('back'),
  ...Array<'recreate'>(2).fill('recreate'),
  'delete',
  ...Array<'label'>(2).fill('label'),
] as const;

/** A user of the cluster, who changes sources at random and has no part in the faults. */
export class Driver {
  readonly ledger = new Ledger();
  readonly #cp: Connection;
  readonly #ns: string;
  readonly #random: Random;
  #writes = 0;

  constructor(cp: Connection, ns: string, random: Random) {
    this.#cp = cp;
    this.#ns = ns;
    this.#random = random;
  }

  async create({ name, annotations }: Prop, data: Data = this.#fresh({})): Promise<void> {
    this.ledger.write(name, data);
    const manifest = source(name, data, annotations);
    const { kind, name: of } = split(name);
    const { object } = await insist(this.#cp, {
      method: 'POST',
      path: pathOf(this.#ns, kind),
      body: manifest,
      // A repeated request may find what the first one made.
      done: 409,
    });
    const path = pathOf(this.#ns, kind, of);
    this.ledger.stored(name, versionOf(object ?? (await insistOn(this.#cp, { method: 'GET', path })).object));
  }

  /** Sets every key to something new. */
  edit(prop: Prop): Promise<void> {
    return this.#write(prop, this.#fresh(this.ledger.get(prop.name).data));
  }

  /** Changes one of the sources; returns what it did. */
  async change(prop: Prop): Promise<string> {
    const { data, exists } = this.ledger.get(prop.name);
    if (!exists) {
      await this.create(prop, this.#random.chance(0.3) ? data : this.#fresh(data));
      return 'create';
    }
    const what = this.#random.pick(CHANGES);
    const keys = Object.keys(data);
    if (what === 'edit') await this.edit(prop);
    else if (what === 'grow')
      await this.#write(prop, { ...data, ...this.#fresh({ [`more-${keys.length}`]: '' }) });
    else if (what === 'shrink') {
      const gone = keys.length > 1 ? this.#random.pick(keys) : undefined;
      if (gone === undefined) await this.edit(prop);
      else await this.#write(prop, Object.fromEntries(Object.entries(data).filter(([key]) => key !== gone)));
    } else if (what === 'back') {
      await this.edit(prop);
      await this.#write(prop, data);
    } else if (what === 'label')
      await this.#patch(prop, { metadata: { labels: { edit: String(++this.#writes) } } });
    else {
      await this.#remove(prop);
      if (what === 'recreate') await this.create(prop, this.#random.chance(0.3) ? data : this.#fresh(data));
    }
    return what;
  }

  #fresh(data: Data): Data {
    const keys = Object.keys(data);
    return Object.fromEntries(
      (keys.length === 0 ? ['key', 'a-b', 'a'] : keys).map((key) => [key, this.#value()]),
    );
  }

  #value(): string {
    this.#writes += 1;
    return `value ${this.#writes} ${this.#random.next()}`;
  }

  async #write(prop: Prop, data: Data): Promise<void> {
    const before = this.ledger.get(prop.name).data;
    this.ledger.write(prop.name, data);
    const encoded = (value: string): string =>
      split(prop.name).kind === 'Secret' ? Buffer.from(value).toString('base64') : value;
    const gone = Object.keys(before).map((key) => [key, null] as const);
    const kept = Object.entries(data).map(([key, value]) => [key, encoded(value)] as const);
    await this.#patch(prop, { data: Object.fromEntries([...gone, ...kept]) });
  }

  async #patch(prop: Prop, body: object): Promise<void> {
    const { kind, name } = split(prop.name);
    const path = pathOf(this.#ns, kind, name);
    const { object } = await insistOn(this.#cp, { method: 'PATCH', path, body, contentType: MERGE });
    this.ledger.stored(prop.name, versionOf(object));
  }

  async #remove(prop: Prop): Promise<void> {
    const { kind, name } = split(prop.name);
    await insist(this.#cp, { method: 'DELETE', path: pathOf(this.#ns, kind, name), done: 404 });
    // The answer to a DELETE tells no version, but any list that comes after it does.
    const list = `${pathOf(this.#ns, kind)}?limit=1`;
    const { object } = await insistOn(this.#cp, { method: 'GET', path: list });
    this.ledger.remove(prop.name, versionOf(object));
  }
}
