import { planInjection, type WebhookConfiguration } from '../certs/inject.ts';
import { hasCode } from '../src/errors.ts';
import { JSON_PATCH, type KubeClient } from '../src/kube/client.ts';
import { readOrNothing } from '../src/kube/objects.ts';
import { sourceConfiguration, workloadConfiguration, type ConfigurationOptions } from './configurations.ts';

const BASE = '/apis/admissionregistration.k8s.io/v1';
const RESOURCES = ['validatingwebhookconfigurations', 'mutatingwebhookconfigurations'] as const;

/**
 * Registers the webhooks: creates the configurations, or makes those that an earlier run left fit this one.
 * Fails with RESTAMP_KUBE_*.
 */
export async function register(client: KubeClient, options: ConfigurationOptions): Promise<void> {
  await put(client, RESOURCES[0], sourceConfiguration(options));
  await put(client, RESOURCES[1], workloadConfiguration(options));
}

/** Puts our CA into configurations that somebody else installed. Writes only where it is not there yet. */
export async function injectCa(client: KubeClient, name: string, caPem: string): Promise<void> {
  for (const resource of RESOURCES) {
    const path = `${BASE}/${resource}/${name}`;
    const patch = planInjection((await client.send({ method: 'GET', path })) as WebhookConfiguration, caPem);
    if (patch !== undefined)
      await client.send({ method: 'PATCH', path, contentType: JSON_PATCH, body: patch });
  }
}

/** Takes the registration back; nothing happens if it is gone. */
export async function unregister(client: KubeClient, name: string): Promise<void> {
  for (const resource of RESOURCES) {
    try {
      await client.send({ method: 'DELETE', path: `${BASE}/${resource}/${name}` });
    } catch (error) {
      if (!hasCode(error, 'RESTAMP_KUBE_NOT_FOUND')) throw error;
    }
  }
}

async function put(
  client: KubeClient,
  resource: string,
  wanted: { readonly metadata: { readonly name: string } },
): Promise<void> {
  const path = `${BASE}/${resource}`;
  try {
    await client.send({ method: 'POST', path, body: wanted });
  } catch (error) {
    if (!hasCode(error, 'RESTAMP_KUBE_CONFLICT')) throw error;
    const one = `${path}/${wanted.metadata.name}`;
    const stored = (await readOrNothing(client, one)) as
      { metadata: { resourceVersion: string } } | undefined;
    const { resourceVersion } = stored?.metadata ?? {};
    const body = { ...wanted, metadata: { ...wanted.metadata, resourceVersion } };
    await client.send({ method: 'PUT', path: one, body });
  }
}
