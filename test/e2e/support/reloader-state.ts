import type { KubeObject } from '../../controlplane/http.ts';
import { leverName, sha1Of, type Annotations, type Data, type SourceName } from './objects.ts';
import type { Stage } from './environment.ts';

/** Every kind that Reloader rolls, as its API has it. */
export const KINDS = {
  Deployment: { base: '/apis/apps/v1', resource: 'deployments' },
  DaemonSet: { base: '/apis/apps/v1', resource: 'daemonsets' },
  StatefulSet: { base: '/apis/apps/v1', resource: 'statefulsets' },
  CronJob: { base: '/apis/batch/v1', resource: 'cronjobs' },
  Job: { base: '/apis/batch/v1', resource: 'jobs' },
  Rollout: { base: '/apis/argoproj.io/v1alpha1', resource: 'rollouts' },
} as const;
export type AnyKind = keyof typeof KINDS;

type Template = { readonly metadata: { readonly annotations?: Annotations }; readonly spec: object };
type Spec = {
  readonly template?: Template;
  readonly jobTemplate?: { readonly spec: { template: Template } };
};
/** A workload of any kind, as far as tests of a swap look at it. */
export type AnyWorkload = KubeObject & { readonly spec: Spec };

/** What Reloader left on a workload. */
export type Left = {
  readonly kind: AnyKind;
  readonly name: string;
  /** Data of `ConfigMap/shop` for which it was rolled last; undefined if it never was. */
  readonly rolledFor?: Data | undefined;
  /** Under `--reload-strategy=annotations`. */
  readonly byAnnotation?: boolean;
  readonly annotations?: Annotations;
  /** Reloader paused it and was taken away. */
  readonly paused?: boolean;
};

export const SHOP: SourceName = 'ConfigMap/shop';
export const BELL: SourceName = 'ConfigMap/bell';

export function pathOfAny({ ns }: Stage, kind: AnyKind, name?: string): string {
  const { base, resource } = KINDS[kind];
  return `${base}/namespaces/${ns}/${resource}${name === undefined ? '' : `/${name}`}`;
}

/** The pod template, wherever the kind has it. */
export function templateOf({ spec }: AnyWorkload): Template {
  const found = spec.template ?? spec.jobTemplate?.spec.template;
  if (found === undefined) throw new Error('no pod template');
  return found;
}

/** The object as Reloader leaves it: its env var or its annotation, which are written down here a second time. */
export function leftByReloader(ns: string, left: Left): object {
  const { kind, name, rolledFor, byAnnotation = false, annotations = {}, paused = false } = left;
  const hash = rolledFor === undefined ? undefined : sha1Of(rolledFor);
  const last = `{"type":"CONFIGMAP","name":"shop","namespace":"${ns}","hash":"${hash}","containerRefs":["main"],"observedAt":1700000000}`;
  const isBatch = kind === 'CronJob' || kind === 'Job';
  const template = {
    metadata: {
      labels: { app: name },
      ...(hash !== undefined && byAnnotation
        ? { annotations: { 'reloader.stakater.com/last-reloaded-from': last } }
        : {}),
    },
    spec: {
      ...(isBatch ? { restartPolicy: 'Never' } : {}),
      containers: [
        {
          name: 'main',
          image: 'registry.example/main:1',
          envFrom: [{ configMapRef: { name: 'shop' } }, { configMapRef: { name: 'bell' } }],
          ...(hash !== undefined && !byAnnotation ? { env: [{ name: leverName(SHOP), value: hash }] } : {}),
        },
      ],
    },
  };
  const spec = {
    Deployment: { selector: { matchLabels: { app: name } }, template, paused },
    DaemonSet: { selector: { matchLabels: { app: name } }, template },
    StatefulSet: { selector: { matchLabels: { app: name } }, template, serviceName: name },
    CronJob: { schedule: '0 0 1 1 *', jobTemplate: { spec: { template } } },
    Job: { template, backoffLimit: 0 },
    Rollout: { selector: { matchLabels: { app: name } }, template },
  }[kind];
  const apiVersion = KINDS[kind].base.slice('/apis/'.length);
  return { apiVersion, kind, metadata: { name, annotations }, spec };
}
