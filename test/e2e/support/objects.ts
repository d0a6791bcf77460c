import { createHash } from 'node:crypto';
import type { KubeObject } from '../../controlplane/http.ts';

/** The three ways to opt in, in Reloader's words. */
export const AUTO = { 'reloader.stakater.com/auto': 'true' };
export const SEARCH = { 'reloader.stakater.com/search': 'true' };
export const MATCH = { 'reloader.stakater.com/match': 'true' };
export const IGNORE = { 'reloader.stakater.com/ignore': 'true' };
export const STAMPS = 'restamp.dev/stamps';
export const LAST_ROLL = 'restamp.dev/last-roll';

export const WORKLOAD_KINDS = ['Deployment', 'DaemonSet', 'StatefulSet'] as const;
export type WorkloadKind = (typeof WORKLOAD_KINDS)[number];

/** Kinds of sources, with Reloader's word for each and the short one of our map. */
export const SOURCE_KINDS = [
  { kind: 'ConfigMap', word: 'CONFIGMAP', short: 'cm', resource: 'configmaps' },
  { kind: 'Secret', word: 'SECRET', short: 'secret', resource: 'secrets' },
] as const;
export type SourceKind = (typeof SOURCE_KINDS)[number]['kind'];
export type Kind = WorkloadKind | SourceKind;
type SourceRow = (typeof SOURCE_KINDS)[number];

/** `ConfigMap/app`: a source as tests name it. */
export type SourceName = `${SourceKind}/${string}`;

/** What a pod mounts by the Secrets Store CSI driver: a source that has no data of its own. */
const CLASS_ROW = { kind: 'SecretProviderClass', word: 'SECRETPROVIDERCLASS', short: 'spc' } as const;
export type ClassName = `${typeof CLASS_ROW.kind}/${string}`;

export type Annotations = Readonly<Record<string, string>>;
export type Data = Readonly<Record<string, string>>;

/** A workload, as far as tests look at it. */
export type WorkloadObject = KubeObject & {
  readonly spec: {
    readonly template: {
      readonly metadata?: { readonly annotations?: Annotations };
      readonly spec: {
        readonly containers: readonly {
          readonly name: string;
          readonly env?: readonly { readonly name: string; readonly value?: string }[];
        }[];
      };
    };
  };
  readonly status?: { readonly observedGeneration?: number; readonly availableReplicas?: number };
};

/** API path of all objects of a kind, or of one. */
export function pathOf(namespace: string, kind: Kind, name?: string): string {
  const source = SOURCE_KINDS.find((row) => row.kind === kind);
  const base = source === undefined ? '/apis/apps/v1' : '/api/v1';
  const resource = source?.resource ?? `${kind.toLowerCase()}s`;
  return `${base}/namespaces/${namespace}/${resource}${name === undefined ? '' : `/${name}`}`;
}

export function rowOf(source: SourceKind): SourceRow {
  return SOURCE_KINDS.find((row) => row.kind === source)!;
}

export function split(source: SourceName): { kind: SourceKind; name: string } {
  const [kind, name] = source.split('/') as [SourceKind, string];
  return { kind, name };
}

/** `cm/app`: the source as our map calls it. */
export function stampKey(source: SourceName | ClassName): string {
  const { short, name } = wordsOf(source);
  return `${short}/${name}`;
}

function wordsOf(source: SourceName | ClassName): { name: string; word: string; short: string } {
  const [kind, name] = source.split('/') as [SourceKind | typeof CLASS_ROW.kind, string];
  return { name, ...(kind === CLASS_ROW.kind ? CLASS_ROW : rowOf(kind)) };
}

/** An object to create or apply. */
export type Manifest = {
  readonly apiVersion: string;
  readonly kind: Kind;
  readonly metadata: { readonly name?: string; readonly annotations?: Annotations };
};

export function source(which: SourceName, data: Data, annotations: Annotations = {}): Manifest {
  const { kind, name } = split(which);
  return {
    apiVersion: 'v1',
    kind,
    metadata: { name, annotations },
    ...(kind === 'Secret' ? { stringData: data } : { data }),
  };
}

export type WorkloadOptions = {
  readonly annotations?: Annotations;
  /** Sources that its only container, `main`, takes its environment from. */
  readonly uses?: readonly SourceName[];
  readonly replicas?: number;
};

export function workload(kind: WorkloadKind, name: string, options: WorkloadOptions = {}): Manifest {
  const { annotations = {}, uses = [], replicas = 1 } = options;
  const envFrom = uses.map(split).map(({ kind: of, name: from }) => ({
    [of === 'Secret' ? 'secretRef' : 'configMapRef']: { name: from, optional: true },
  }));
  const labels = { app: name };
  const spec = {
    selector: { matchLabels: labels },
    template: {
      metadata: { labels },
      spec: { containers: [{ name: 'main', image: 'registry.example/main:1', envFrom }] },
    },
    ...(kind === 'DaemonSet' ? {} : { replicas }),
    ...(kind === 'StatefulSet' ? { serviceName: name } : {}),
  };
  return { apiVersion: 'apps/v1', kind, metadata: { name, annotations }, ...{ spec } };
}

/** Reloader's hash of text values, written down a second time: nothing of the product is used here. */
export function sha1Of(data: Data): string {
  const lines = Object.entries(data).map(([key, value]) => Buffer.from(`${key}=${value}`));
  const sorted = lines.sort((a, b) => Buffer.compare(a, b)).map((line) => line.toString());
  return createHash('sha1').update(sorted.join(';')).digest('hex');
}

/** The name of Reloader's env var for a source, for names without leading signs. */
export function leverName(which: SourceName | ClassName): string {
  const { word, name } = wordsOf(which);
  return `STAKATER_${name.toUpperCase().replace(/[^A-Z0-9]+/g, '_')}_${word}`;
}

/** The value of a source's env var in a workload; undefined if there is none. */
export function leverOf(object: WorkloadObject, which: SourceName): string | undefined {
  const variables = object.spec.template.spec.containers.flatMap(({ env = [] }) => env);
  return variables.find(({ name }) => name === leverName(which))?.value;
}

/** Keys of the map that a workload bears, sorted; undefined if it bears none that can be read. */
export function stampedKeys(object: KubeObject): string[] | undefined {
  try {
    const map = JSON.parse(object.metadata.annotations?.[STAMPS] ?? '') as { s: object };
    return Object.keys(map.s).sort();
  } catch {
    return undefined;
  }
}

/** One roll as the workload's own history tells it. */
export type HistoryEntry = {
  readonly rolled: string;
  readonly sources: readonly {
    readonly source: string;
    readonly cause: string;
    readonly by?: string;
    readonly keys?: readonly string[];
  }[];
};

/** The history of rolls on a workload, newest first. */
export function historyOf(object: KubeObject): HistoryEntry[] {
  return JSON.parse(object.metadata.annotations?.[LAST_ROLL] ?? '[]') as HistoryEntry[];
}
