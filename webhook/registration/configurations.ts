// The webhook configurations: which writes the API server asks us about. An expression that fails skips the
// webhook in silence, so each is safe for CREATE, UPDATE and DELETE, and none uses request.name (kubernetes.md 1).

import { toCaBundle } from '../../certs/bundle.ts';
import type { ReviewPaths, ReviewRoute } from '../../certs/review-paths.ts';
import { STAMPS, type ReloaderKeys } from '../../src/core/api/annotations.ts';
import type { Selector } from '../../src/core/api/label-selector.ts';
import type { KindRow } from '../../src/core/api/kind.ts';
import { coreSourceRowsIn, type Scope } from '../../src/core/api/scope.ts';
import { reviewedNamespaces } from './review-scope.ts';

/** The label that tells configurations that the server made from those of an installer, and its value. */
export const MADE_BY = 'app.kubernetes.io/managed-by';
export const MADE_BY_US = 'restamp';

export type ServiceName = { readonly namespace: string; readonly name: string };

export type ConfigurationOptions = {
  /** Name of the configuration objects. */
  readonly name: string;
  /** Where the API server reaches us, without a path: an address, or a Service on port 443. */
  readonly address: URL | ServiceName;
  /** Where at that address. */
  readonly paths: ReviewPaths;
  readonly caPem: string;
  /** Our own user name: our own writes are not reviewed. */
  readonly ownUser: string;
  /** All namespaces, where it names none, means all but those of the cluster itself. */
  readonly scope: Scope;
  readonly keys: ReloaderKeys;
  /** Workloads that say nothing are opted in, so that they cannot be told by their annotations. */
  readonly autoReloadAll: boolean;
  /** Nothing is written, so no workload is reviewed. */
  readonly observing: boolean;
  /** The kinds of workloads. */
  readonly kinds: readonly KindRow[];
};

type Condition = { readonly name: string; readonly expression: string };

/** The object that the write is about: a DELETE has only an old one. */
const OBJECT = '(request.operation == "DELETE" ? oldObject : object)';
const differs = (field: string): string =>
  `(has(object.${field}) ? object.${field} : {}) != (has(oldObject.${field}) ? oldObject.${field} : {})`;

const notOurOwn = (ownUser: string): Condition => ({
  name: 'not-our-own',
  expression: `request.userInfo.username != ${JSON.stringify(ownUser)}`,
});

/** Changes of data of whatever a pod may use: only Helm's own records are left out, which are many and large. */
const SOURCE_CONDITIONS: readonly Condition[] = [
  {
    name: 'data-changes',
    expression: `request.operation != "UPDATE" || ${differs('data')} || ${differs('binaryData')}`,
  },
  {
    name: 'no-helm-releases',
    expression: `request.resource.resource != "secrets" || ${OBJECT}.type != "helm.sh/release.v1"`,
  },
];

/** Writes that start pods or touch our map, of workloads that are opted in or bear one. */
function workloadConditions(
  keys: ReloaderKeys,
  { autoReloadAll, kinds }: Pick<ConfigurationOptions, 'autoReloadAll' | 'kinds'>,
): Condition[] {
  const stamps = (object: string): string =>
    `${object}.?metadata.annotations[?${JSON.stringify(STAMPS)}].orValue("")`;
  const marks = [
    keys.auto,
    ...Object.values(keys.typedAuto),
    ...Object.values(keys.reload),
    keys.search,
    STAMPS,
  ];
  const marked = (path: readonly string[]): string =>
    `o.?${path.join('.?')}.orValue({}).exists(k, k in ${JSON.stringify(marks)})`;
  const paths = [...new Map(kinds.map(({ template: path }) => [path.join('.'), path])).values()];
  // Each kind has its template in one of these places, and nothing in the others.
  const template = (object: string): string =>
    `${paths.map((path) => `${object}.?${path.join('.?')}`).reduce((all, one) => `${all}.or(${one})`)}.orValue({})`;
  const changes = {
    name: 'template-or-map-changes',
    expression:
      `request.operation == "CREATE" || ${template('object')} != ${template('oldObject')} || ` +
      `${stamps('object')} != ${stamps('oldObject')}`,
  };
  const optedIn = {
    name: 'opted-in',
    expression:
      '[object, oldObject].exists(o, o != null && ' +
      `(${[METADATA, ...paths.map((path) => [...path, ...METADATA])].map(marked).join(' || ')}))`,
  };
  return autoReloadAll ? [changes] : [changes, optedIn];
}

const METADATA = ['metadata', 'annotations'];

/** A selector as a LabelSelector; an empty one selects everything. */
function labelSelector(selector: Selector): { matchExpressions?: Selector } {
  return selector.length === 0 ? {} : { matchExpressions: selector };
}

function webhook(options: ConfigurationOptions, route: ReviewRoute, more: object): object {
  const { address } = options;
  const path = options.paths[route];
  // What the API server would fill in is said here, so that what is stored can be compared with it.
  return {
    clientConfig: {
      ...(address instanceof URL
        ? { url: new URL(path, address).href }
        : { service: { ...address, path, port: 443 } }),
      caBundle: toCaBundle(options.caPem),
    },
    objectSelector: {},
    namespaceSelector: labelSelector(reviewedNamespaces(options.scope)),
    matchPolicy: 'Equivalent',
    failurePolicy: 'Ignore',
    admissionReviewVersions: ['v1'],
    ...more,
  };
}

/** A Validating- or MutatingWebhookConfiguration. */
export type Configuration = ReturnType<typeof configuration>;

function configuration(kind: string, name: string, webhooks: readonly object[]) {
  const metadata = { name, labels: { 'app.kubernetes.io/name': 'restamp', [MADE_BY]: MADE_BY_US } };
  return { apiVersion: 'admissionregistration.k8s.io/v1', kind, metadata, webhooks };
}

/** Validating, because mutating webhooks run before the write is checked and before other mutators (DESIGN 3.1). */
export function sourceConfiguration(options: ConfigurationOptions) {
  const sources = webhook(options, 'sources', {
    name: 'sources.restamp.dev',
    rules: [
      {
        apiGroups: [''],
        apiVersions: ['v1'],
        operations: ['CREATE', 'UPDATE', 'DELETE'],
        // A SecretProviderClass holds no data: nothing is to be seen of a write of it.
        resources: coreSourceRowsIn(options.scope).map(({ resource }) => resource),
        scope: 'Namespaced',
      },
    ],
    // A write counts where the old or the new object fits: one that takes the label away is seen too.
    objectSelector: labelSelector(options.scope.resourceLabelSelector),
    matchConditions: [notOurOwn(options.ownUser), ...SOURCE_CONDITIONS],
    sideEffects: 'NoneOnDryRun',
    timeoutSeconds: 2,
  });
  return configuration('ValidatingWebhookConfiguration', options.name, [sources]);
}

/** Asked again after other mutators: what they change in the template may start pods. */
export function workloadConfiguration(options: ConfigurationOptions) {
  const workloads = webhook(options, 'workloads', {
    name: 'workloads.restamp.dev',
    rules: options.kinds.map(({ group, version, resource, stampedOn }) => ({
      apiGroups: [group],
      apiVersions: [version],
      operations: stampedOn,
      resources: [resource],
      scope: 'Namespaced',
    })),
    matchConditions: [notOurOwn(options.ownUser), ...workloadConditions(options.keys, options)],
    reinvocationPolicy: 'IfNeeded',
    sideEffects: 'None',
    timeoutSeconds: 3,
  });
  return configuration('MutatingWebhookConfiguration', options.name, options.observing ? [] : [workloads]);
}
