import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { dirname } from 'node:path';
import t, { type Test } from 'tap';
import { chart } from '../../manifests/chart.ts';
import { manifests } from '../../manifests/roles.ts';
import {
  historyOf,
  leverOf,
  pathOf,
  sha1Of,
  stampedKeys,
  type SourceName,
  type WorkloadObject,
} from '../support/objects.ts';
import type { Restamp } from '../support/restamp-process.ts';
import { freshCluster, refusals, runInstalled, wideObjects } from './installed.ts';

// A team moves its installation from the namespace of an application, which it watches alone, to one of its own, from
// which it watches all: by helm, with a values.yaml of Reloader and its strategy `annotations`.
// A busy machine takes several times as long as an idle one.
t.setTimeout(600_000);
const cp = await freshCluster(t);
const folder = `${manifests}examples/walkthrough-b/`;
const SETTINGS = 'ConfigMap/settings';
const PARAMETERS = 'Secret/parameters';
const first = { LOG_LEVEL: 'info', FEATURE: 'on' };

const get = (ns: string, name: string): Promise<WorkloadObject> =>
  cp.api<WorkloadObject>('GET', pathOf(ns, 'Deployment', name));
const until = (
  ns: string,
  name: string,
  fits: (object: WorkloadObject) => boolean,
): Promise<WorkloadObject> => cp.untilObject<WorkloadObject>(pathOf(ns, 'Deployment', name), fits);
const kubectl = (...args: readonly string[]): Promise<unknown> => cp.kubectl(args);
const LAST_RELOADED_FROM = 'reloader.stakater.com/last-reloaded-from';

/** The hash that the template tells of its last change, for a source: by annotation, else by env var. */
function hashOf(object: WorkloadObject, which: SourceName): string | undefined {
  const told = object.spec.template.metadata?.annotations?.[LAST_RELOADED_FROM];
  if (told === undefined) return leverOf(object, which);
  const { type, name, namespace, hash } = JSON.parse(told) as Readonly<Record<string, string>>;
  const same = `${type ?? ''}/${name ?? ''}`.toLowerCase() === which.toLowerCase();
  return same && namespace === object.metadata.namespace ? hash : undefined;
}

const rolled = (ns: string, name: string, which: SourceName, data: Readonly<Record<string, string>>) =>
  until(ns, name, (object) => hashOf(object, which) === sha1Of(data));

/** What a restart would change: the pod templates of both applications. */
async function templates(ns: string): Promise<object[]> {
  return Promise.all(['web', 'worker'].map(async (name) => (await get(ns, name)).spec.template));
}

/** The names of the pods that are there to stay. */
async function pods(ns: string): Promise<string[]> {
  const { stdout } = await cp.kubectl(['get', 'replicasets', '-n', ns, '-o', 'name']);
  return stdout.trim().split('\n').sort();
}

/** Which key the maps of both applications were made with. */
async function keyIds(ns: string): Promise<unknown[]> {
  const maps = await Promise.all(
    ['web', 'worker'].map(async (name) => (await get(ns, name)).metadata.annotations?.['restamp.dev/stamps']),
  );
  return maps.map((map) => (JSON.parse(map ?? '{}') as { key?: unknown }).key);
}

const ENV_VARS = ['--set', 'reloader.reloadStrategy=env-vars'];

async function install(ns: string, values: string, t: Test, more: readonly string[] = []): Promise<Restamp> {
  await cp.helm([
    'install',
    'restamp',
    chart,
    '-n',
    ns,
    '--create-namespace',
    '-f',
    `${folder}${values}`,
    ...more,
  ]);
  return runInstalled(t, cp, { namespace: ns, name: 'restamp' }, ['--log-format=']);
}

async function uninstall(server: Restamp, ns: string): Promise<void> {
  await server.stop();
  await cp.helm(['uninstall', 'restamp', '-n', ns]);
}

/** The one documented command. */
async function moveKeys(from: string, to: string): Promise<void> {
  const path = `${dirname(cp.binaries.kubectl ?? '')}:${process.env['PATH'] ?? ''}`;
  const child = spawn(`${folder}move-keys.sh`, [from, to], {
    env: { PATH: path, KUBECONFIG: cp.kubeconfig, KUBECACHEDIR: `${cp.dir}/kubectl-cache` },
    stdio: 'inherit',
  });
  const [code] = (await once(child, 'close')) as [number];
  if (code !== 0) throw new Error(`move-keys.sh failed with code ${code}`);
}

/** The application with the installation beside it, both baselines taken and one roll behind it. */
async function before(t: Test, more: readonly string[] = []): Promise<{ ns: string; server: Restamp }> {
  const ns = await cp.freshNamespace('team');
  const server = await install(ns, 'values-before.yaml', t, more);
  await kubectl('apply', '-n', ns, '-f', `${folder}application.yaml`);
  for (const name of ['web', 'worker']) await until(ns, name, (object) => stampedKeys(object)?.length === 1);
  return { ns, server };
}

const removeKey = '{"data":{"FEATURE":null}}';
const changeSecret = '{"stringData":{"PASSWORD":"second"}}';

