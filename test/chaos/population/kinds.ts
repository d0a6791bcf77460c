import type { KubeObject } from '../../controlplane/http.ts';
import { ROLLOUT } from '../../e2e/support/crds.ts';
import {
  leverName,
  pathOf,
  STAMPS,
  stampKey,
  WORKLOAD_KINDS,
  type Annotations,
  type ClassName,
  type SourceName,
  type WorkloadObject,
} from '../../e2e/support/objects.ts';

/** Every kind that Restamp rolls. */
export const ACTOR_KINDS = [...WORKLOAD_KINDS, 'CronJob', 'Job', 'Rollout'] as const;
/** Everything that rolls a workload. */
export type AnySource = SourceName | ClassName;
export type ActorKind = (typeof ACTOR_KINDS)[number];

export type PodTemplate = WorkloadObject['spec']['template'];

/** What a workload is created from, and what its user puts back. */
export type ActorManifest = {
  readonly apiVersion: string;
  readonly kind: ActorKind;
  readonly metadata: {
    readonly name: string;
    readonly annotations?: Annotations;
    readonly labels?: Annotations;
    readonly finalizers?: readonly string[];
  };
  readonly spec: object;
};

/** A workload of any kind as the API server has it. */
export type ActorObject = KubeObject & {
  readonly metadata: {
    readonly ownerReferences?: readonly {
      readonly kind: string;
      readonly name: string;
      readonly uid: string;
      readonly controller?: boolean;
    }[];
  };
  readonly spec: {
    readonly template?: PodTemplate;
    /** Of a Rollout: its pods are to be younger than this. */
    readonly restartAt?: string;
    readonly jobTemplate?: { readonly spec: { readonly template: PodTemplate } };
  };
  readonly status?: { readonly observedGeneration?: number };
};

/** API path of all workloads of a kind, or of one. */
export function actorPath(ns: string, kind: ActorKind, name?: string): string {
  if (kind === 'Deployment' || kind === 'DaemonSet' || kind === 'StatefulSet') return pathOf(ns, kind, name);
  const group = kind === 'Rollout' ? `${ROLLOUT.group}/${ROLLOUT.version}` : 'batch/v1';
  const resource = `${kind.toLowerCase()}s`;
  return `/apis/${group}/namespaces/${ns}/${resource}${name === undefined ? '' : `/${name}`}`;
}

/** Where a kind has its pod template: what a patch of it is wrapped in. */
export function inSpec(kind: ActorKind, template: object): object {
  return { spec: kind === 'CronJob' ? { jobTemplate: { spec: { template } } } : { template } };
}

export function podTemplateOf({ spec }: ActorObject): PodTemplate {
  const template = spec.template ?? spec.jobTemplate?.spec.template;
  if (template === undefined) throw new TypeError('no pod template');
  return template;
}

/** A pod template, byte for byte: the API server writes fields in one order. */
export function templateText(object: ActorObject): string {
  return JSON.stringify(podTemplateOf(object));
}

/** The value of a source's env var in a pod template; undefined if there is none. */
export function leverIn({ spec }: PodTemplate, source: AnySource): string | undefined {
  const variables = spec.containers.flatMap(({ env = [] }) => env);
  return variables.find(({ name }) => name === leverName(source))?.value;
}

/** Whether the map of a workload knows data of a source: not if it has no entry, nor if the source was absent. */
export function isStamped({ metadata }: KubeObject, source: AnySource): boolean {
  try {
    const map = JSON.parse(metadata.annotations?.[STAMPS] ?? '') as { s: { [key: string]: { h: string } } };
    return (map.s[stampKey(source)]?.h ?? '-') !== '-';
  } catch {
    return false;
  }
}

/** On a Rollout: its pods are restarted, and its template stays. */
export const RESTART: Annotations = { 'reloader.stakater.com/rollout-strategy': 'restart' };

/** Where rolls show in the pod template: not for a CronJob, nor where only the pods are restarted. */
export function hasLevers({ kind, metadata: { annotations = {} } }: ActorManifest): boolean {
  const restarts = Object.entries(RESTART).every(([key, value]) => annotations[key] === value);
  return kind !== 'CronJob' && !(kind === 'Rollout' && restarts);
}
