import t from 'tap';
import { rightsOf, type Scope } from '../../manifests/rights.ts';
import { render } from './chart.ts';
import { EVERYTHING, linesOfRights, linesOfRoles, type Manifest } from './roles.ts';

const all: Scope = { ...EVERYTHING, registration: 'restamp.tools' };

type Case = readonly [title: string, values: object, scope: Partial<Scope>, namespaces: readonly string[]];
const scoped = { watchGlobally: false };

const CASES: readonly Case[] = [
  ['the whole cluster', {}, {}, []],
  ['no webhook', { webhook: { enabled: false } }, { webhook: false }, []],
  ['no Secrets', { reloader: { ignoreSecrets: true } }, { secrets: false }, []],
  ['no ConfigMaps', { reloader: { ignoreConfigMaps: true } }, { configMaps: false }, []],
  ['no Jobs', { reloader: { ignoreJobs: true } }, { jobs: false }, []],
  ['no CronJobs', { reloader: { ignoreCronJobs: true } }, { cronJobs: false }, []],
  ['neither', { reloader: { ignoreJobs: true, ignoreCronJobs: true } }, { jobs: false, cronJobs: false }, []],
  ['Argo Rollouts', { reloader: { isArgoRollouts: true } }, { argoRollouts: true }, []],
  ['CSI', { reloader: { enableCSIIntegration: true } }, { csi: true }, []],
  ['its own namespace', { reloader: scoped }, { global: false }, ['tools']],
  [
    'named namespaces, as a list',
    { reloader: { ...scoped, namespaces: ['b', 'tools', 'a'] } },
    { global: false },
    ['a', 'b', 'tools'],
  ],
  [
    'named namespaces, as a text',
    { reloader: { ...scoped, namespaces: 'b, a' } },
    { global: false },
    ['a', 'b', 'tools'],
  ],
  [
    'its own namespace without the webhook',
    { reloader: scoped, webhook: { enabled: false } },
    { global: false, webhook: false },
    ['tools'],
  ],
];

for (const [title, values, more, namespaces] of CASES)
  t.test(`${title}: the roles give exactly what the table says`, async (t) => {
    const scope = { ...all, ...more };
    const { watched, own, cluster } = rightsOf(scope);
    const objects = await render(values);
    const roles = (kind: string, name: string): Manifest[] =>
      objects.filter((object) => object.kind === kind && object.metadata.name === name);
    t.same(
      linesOfRoles(roles('ClusterRole', 'restamp.tools')),
      linesOfRights(scope.global ? [...watched, ...cluster] : cluster),
    );
    t.same(linesOfRoles(roles('Role', 'restamp')), linesOfRights(own));
    const each = roles('Role', 'restamp.tools');
    t.same(
      each.map(({ metadata }) => metadata.namespace),
      namespaces,
    );
    for (const role of each) t.same(linesOfRoles([role]), linesOfRights(watched));
    const bindings = objects.filter(({ kind }) => kind.endsWith('Binding'));
    t.equal(bindings.length, objects.filter(({ kind }) => kind.endsWith('Role')).length);
    for (const binding of bindings)
      t.same(binding['subjects'], [{ kind: 'ServiceAccount', name: 'restamp', namespace: 'tools' }]);
    const wide = objects.filter(({ metadata }) => metadata.namespace === undefined);
    if (!scope.global && !scope.webhook) t.same(wide, [], 'nothing belongs to no namespace');
  });

t.test('without rbac.enabled there is no role and no binding', async (t) => {
  const objects = await render({ reloader: { rbac: { enabled: false } } });
  t.notOk(objects.some(({ apiVersion }) => apiVersion.startsWith('rbac.')));
});

t.test('a service account of somebody else is used and not made', async (t) => {
  const objects = await render({ reloader: { serviceAccount: { create: false, name: 'theirs' } } });
  t.notOk(objects.some(({ kind }) => kind === 'ServiceAccount'));
  const subjects = objects.flatMap(({ subjects: of }) => (of ?? []) as { name: string }[]);
  t.ok(subjects.length > 0);
  t.ok(subjects.every(({ name }) => name === 'theirs'));
});
