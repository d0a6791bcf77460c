// A server that runs as an installation says, outside of a pod: with the flags, the variables and the rights of the
// Deployment that helm or kubectl made, and only that adapted which a process on this machine needs.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Connection } from '../../controlplane/connection.ts';
import { startControlPlane } from '../../controlplane/controlplane.ts';
import type { HasTeardown } from '../../controlplane/shared.ts';
import type { Deployment } from '../../manifests/chart.ts';
import { startServer, type Restamp } from '../support/restamp-process.ts';

/**
 * A control plane of the test's own, since what is installed for all namespaces would meet the other tests. Nothing
 * is in it that a fresh cluster does not have.
 */
export async function freshCluster(t: HasTeardown): Promise<Connection> {
  const cp = await startControlPlane({ also: ['helm'] });
  t.teardown(() => cp.stop());
  await cp.kubectl(['delete', 'clusterrole,clusterrolebinding', '-l', 'app.kubernetes.io/name=restamp']);
  await cp.kubectl(['delete', 'clusterrolebinding', 'restamp', 'restamp-outside']);
  await cp.kubectl(['delete', 'namespace', 'restamp']);
  return cp;
}

/** Where the Deployment of an installation is. */
export type Installation = { readonly namespace: string; readonly name: string };

/** Flags that hurry the tests; each is one of the server's own. */
const HURRY = ['--quiet-period=200ms', '--baselines-per-second=50', '--lease-duration=3s'];
/** What a process that writes to a test needs. */
const ADAPTED = ['--log-format=json', '--shutdown-delay=0s'];

/** Starts the server of an installation; `more` flags come last and win. */
export async function runInstalled(
  t: HasTeardown,
  cp: Connection,
  { namespace, name }: Installation,
  more: readonly string[] = [],
): Promise<Restamp> {
  const path = `/apis/apps/v1/namespaces/${namespace}/deployments/${name}`;
  const { spec } = (await cp.api('GET', path)) as unknown as Deployment;
  const pod = spec.template.spec;
  const [container] = pod.containers;
  const env = Object.fromEntries(
    container.env.map(({ name: variable, value, valueFrom }) => [
      variable,
      value ?? fieldOf(valueFrom, { namespace, name: `${name}-0` }),
    ]),
  );
  const flags = container.args.map((flag) =>
    flag.replaceAll(/\$\((\w+)\)/g, (_all, variable: string) => env[variable] ?? ''),
  );
  const server = await startServer({
    kubeconfig: await kubeconfigOf(cp, namespace, pod.serviceAccountName),
    admission: flags.includes('--admission=off') ? 'off' : 'on',
    flags: [...flags, ...ADAPTED, ...HURRY, ...more],
    env,
  });
  t.teardown(() => server.stop());
  return server;
}

/** What the kubelet would put into a variable. */
function fieldOf(valueFrom: object | undefined, pod: Installation): string {
  const { fieldRef } = (valueFrom ?? {}) as { fieldRef?: { fieldPath: string } };
  const fields: Readonly<Record<string, string>> = {
    'metadata.name': pod.name,
    'metadata.namespace': pod.namespace,
    'status.podIP': '127.0.0.1',
  };
  const value = fields[fieldRef?.fieldPath ?? ''];
  if (value === undefined) throw new Error(`no field ${JSON.stringify(valueFrom)}`);
  return value;
}

/** A kubeconfig with a token of the service account, as a pod has one. */
async function kubeconfigOf(cp: Connection, namespace: string, account: string): Promise<string> {
  const { stdout } = await cp.kubectl(['create', 'token', account, '-n', namespace]);
  const file = join(cp.dir, `${namespace}-${account}.yaml`);
  const cluster = { server: cp.url, 'certificate-authority-data': Buffer.from(cp.ca).toString('base64') };
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'pod',
    clusters: [{ name: 'cluster', cluster }],
    users: [{ name: 'pod', user: { token: stdout.trim() } }],
    contexts: [{ name: 'pod', context: { cluster: 'cluster', user: 'pod' } }],
  };
  await writeFile(file, JSON.stringify(config), { mode: 0o600 });
  return file;
}

/** Answers of the API server that refused the server something it asked for. */
export async function refusals(server: Restamp): Promise<string[]> {
  const text = await (await fetch(`${server.opsUrl}/metrics`)).text();
  return text.split('\n').filter((line) => /^restamp_api_requests_total\{.*code="40[13]"/.test(line));
}

/** Names of what belongs to no namespace and bears our name. */
export async function wideObjects(cp: Connection): Promise<string[]> {
  const kinds =
    'clusterroles,clusterrolebindings,validatingwebhookconfigurations,mutatingwebhookconfigurations,namespaces';
  const { stdout } = await cp.kubectl(['get', kinds, '-o', 'name']);
  return stdout.split('\n').filter((line) => line.includes('restamp'));
}
