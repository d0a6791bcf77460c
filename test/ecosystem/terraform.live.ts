import { execFile } from 'node:child_process';
import { copyFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import t from 'tap';
import { packChart } from '../../manifests/package.ts';
import type { KubeObject } from '../controlplane/http.ts';
import { freshCluster, wideObjects } from '../e2e/install/installed.ts';
import { buildNeighbour } from './build.ts';
import { HELM_PROVIDER, OPENTOFU } from './neighbours.ts';

t.setTimeout(1_800_000);

const EXAMPLE = fileURLToPath(new URL('../../manifests/terraform/main.tf', import.meta.url));

const tofu = join((await buildNeighbour(OPENTOFU)).folder, 'tofu');
const provider = (await buildNeighbour(HELM_PROVIDER)).folder;
const cp = await freshCluster(t);
const dir = t.testdir({});
await copyFile(EXAMPLE, join(dir, 'main.tf'));
await writeFile(
  join(dir, 'provider.tf'),
  `provider "helm" {\n  kubernetes = { config_path = ${JSON.stringify(cp.kubeconfig)} }\n}\n`,
);
const config = join(dir, 'cli.rc');
// Nobody is asked for a provider: it is the one that was built.
await writeFile(
  config,
  `provider_installation {\n  dev_overrides { "hashicorp/helm" = ${JSON.stringify(provider)} }\n  direct {}\n}\n`,
);
const chart = await packChart(dir);

/** Runs tofu; returns what it says, without colours. */
async function run(command: string, ...more: readonly string[]): Promise<string> {
  const args = [command, '-no-color', '-input=false', '-var', `chart=${chart}`, ...more];
  const env = { ...process.env, TF_CLI_CONFIG_FILE: config, HELM_CACHE_HOME: dir, HELM_CONFIG_HOME: dir };
  const { stdout, stderr } = await promisify(execFile)(tofu, args, { cwd: dir, env });
  return stdout + stderr;
}
type Deployment = KubeObject & {
  readonly spec: {
    readonly template: { readonly spec: { readonly containers: readonly { args?: string[] }[] } };
  };
};
const argumentsOf = async (): Promise<readonly string[]> => {
  const path = '/apis/apps/v1/namespaces/restamp/deployments/restamp';
  const { spec } = await cp.api<Deployment>('GET', path);
  return spec.template.spec.containers[0]?.args ?? [];
};

t.test('the example installs Restamp, and a second plan finds nothing to do', async (t) => {
  t.match(await run('apply', '-auto-approve'), /Resources: 1 added/);
  t.ok((await argumentsOf()).includes('--quiet-period=2s'));
  t.match(await run('plan'), /No changes/);
});

t.test('a changed value is an upgrade in place', async (t) => {
  const values = { restamp: { quietPeriod: '3s' } };
  const resource = { helm_release: { restamp: { values: [JSON.stringify(values)] } } };
  await writeFile(join(dir, 'override.tf.json'), JSON.stringify({ resource }));
  const text = await run('apply', '-auto-approve');
  t.match(text, /0 added, 1 changed, 0 destroyed/);
  t.ok((await argumentsOf()).includes('--quiet-period=3s'));
});

t.test('destroying it leaves no webhook and no role behind', async (t) => {
  t.match(await run('destroy', '-auto-approve'), /1 destroyed/);
  t.same(await wideObjects(cp), ['namespace/restamp'], 'helm made the namespace, and leaves it');
});
