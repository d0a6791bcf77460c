// Sources: ConfigMaps, Secrets and SecretProviderClasses, their names in Kubernetes, in Reloader's vocabulary and in our map.

/** Short name of a kind of source, as it stands in the map on the workload: `cm/app`, `secret/db`, `spc/vault`. */
export type SourceType = 'cm' | 'secret' | 'spc';

export type SourceRow = {
  readonly type: SourceType;
  readonly kind: string;
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  /** Whose writes are its changes: Reloader's name in Events and metrics. */
  readonly changedBy: string;
  /** Reloader's word in log lines, Events and env var names (reloader.md 4.1, 7.2). */
  readonly word: 'CONFIGMAP' | 'SECRET' | 'SECRETPROVIDERCLASS';
};

const core = { group: '', version: 'v1' };

export const SOURCE_ROWS: readonly SourceRow[] = [
  {
    ...core,
    type: 'cm',
    kind: 'ConfigMap',
    resource: 'configmaps',
    changedBy: 'configmaps',
    word: 'CONFIGMAP',
  },
  { ...core, type: 'secret', kind: 'Secret', resource: 'secrets', changedBy: 'secrets', word: 'SECRET' },
  {
    type: 'spc',
    kind: 'SecretProviderClass',
    group: 'secrets-store.csi.x-k8s.io',
    version: 'v1',
    resource: 'secretproviderclasses',
    changedBy: 'secretproviderclasspodstatuses',
    word: 'SECRETPROVIDERCLASS',
  },
];

const byType = new Map(SOURCE_ROWS.map((row) => [row.type, row]));

export function sourceRow(type: SourceType): SourceRow {
  const row = byType.get(type);
  if (row === undefined) throw new TypeError(`no such type of source: ${type}`);
  return row;
}

export type SourceRef = { readonly type: SourceType; readonly namespace: string; readonly name: string };

/** Identity of a source in the cluster: `<namespace>/<type>/<name>`; none of the parts can contain a slash. */
export function sourceKey(ref: SourceRef): string {
  return `${ref.namespace}/${ref.type}/${ref.name}`;
}

/** Identity of a source in its own namespace, the key of the map: `<type>/<name>`. */
export function stampKey(ref: { readonly type: SourceType; readonly name: string }): string {
  return `${ref.type}/${ref.name}`;
}

/** The opposite of {@link stampKey}; undefined for anything that is not such a key. */
export function parseStampKey(key: string): { type: SourceType; name: string } | undefined {
  const slash = key.indexOf('/');
  const type = key.slice(0, slash) as SourceType;
  const name = key.slice(slash + 1);
  return byType.has(type) && name !== '' && !name.includes('/') ? { type, name } : undefined;
}

/** The API server stores objects under a DNS subdomain alone (RFC 1123), so that of any other name there is none. */
export function isLegalName(name: string): boolean {
  return name.length <= 253 && LEGAL_NAME.test(name);
}

const LEGAL_NAME = /^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/;

/** `ConfigMap app`: how a source is called in a sentence for people. */
export function sourceTitle(ref: { readonly type: SourceType; readonly name: string }): string {
  return `${sourceRow(ref.type).kind} ${ref.name}`;
}
