import type { Connection } from '../../controlplane/connection.ts';
import { AUTO, pathOf, source, type SourceName } from '../../e2e/support/objects.ts';
import { MERGE } from '../insist.ts';
import { SLOW } from './janitor.ts';
import { actorPath } from './kinds.ts';
import { manifestOf } from './manifest.ts';

const SOURCE: SourceName = 'ConfigMap/passing';
const KINDS = ['Deployment', 'Job'] as const;

/** A namespace that comes and goes, and takes its time to go; what is in it is judged by nobody. */
export class Passing {
  readonly name: string;
  readonly #cp: Connection;
  #edits = 0;

  constructor(cp: Connection, ns: string) {
    this.name = `${ns}-passing`;
    this.#cp = cp;
  }

  /** What of it is slow to go. */
  get paths(): string[] {
    return [pathOf(this.name, 'ConfigMap'), actorPath(this.name, 'Job')];
  }

  /** Makes it, or changes its source and asks it to go; the API server may not be there, or not be done with it. */
  async act(): Promise<'passing'> {
    await this.#come().catch(() => this.#go().catch(() => undefined));
    return 'passing';
  }

  async #come(): Promise<void> {
    const { api } = this.#cp;
    await api('POST', '/api/v1/namespaces', { metadata: { name: this.name } });
    await api('POST', pathOf(this.name, 'ConfigMap'), slow(source(SOURCE, { edit: '0' })));
    for (const kind of KINDS) {
      const manifest = manifestOf(kind, 'passing', { annotations: AUTO, uses: [SOURCE], pods: false });
      await api('POST', actorPath(this.name, kind), slow(manifest));
    }
  }

  async #go(): Promise<void> {
    const { api } = this.#cp;
    this.#edits += 1;
    const edit = { data: { edit: String(this.#edits) } };
    await api('PATCH', pathOf(this.name, 'ConfigMap', 'passing'), edit, MERGE);
    await api('DELETE', `/api/v1/namespaces/${this.name}`);
  }
}

function slow<T extends { readonly metadata: object }>(object: T): T {
  return { ...object, metadata: { ...object.metadata, finalizers: [SLOW] } };
}
