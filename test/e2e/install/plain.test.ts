import { cp as copy, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import type { KubeObject } from '../../controlplane/http.ts';
import { manifests } from '../../manifests/roles.ts';
import { historyOf } from '../support/objects.ts';
import { App } from './apps.ts';
import { freshCluster, refusals, runInstalled, wideObjects } from './installed.ts';

// A busy machine takes several times as long as an idle one.
t.setTimeout(300_000);
const cp = await freshCluster(t);
const restamp = { namespace: 'restamp', name: 'restamp' };

/** Runs kubectl; fails if it warns of anything. */
async function kubectl(...args: readonly string[]): Promise<string> {
  const { stdout, stderr } = await cp.kubectl(args);
  t.notMatch(stderr, /warning/i, `kubectl ${args.join(' ').replaceAll(/\S*\//g, '')} warns of nothing`);
  return stdout;
}

type Configuration = KubeObject & { readonly webhooks?: readonly object[] };
const webhooks = async (): Promise<readonly object[]> => {
  const base = '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations';
  return (await cp.api<Configuration>('GET', `${base}/restamp.restamp`)).webhooks ?? [];
};

t.test('the plain YAML: applied, applied again, and taken away whole', async (t) => {
  const file = `${manifests}restamp.yaml`;
  await kubectl('apply', '-f', file);
  const app = new App(cp, await cp.freshNamespace('shop'), 'api');
  await app.create({ key: 'a' });
  const server = await runInstalled(t, cp, restamp);
  await app.stamped();
  await app.change({ key: 'b' });
  const [roll] = historyOf(await app.rolled({ key: 'b' }));
  t.ok(roll?.sources[0]?.by, 'the webhook saw the write');
  t.same(await refusals(server), []);
  const before = await webhooks();
  t.equal(before.length, 1);
  const again = (await kubectl('apply', '-f', file)).trim().split('\n');
  // kubectl sends the selector of a budget each time, and the API server finds it the same.
  const changed = again.filter(
    (line) => !line.endsWith(' unchanged') && !line.startsWith('poddisruptionbudget'),
  );
  t.same(changed, [], 'it is the same');
  t.same(await webhooks(), before, 'the rules and the CA stay');
  await server.stop();
  // The namespace goes first and takes what is in it along.
  await kubectl('delete', '-f', file, '--timeout=60s', '--ignore-not-found');
  t.same(await wideObjects(cp), []);
});

t.test('the base is applied from both sides without a warning', async (t) => {
  await kubectl('apply', '-k', `${manifests}base`, '--server-side');
  await kubectl('apply', '-k', `${manifests}base`, '--server-side');
  t.equal((await wideObjects(cp)).length, 5);
  await kubectl('delete', '-k', `${manifests}base`, '--timeout=60s', '--ignore-not-found');
  await kubectl('apply', '-k', `${manifests}base`);
  await kubectl('delete', '-k', `${manifests}base`, '--timeout=60s', '--ignore-not-found');
  t.same(await wideObjects(cp), []);
});

t.test('the overlay for one namespace: rolls there with no right outside of it', async (t) => {
  const app = new App(cp, await cp.freshNamespace('alone'), 'api');
  await app.create({ key: 'a' });
  const dir = await mkdtemp(join(tmpdir(), 'restamp-overlay-'));
  t.teardown(() => rm(dir, { recursive: true, force: true }));
  for (const part of ['base', 'overlays']) await copy(manifests + part, join(dir, part), { recursive: true });
  const overlay = join(dir, 'overlays', 'one-namespace');
  const file = join(overlay, 'kustomization.yaml');
  await writeFile(file, (await readFile(file, 'utf8')).replace('my-namespace', app.ns));
  await kubectl('apply', '-k', overlay);
  t.same(await wideObjects(cp), []);
  const server = await runInstalled(t, cp, { namespace: app.ns, name: 'restamp' });
  await app.stamped();
  await app.change({ key: 'b' });
  await app.rolled({ key: 'b' });
  t.same(await refusals(server), []);
  await server.stop();
});
