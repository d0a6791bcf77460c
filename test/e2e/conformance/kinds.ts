import type { Connection } from '../../controlplane/connection.ts';
import type { KubeObject } from '../../controlplane/http.ts';
import { defineKind, grantKind } from '../support/crds.ts';
import type { Annotations } from '../support/objects.ts';

/** A container of a pod template, as far as tables look at it. */
export type Container = {
  readonly name: string;
  readonly env?: readonly { readonly name: string; readonly value?: string }[];
};
export type PodTemplate = {
  readonly metadata?: { readonly annotations?: Annotations };
  readonly spec: { readonly containers: readonly Container[] };
};

/** A workload of any kind of the tables. */
export type Workload = KubeObject & {
  readonly metadata: { readonly ownerReferences?: readonly { readonly name: string }[] };
  readonly spec: {
    readonly template?: PodTemplate;
    readonly jobTemplate?: { readonly spec: { readonly template: PodTemplate } };
    readonly restartAt?: string;
  };
};

type KindRow = {
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  /** Its spec around a pod template. No pods: a roll is told by the template, whether pods follow or not. */
  readonly spec: (template: object, labels: Annotations) => object;
};

const apps = { group: 'apps', version: 'v1' };
const batch = { group: 'batch', version: 'v1' };
const selected = (template: object, matchLabels: Annotations): object => ({
  replicas: 0,
  selector: { matchLabels },
  template,
});
const custom = (template: object): object => ({ replicas: 0, template });

const ROWS = {
  Deployment: { ...apps, plural: 'deployments', spec: selected },
  DaemonSet: {
    ...apps,
    plural: 'daemonsets',
    spec: (template: { spec?: object }, matchLabels: Annotations): object => ({
      selector: { matchLabels },
      template: { ...template, spec: { ...template.spec, nodeSelector: { none: 'such' } } },
    }),
  },
  StatefulSet: { ...apps, plural: 'statefulsets', spec: selected },
  Rollout: { group: 'argoproj.io', version: 'v1alpha1', plural: 'rollouts', spec: custom },
  DeploymentConfig: {
    group: 'apps.openshift.io',
    version: 'v1',
    plural: 'deploymentconfigs',
    spec: custom,
  },
  CronJob: {
    ...batch,
    plural: 'cronjobs',
    // Once a year: no test sees it run by itself.
    spec: (template: object): object => ({
      schedule: '0 0 1 1 *',
      jobTemplate: { spec: { suspend: true, template: once(template) } },
    }),
  },
  Job: {
    ...batch,
    plural: 'jobs',
    spec: (template: object): object => ({ suspend: true, template: once(template) }),
  },
} satisfies Readonly<Record<string, KindRow>>;

export type TableKind = keyof typeof ROWS;

/** The five kinds that most of Reloader's tables run through; it has lost the last one, and we have it. */
export const FIVE = ['Deployment', 'DaemonSet', 'StatefulSet', 'Rollout', 'DeploymentConfig'] as const;

/** What a Restamp for all of them is started with. */
export const KIND_FLAGS = [
  '--is-Argo-Rollouts=true',
  '--workload-kinds=apps.openshift.io/v1/DeploymentConfig=/spec/template',
];

/** Has the API server serve the kinds that are not its own, and gives Restamp its rights on them. */
export async function serveKinds(cp: Connection): Promise<void> {
  for (const kind of ['Rollout', 'DeploymentConfig'] as const) {
    const { group, version, plural } = ROWS[kind];
    await defineKind(cp, { group, version, kind, plural });
    await grantKind(cp, group, plural);
  }
}

export function workloadPath(ns: string, kind: TableKind, name = ''): string {
  const { group, version, plural } = ROWS[kind];
  return `/apis/${group}/${version}/namespaces/${ns}/${plural}${name === '' ? '' : `/${name}`}`;
}

/** A workload of a kind with a pod template, to create. */
export function manifestOf(
  kind: TableKind,
  name: string,
  given: { readonly annotations: Annotations; readonly onTemplate: Annotations; readonly pods: object },
): object {
  const { group, version, spec }: KindRow = ROWS[kind];
  const labels = { app: name };
  const template = { metadata: { labels, annotations: given.onTemplate }, spec: given.pods };
  return {
    apiVersion: `${group}/${version}`,
    kind,
    metadata: { name, annotations: given.annotations },
    spec: spec(template, labels),
  };
}

/** Where the lever is to be seen after a roll: for a CronJob in the Job that was made from it last. */
export async function rolledTemplate(
  cp: Connection,
  ns: string,
  kind: TableKind,
  object: Workload,
): Promise<PodTemplate | undefined> {
  if (kind !== 'CronJob') return object.spec.template;
  const { items } = await cp.api<KubeObject & { items: Workload[] }>('GET', workloadPath(ns, 'Job'));
  const made = items.filter(({ metadata }) =>
    (metadata.ownerReferences ?? []).some(({ name }) => name === object.metadata.name),
  );
  return made.at(-1)?.spec.template;
}

function once(template: { spec?: object }): object {
  return { ...template, spec: { ...template.spec, restartPolicy: 'Never' } };
}
