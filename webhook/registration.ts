import { JSON_PATCH, type KubeClient } from '../src/kube/client.ts';
import { readOrNothing } from '../src/kube/objects.ts';
import { hasCode } from '../src/errors.ts';
import { toCaBundle } from '../certs/bundle.ts';
import { planInjection, type WebhookConfiguration } from '../certs/inject.ts';

export const SOURCES_PATH = '/sources';

export type RegistrationOptions = {
  /** Name of the configuration object. */
  readonly name: string;
  /** Where the API server reaches us, without a path. */
  readonly url: URL;
  readonly caPem: string;
  /** Our own user name: our own writes are not reviewed. */
  readonly ownUser: string;
  /** Only these namespaces; empty means all but those of the cluster itself. */
  readonly namespaces: readonly string[];
};

const CONFIGURATIONS = '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations';
/** Leases and nodes of the cluster must never wait for us; their own ConfigMaps are busy locks. */
const SYSTEM_NAMESPACES = ['kube-system', 'kube-node-lease'];

/** The object that the write is about: a DELETE has only an old one. `request.name` is absent in some cases. */
const OBJECT = '(request.operation == "DELETE" ? oldObject : object)';
const SAME = (field: string): string =>
  `(has(object.${field}) ? object.${field} : {}) != (has(oldObject.${field}) ? oldObject.${field} : {})`;

/**
 * The writes that are reviewed: changes of data, and neither our own nor those that roll nothing. An expression
 * that fails skips the webhook in silence, so each is safe for CREATE, UPDATE and DELETE (measured.md 1).
 */
function matchConditions(ownUser: string): { name: string; expression: string }[] {
  return [
    { name: 'not-our-own', expression: `request.userInfo.username != ${JSON.stringify(ownUser)}` },
    {
      name: 'data-changes',
      expression: `request.operation != "UPDATE" || ${SAME('data')} || ${SAME('binaryData')}`,
    },
    {
      name: 'no-releases-or-tokens',
      expression:
        'request.resource.resource != "secrets" || ' +
        `!(${OBJECT}.type in ["helm.sh/release.v1", "kubernetes.io/service-account-token"])`,
    },
    {
      name: 'no-root-ca',
      expression: `request.resource.resource != "configmaps" || !has(${OBJECT}.metadata.name) || ${OBJECT}.metadata.name != "kube-root-ca.crt"`,
    },
    {
      name: 'no-leader-locks',
      expression:
        `!has(${OBJECT}.metadata.annotations) || ` +
        `!("control-plane.alpha.kubernetes.io/leader" in ${OBJECT}.metadata.annotations)`,
    },
  ];
}

/** The webhook configuration for a server outside the cluster, which is reached by its URL. */
export function sourceConfiguration(
  options: RegistrationOptions,
): WebhookConfiguration & { metadata: { name: string } } {
  const scoped = options.namespaces.length > 0;
  const configuration = {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'ValidatingWebhookConfiguration',
    metadata: { name: options.name, labels: { 'app.kubernetes.io/name': 'restamp' } },
    webhooks: [
      {
        name: 'sources.restamp.dev',
        clientConfig: { url: new URL(SOURCES_PATH, options.url).href, caBundle: toCaBundle(options.caPem) },
        rules: [
          {
            apiGroups: [''],
            apiVersions: ['v1'],
            operations: ['CREATE', 'UPDATE', 'DELETE'],
            resources: ['configmaps', 'secrets'],
            scope: 'Namespaced',
          },
        ],
        namespaceSelector: {
          matchExpressions: [
            {
              key: 'kubernetes.io/metadata.name',
              operator: scoped ? 'In' : 'NotIn',
              values: scoped ? options.namespaces : SYSTEM_NAMESPACES,
            },
          ],
        },
        matchConditions: matchConditions(options.ownUser),
        matchPolicy: 'Equivalent',
        failurePolicy: 'Ignore',
        sideEffects: 'NoneOnDryRun',
        timeoutSeconds: 2,
        admissionReviewVersions: ['v1'],
      },
    ],
  };
  return configuration;
}

/**
 * Registers the webhook: creates the configuration, or makes the one that an earlier run left fit this one.
 * Fails with RESTAMP_KUBE_*.
 */
export async function register(client: KubeClient, options: RegistrationOptions): Promise<void> {
  const wanted = sourceConfiguration(options);
  try {
    await client.send({ method: 'POST', path: CONFIGURATIONS, body: wanted });
  } catch (error) {
    if (!hasCode(error, 'RESTAMP_KUBE_CONFLICT')) throw error;
    const path = `${CONFIGURATIONS}/${options.name}`;
    const stored = (await readOrNothing(client, path)) as
      { metadata: { resourceVersion: string } } | undefined;
    const { resourceVersion } = stored?.metadata ?? {};
    await client.send({
      method: 'PUT',
      path,
      body: { ...wanted, metadata: { ...wanted.metadata, resourceVersion } },
    });
  }
}

/** Puts our CA into a configuration that somebody else installed. Writes only where it is not there yet. */
export async function injectCa(client: KubeClient, name: string, caPem: string): Promise<void> {
  const path = `${CONFIGURATIONS}/${name}`;
  const patch = planInjection((await client.send({ method: 'GET', path })) as WebhookConfiguration, caPem);
  if (patch !== undefined) await client.send({ method: 'PATCH', path, contentType: JSON_PATCH, body: patch });
}

/** Takes the registration back; nothing happens if it is gone. */
export async function unregister(client: KubeClient, name: string): Promise<void> {
  try {
    await client.send({ method: 'DELETE', path: `${CONFIGURATIONS}/${name}` });
  } catch (error) {
    if (!hasCode(error, 'RESTAMP_KUBE_NOT_FOUND')) throw error;
  }
}