t.test('moved with its keys: nothing restarts, and what was changed in the gap rolls, once', async (t) => {
  const { ns, server } = await before(t);
  await kubectl('patch', 'configmap', 'settings', '-n', ns, '--type', 'merge', '-p', removeKey);
  await rolled(ns, 'web', SETTINGS, { LOG_LEVEL: 'info' });
  await server.until(({ msg }) =>
    msg.includes(
      `Changes detected in 'settings' of type 'CONFIGMAP' in namespace '${ns}'; ` +
        `updated 'web' of type 'Deployment' in namespace '${ns}'`,
    ),
  );
  // A label alone changes no data.
  await kubectl('label', 'secret', 'parameters', '-n', ns, 'touched=yes');
  const kept = await templates(ns);
  const ids = await keyIds(ns);
  await uninstall(server, ns);
  t.same(await wideObjects(cp), []);

  await kubectl('patch', 'secret', 'parameters', '-n', ns, '-p', changeSecret);
  await kubectl('create', 'namespace', 'restamp');
  await moveKeys(ns, 'restamp');
  const after = await install('restamp', 'values-after.yaml', t);
  const worker = await rolled(ns, 'worker', PARAMETERS, { PASSWORD: 'second' });
  t.match(historyOf(worker)[0]?.sources, [{ source: 'secret/parameters' }]);
  t.equal(historyOf(worker).length, 1);
  const [web] = await templates(ns);
  t.same(web, kept[0], 'the lever and all else of the other stayed');
  t.same(await keyIds(ns), ids, 'the maps are readable still');
  t.equal((await pods(ns)).length, 4, 'two templates for each: of its start, and of its one change');

  // A namespace that is new is covered at once.
  const fresh = await cp.freshNamespace('new');
  await kubectl('apply', '-n', fresh, '-f', `${folder}application.yaml`);
  await until(fresh, 'web', (object) => stampedKeys(object)?.length === 1);
  await kubectl('patch', 'configmap', 'settings', '-n', fresh, '--type', 'merge', '-p', removeKey);
  const there = await rolled(fresh, 'web', SETTINGS, { LOG_LEVEL: 'info' });
  t.equal(
    hashOf(there, SETTINGS),
    hashOf(await get(ns, 'web'), SETTINGS),
    'the same data gives the same value in every namespace',
  );
  t.same(await refusals(after), []);
  await uninstall(after, 'restamp');
  await kubectl('delete', 'namespace', 'restamp');
});

t.test('moved without its keys: nothing restarts, and the baseline is taken again', async (t) => {
  const { ns, server } = await before(t);
  await kubectl('patch', 'configmap', 'settings', '-n', ns, '--type', 'merge', '-p', removeKey);
  await rolled(ns, 'web', SETTINGS, { LOG_LEVEL: 'info' });
  const kept = await templates(ns);
  const ids = await keyIds(ns);
  await uninstall(server, ns);
  await kubectl('patch', 'secret', 'parameters', '-n', ns, '-p', changeSecret);

  const after = await install('restamp', 'values-after.yaml', t);
  for (const name of ['web', 'worker'])
    await until(ns, name, (object) => {
      const map = object.metadata.annotations?.['restamp.dev/stamps'] ?? '{}';
      return !ids.includes((JSON.parse(map) as { key?: unknown }).key);
    });
  t.same(await templates(ns), kept, 'what was changed in the gap is taken as it is');
  await kubectl(
    'patch',
    'configmap',
    'settings',
    '-n',
    ns,
    '--type',
    'merge',
    '-p',
    '{"data":{"FEATURE":"on"}}',
  );
  await rolled(ns, 'web', SETTINGS, first);
  t.same((await templates(ns))[1], kept[1]);
  t.same(await refusals(after), []);
  await uninstall(after, 'restamp');
});

t.test('re-created in another namespace, a workload has the same value there', async (t) => {
  const { ns, server } = await before(t, ENV_VARS);
  await uninstall(server, ns);
  const after = await install('restamp', 'values-after.yaml', t, ENV_VARS);
  await kubectl('patch', 'configmap', 'settings', '-n', ns, '--type', 'merge', '-p', removeKey);
  const here = await rolled(ns, 'web', SETTINGS, { LOG_LEVEL: 'info' });
  const other = await cp.freshNamespace('other');
  const { stdout } = await cp.kubectl([
    'get',
    'configmap/settings',
    'deployment/web',
    '-n',
    ns,
    '-o',
    'json',
  ]);
  type Listed = { kind: string; metadata: object; spec?: object; data?: object };
  const items = (JSON.parse(stdout) as { items: Listed[] }).items.map(({ kind, spec, data, metadata }) => {
    const { name, annotations } = metadata as { name: string; annotations?: object };
    return {
      apiVersion: kind === 'Deployment' ? 'apps/v1' : 'v1',
      kind,
      metadata: { name, annotations },
      spec,
      data,
    };
  });
  for (const item of items) await cp.kubectl(['create', '-n', other, '-f', '-'], { input: item });
  const there = await until(other, 'web', (object) => stampedKeys(object)?.length === 1);
  t.equal(leverOf(there, SETTINGS), leverOf(here, SETTINGS));
  t.same(there.spec.template, here.spec.template);
  await uninstall(after, 'restamp');
});
