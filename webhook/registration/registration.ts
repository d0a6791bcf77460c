import { planInjection } from '../../certs/inject.ts';
import { jsonEqual } from '../../src/core/api/json-equal.ts';
import { hasCode, RestampError } from '../../src/errors.ts';
import { JSON_PATCH, type KubeClient } from '../../src/kube/client.ts';
import { readOrNothing } from '../../src/kube/objects.ts';
import { concealPaths } from '../callers/secret-paths.ts';
import {
  MADE_BY,
  MADE_BY_US,
  sourceConfiguration,
  workloadConfiguration,
  type Configuration,
  type ConfigurationOptions,
} from './configurations.ts';

const BASE = '/apis/admissionregistration.k8s.io/v1';
const RESOURCES = ['validatingwebhookconfigurations', 'mutatingwebhookconfigurations'] as const;
/** More than two are rare. */
const TRIES = 5;

/**
 * Registers the webhooks. Configurations that are there get our webhooks and keep the rest: an installer makes them
 * empty, so that they go when it takes the installation away, and the server fills them, since their rules follow
 * from its flags. With a URL, those that are not there are created. Writes only what differs.
 * Fails with RESTAMP_KUBE_*; RESTAMP_KUBE_NOT_FOUND if the installer has made none yet. No error tells our addresses.
 */
export async function register(client: KubeClient, options: ConfigurationOptions): Promise<void> {
  await putAll(client, options, put);
}

/**
 * The same for configurations that are there still: whoever has taken one away may have meant it, and it stays away.
 */
export async function renewRegistration(client: KubeClient, options: ConfigurationOptions): Promise<void> {
  await putAll(client, options, async (...args) => {
    const [, resource, { metadata }] = args;
    if ((await readOrNothing(client, `${BASE}/${resource}/${metadata.name}`)) !== undefined)
      await put(...args);
  });
}

async function putAll(client: KubeClient, options: ConfigurationOptions, one: typeof put): Promise<void> {
  try {
    await one(client, RESOURCES[0], sourceConfiguration(options), options);
    await one(client, RESOURCES[1], workloadConfiguration(options), options);
  } catch (error) {
    // Who refuses a configuration may quote it.
    throw error instanceof RestampError ? new RestampError(error.code, concealPaths(error.detail)) : error;
  }
}

/**
 * Takes the registration back: deletes what a server made, and empties what an installer made. Nothing happens if
 * it is gone. Fails with RESTAMP_KUBE_*, at once when `late` aborts.
 */
export async function unregister(client: KubeClient, name: string, late: AbortSignal): Promise<void> {
  const inTime: Pick<KubeClient, 'send'> = { send: (call) => client.send({ ...call, signal: late }) };
  for (const resource of RESOURCES) {
    const path = `${BASE}/${resource}/${name}`;
    try {
      const stored = (await inTime.send({ method: 'GET', path })) as Stored;
      if (stored.metadata.labels?.[MADE_BY] === MADE_BY_US) await inTime.send({ method: 'DELETE', path });
      else await setWebhooks(inTime, path, []);
    } catch (error) {
      if (!hasCode(error, 'RESTAMP_KUBE_NOT_FOUND')) throw error;
    }
  }
}

type ClientConfig = {
  readonly caBundle?: string;
  readonly url?: string;
  readonly service?: { readonly path?: string };
};
type Stored = {
  readonly metadata: { readonly labels?: Readonly<Record<string, string>> };
  readonly webhooks?: readonly { readonly name: string; readonly clientConfig: ClientConfig }[];
};

/**
 * Whether the configurations are there and have webhooks that trust our CA and call one of our addresses: else the API
 * server calls nobody, or is refused.
 */
export async function isRegistered(
  client: KubeClient,
  { name, caPem, observing }: Pick<ConfigurationOptions, 'name' | 'caPem' | 'observing'>,
  isOurs: (path: string) => boolean,
): Promise<boolean> {
  for (const resource of observing ? RESOURCES.slice(0, 1) : RESOURCES) {
    const stored = (await readOrNothing(client, `${BASE}/${resource}/${name}`)) as Stored | undefined;
    if (stored === undefined || (stored.webhooks ?? []).length === 0) return false;
    if (planInjection(stored, caPem) !== undefined) return false;
    if (!(stored.webhooks ?? []).every(({ clientConfig }) => isOurs(pathOf(clientConfig)))) return false;
  }
  return true;
}

function pathOf({ url = '', service }: ClientConfig): string {
  return service?.path ?? URL.parse(url)?.pathname ?? '';
}

async function put(
  client: KubeClient,
  resource: string,
  wanted: Configuration,
  options: ConfigurationOptions,
): Promise<void> {
  for (let tries = 1; ; tries += 1)
    try {
      await putOnce(client, resource, wanted, options);
      return;
    } catch (error) {
      // Another replica that starts now has made it first, or one that ends has taken it back.
      const moved = hasCode(error, 'RESTAMP_KUBE_CONFLICT') || hasCode(error, 'RESTAMP_KUBE_NOT_FOUND');
      if (!moved || tries === TRIES || !(options.address instanceof URL)) throw error;
    }
}

async function putOnce(
  client: KubeClient,
  resource: string,
  wanted: Configuration,
  { address }: ConfigurationOptions,
): Promise<void> {
  const path = `${BASE}/${resource}/${wanted.metadata.name}`;
  const stored = (await readOrNothing(client, path)) as Stored | undefined;
  if (stored === undefined) {
    if (!(address instanceof URL))
      throw new RestampError(
        'RESTAMP_KUBE_NOT_FOUND',
        `the ${wanted.kind} ${wanted.metadata.name}, which comes with the installation, is not there`,
      );
    await client.send({ method: 'POST', path: `${BASE}/${resource}`, body: wanted });
  } else if (!jsonEqual(stored.webhooks, wanted.webhooks)) await setWebhooks(client, path, wanted.webhooks);
}

/** No other field is touched: labels and annotations are the installer's. */
async function setWebhooks(
  client: Pick<KubeClient, 'send'>,
  path: string,
  webhooks: readonly object[],
): Promise<void> {
  const body = [{ op: 'add', path: '/webhooks', value: webhooks }];
  await client.send({ method: 'PATCH', path, contentType: JSON_PATCH, body });
}
