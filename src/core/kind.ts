// The table of kinds: everything that is particular to one kind of workload is a row here.

export type KindRow = {
  readonly kind: string;
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  /** Where the pod template is. */
  readonly template: readonly string[];
};

export const KIND_ROWS: readonly KindRow[] = [
  {
    kind: 'Deployment',
    group: 'apps',
    version: 'v1',
    resource: 'deployments',
    template: ['spec', 'template'],
  },
  { kind: 'DaemonSet', group: 'apps', version: 'v1', resource: 'daemonsets', template: ['spec', 'template'] },
  {
    kind: 'StatefulSet',
    group: 'apps',
    version: 'v1',
    resource: 'statefulsets',
    template: ['spec', 'template'],
  },
];

const byKind = new Map(KIND_ROWS.map((row) => [row.kind, row]));

export function kindRow(kind: string): KindRow | undefined {
  return byKind.get(kind);
}

/** API path of all objects of a kind, of those in one namespace, or of one object. */
export function kindPath(row: KindRow, namespace?: string, name?: string): string {
  const base = row.group === '' ? `/api/${row.version}` : `/apis/${row.group}/${row.version}`;
  const scope = namespace === undefined ? '' : `/namespaces/${namespace}`;
  return `${base}${scope}/${row.resource}${name === undefined ? '' : `/${name}`}`;
}
