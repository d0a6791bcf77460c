import t from 'tap';
import type { KubeObject } from '../../controlplane/http.ts';
import { chart } from '../../manifests/chart.ts';
import { historyOf } from '../support/objects.ts';
import { App } from './apps.ts';
import { freshCluster, refusals, runInstalled, wideObjects } from './installed.ts';

// A busy machine takes several times as long as an idle one.
t.setTimeout(300_000);
const cp = await freshCluster(t);

const WEBHOOKS = ['validatingwebhookconfigurations', 'mutatingwebhookconfigurations'].map(
  (resource) => `/apis/admissionregistration.k8s.io/v1/${resource}/restamp.tools`,
);
type Configuration = KubeObject & {
  readonly webhooks?: readonly { readonly clientConfig: { readonly caBundle?: string } }[];
};

/** Runs helm; fails if it warns of anything. */
async function helm(...args: readonly string[]): Promise<void> {
  const { stdout, stderr } = await cp.helm(args);
  t.notMatch(stdout + stderr, /warn/i, `helm ${args[0] ?? ''} warns of nothing`);
}

async function namespaceWith(prefix: string, app: string): Promise<App> {
  const made = new App(cp, await cp.freshNamespace(prefix), app);
  await made.create({ key: 'a' });
  return made;
}

t.test(
  'all namespaces: with the flags and the role of the chart the server starts, sees and rolls',
  async (t) => {
    await helm('install', 'restamp', chart, '-n', 'tools', '--create-namespace', '--wait', '--timeout=60s');
    t.same((await wideObjects(cp)).sort(), [
      'clusterrole.rbac.authorization.k8s.io/restamp.tools',
      'clusterrolebinding.rbac.authorization.k8s.io/restamp.tools',
      'mutatingwebhookconfiguration.admissionregistration.k8s.io/restamp.tools',
      'validatingwebhookconfiguration.admissionregistration.k8s.io/restamp.tools',
    ]);
    for (const path of WEBHOOKS)
      t.same(
        (await cp.api<Configuration>('GET', path)).webhooks ?? [],
        [],
        'nobody is asked before one is ready',
      );

    const app = await namespaceWith('shop', 'api');
    const server = await runInstalled(t, cp, { namespace: 'tools', name: 'restamp' });
    await app.stamped();
    await app.change({ key: 'b' });
    const [roll] = historyOf(await app.rolled({ key: 'b' }));
    t.match(roll?.sources, [{ source: 'cm/api', keys: ['key'] }], 'the webhook saw the write');
    t.ok(roll?.sources[0]?.by, 'and who made it');

    const filled = () => Promise.all(WEBHOOKS.map((path) => cp.api<Configuration>('GET', path)));
    const before = await filled();
    t.ok(before.every(({ webhooks = [] }) => webhooks.length === 1 && webhooks[0]?.clientConfig.caBundle));
    await helm('upgrade', 'restamp', chart, '-n', 'tools', '--set', 'restamp.quietPeriod=2s');
    t.same(
      (await filled()).map(({ webhooks }) => webhooks),
      before.map(({ webhooks }) => webhooks),
      'an upgrade leaves rules and CA alone',
    );
    t.same(await refusals(server), []);
    t.equal(await server.stop(), 0);
    for (const { webhooks = [] } of await filled())
      t.same(webhooks, [], 'nothing calls a server that has ended');

    await helm('uninstall', 'restamp', '-n', 'tools', '--wait', '--timeout=60s');
    t.same(await wideObjects(cp), []);
    const { stdout } = await cp.kubectl(
      'get deployment,replicaset,service,serviceaccount,role,rolebinding,pdb,secret,lease,configmap -n tools -o name'.split(
        ' ',
      ),
    );
    t.same(
      stdout.trim().split('\n').sort(),
      [
        'configmap/kube-root-ca.crt',
        'configmap/reloader-meta-info',
        'lease.coordination.k8s.io/restamp',
        'secret/restamp-keys',
        'serviceaccount/default',
      ],
      'only what the server made stays: its keys, its Lease and, like Reloader’s, its meta-info',
    );
  },
);

t.test('its own namespace and a named one: rolls there, and nowhere else', async (t) => {
  const [own, named, other] = await Promise.all(
    ['own', 'named', 'other'].map((one) => namespaceWith(one, 'api')),
  );
  if (own === undefined || named === undefined || other === undefined) throw new Error('no namespaces');
  await helm(
    ...['install', 'restamp', chart, '-n', own.ns],
    ...['--set', 'reloader.watchGlobally=false', '--set', `reloader.namespaces={${named.ns}}`],
  );
  const server = await runInstalled(t, cp, { namespace: own.ns, name: 'restamp' });
  await Promise.all([own.stamped(), named.stamped()]);
  for (const app of [other, named, own]) await app.change({ key: 'b' });
  for (const app of [named, own]) {
    const [roll] = historyOf(await app.rolled({ key: 'b' }));
    t.ok(roll?.sources[0]?.by, 'the webhook saw the write');
  }
  t.equal(await other.revision(), '1');
  t.same(await refusals(server), []);
  await server.stop();
  await helm('uninstall', 'restamp', '-n', own.ns);
  t.same(await wideObjects(cp), []);
});

t.test(
  'one namespace without the webhook: no right outside of it is there, and none is missed',
  async (t) => {
    const app = await namespaceWith('alone', 'api');
    await helm(
      ...['install', 'restamp', chart, '-n', app.ns],
      ...['--set', 'reloader.watchGlobally=false', '--set', 'webhook.enabled=false'],
    );
    t.same(await wideObjects(cp), []);
    const server = await runInstalled(t, cp, { namespace: app.ns, name: 'restamp' });
    await app.stamped();
    await app.change({ key: 'b' });
    await app.rolled({ key: 'b' });
    t.same(await refusals(server), []);
    await server.stop();
    await helm('uninstall', 'restamp', '-n', app.ns);
  },
);

t.test('what is ignored needs no right: none is missed', async (t) => {
  const app = await namespaceWith('less', 'api');
  const ignored = ['ignoreSecrets', 'ignoreJobs', 'ignoreCronJobs'].map((one) => `reloader.${one}=true`);
  await helm(
    ...['install', 'restamp', chart, '-n', app.ns],
    ...['--set', ['reloader.watchGlobally=false', 'webhook.enabled=false', ...ignored].join(',')],
  );
  const server = await runInstalled(t, cp, { namespace: app.ns, name: 'restamp' });
  await app.stamped();
  await app.change({ key: 'b' });
  await app.rolled({ key: 'b' });
  t.same(await refusals(server), []);
  await server.stop();
  await helm('uninstall', 'restamp', '-n', app.ns);
});

t.test('two releases of one name live side by side in two namespaces', async (t) => {
  const apps = await Promise.all(['left', 'right'].map((one) => namespaceWith(one, 'api')));
  for (const { ns } of apps)
    await helm('install', 'restamp', chart, '-n', ns, '--set', 'reloader.watchGlobally=false');
  const servers = await Promise.all(
    apps.map(({ ns }) => runInstalled(t, cp, { namespace: ns, name: 'restamp' })),
  );
  for (const app of apps) {
    await app.stamped();
    await app.change({ key: 'b' });
    const [roll] = historyOf(await app.rolled({ key: 'b' }));
    t.ok(roll?.sources[0]?.by);
    t.equal(await app.revision(), '2');
  }
  for (const server of servers) await server.stop();
  for (const { ns } of apps) await helm('uninstall', 'restamp', '-n', ns);
  t.same(await wideObjects(cp), []);
});
