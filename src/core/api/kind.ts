// The table of kinds: everything that is particular to one kind of workload is a row here.

/** How a stale workload gets pods that read what is stored now. */
export type RollWay =
  /** Its pod template is patched, and its controller replaces the pods. */
  | 'template'
  /** A Job is made from it at once; it keeps its template, because its next run reads what is stored then. */
  | 'run'
  /** It is deleted and created anew: the template of a Job cannot change. */
  | 'remake';

export type KindRow = {
  /** How Restamp calls it; the API's word, with the group where two kinds share one. */
  readonly kind: string;
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  /** Where the pod template is. */
  readonly template: readonly string[];
  readonly roll: RollWay;
  /** The API server merges the lists of its own kinds by name; those of custom resources it replaces. */
  readonly merges: boolean;
  /** Where a time restarts the pods and leaves the template alone, for who asks for that. */
  readonly restart?: readonly string[];
  /** Where it may name another workload that has its pod template. */
  readonly reference?: readonly string[];
  /** Reloader's pause after a roll is for these alone. */
  readonly pauses: boolean;
  /** The writes that admission may stamp: a change of a Job's map on UPDATE would be a change of its template. */
  readonly stampedOn: readonly ('CREATE' | 'UPDATE')[];
};

const POD_TEMPLATE = ['spec', 'template'];
const apps = (kind: string, resource: string): KindRow => ({
  kind,
  group: 'apps',
  version: 'v1',
  resource,
  template: POD_TEMPLATE,
  roll: 'template',
  merges: true,
  pauses: kind === 'Deployment',
  stampedOn: ['CREATE', 'UPDATE'],
});
const batch = (row: Pick<KindRow, 'kind' | 'resource' | 'template' | 'roll' | 'stampedOn'>): KindRow => ({
  group: 'batch',
  version: 'v1',
  merges: true,
  pauses: false,
  ...row,
});

/** The kinds of Kubernetes itself. */
export const BUILT_IN: readonly KindRow[] = [
  apps('Deployment', 'deployments'),
  apps('DaemonSet', 'daemonsets'),
  apps('StatefulSet', 'statefulsets'),
  batch({
    kind: 'CronJob',
    resource: 'cronjobs',
    template: ['spec', 'jobTemplate', ...POD_TEMPLATE],
    roll: 'run',
    stampedOn: ['CREATE', 'UPDATE'],
  }),
  batch({
    kind: 'Job',
    resource: 'jobs',
    template: POD_TEMPLATE,
    roll: 'remake',
    stampedOn: ['CREATE'],
  }),
];

/** What a kind is called in the API. */
export type KindName = Pick<KindRow, 'group' | 'version' | 'kind'>;

/** A kind that is added by configuration. */
export type KindSpec = Pick<KindRow, 'group' | 'version' | 'kind' | 'template' | 'restart' | 'reference'>;

/** What `--is-Argo-Rollouts` adds. */
export const ARGO_ROLLOUT: KindSpec = {
  group: 'argoproj.io',
  version: 'v1alpha1',
  kind: 'Rollout',
  template: POD_TEMPLATE,
  restart: ['spec', 'restartAt'],
  reference: ['spec', 'workloadRef'],
};

/** The kinds that one Restamp looks after; those whose definition comes later are added then. */
export class Kinds {
  readonly #rows: KindRow[];
  /** Kinds that are to be followed, and of which nobody has seen yet what there is. */
  readonly #awaited = new Map<string, KindSpec>();

  /** All built-in kinds but those that are to be ignored. */
  constructor(ignored: ReadonlySet<string> = new Set()) {
    this.#rows = BUILT_IN.filter(({ kind }) => !ignored.has(kind));
  }

  get rows(): readonly KindRow[] {
    return this.#rows;
  }

  get(kind: string): KindRow | undefined {
    return this.#rows.find((row) => row.kind === kind);
  }

  ofResource({ group, resource }: { group: string; resource: string }): KindRow | undefined {
    return this.#rows.find((row) => row.group === group && row.resource === resource);
  }

  /** A kind is to be followed: until it is {@link known}, there may be any number of objects of it. */
  await(spec: KindSpec): void {
    this.#awaited.set(specKey(spec), spec);
  }

  /** All objects of a kind have been shown, or the API server does not serve it. */
  known(spec: KindName): void {
    this.#awaited.delete(specKey(spec));
  }

  /** Whether objects of a kind are still shown for the first time: they need not be new. */
  isAwaited(spec: KindName): boolean {
    return this.#awaited.has(specKey(spec));
  }

  /** Whether all objects are known that may refer to a workload and speak for it. */
  get knowsLenders(): boolean {
    return [...this.#awaited.values()].every(({ reference }) => reference === undefined);
  }

  /** Takes a kind in, now that the API server serves it as `resource`. */
  add({ kind, ...spec }: KindSpec, resource: string): KindRow {
    const name = this.get(kind) === undefined ? kind : `${kind}.${spec.group}`;
    const row: KindRow = {
      ...spec,
      kind: name,
      resource,
      roll: 'template',
      merges: false,
      pauses: false,
      stampedOn: ['CREATE', 'UPDATE'],
    };
    this.#rows.push(row);
    return row;
  }

  /** Whether an owner is a workload itself, so that what it controls is none: also where its kind is ignored. */
  isWorkload(owner: { readonly apiVersion: string; readonly kind: string }): boolean {
    return [...BUILT_IN, ...this.#rows].some(
      (row) => apiKind(row) === owner.kind && owner.apiVersion.startsWith(`${row.group}/`),
    );
  }
}

function specKey({ group, kind }: KindName): string {
  return `${group}/${apiKind({ kind })}`;
}

/** The API's word for a kind. */
export function apiKind({ kind }: Pick<KindName, 'kind'>): string {
  return kind.split('.')[0] ?? '';
}

export function apiVersion({ group, version }: KindName): string {
  return group === '' ? version : `${group}/${version}`;
}

/** API path of all objects of a kind, of those in one namespace, or of one object. */
export function kindPath(
  row: Pick<KindRow, 'group' | 'version' | 'resource'>,
  namespace?: string,
  name?: string,
): string {
  const base = row.group === '' ? `/api/${row.version}` : `/apis/${row.group}/${row.version}`;
  // A name may be a stranger's text: it must stay one step of the path.
  const scope = namespace === undefined ? '' : `/namespaces/${encodeURIComponent(namespace)}`;
  return `${base}${scope}/${row.resource}${name === undefined ? '' : `/${encodeURIComponent(name)}`}`;
}
