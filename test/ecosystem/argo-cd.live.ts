import t from 'tap';
import { defineKind, grantKind, ROLLOUT } from '../e2e/support/crds.ts';
import { AUTO, historyOf, leverOf, sha1Of, source, stampedKeys } from '../e2e/support/objects.ts';
import { release, settled, templates } from '../e2e/support/releases.ts';
import { openStage } from '../e2e/support/environment.ts';
import { sharedControlPlane } from '../controlplane/shared.ts';
import { ArgoCd } from './argo-cd.ts';

t.setTimeout(1_800_000);

const cp = await sharedControlPlane(t);
const argo = await ArgoCd.start(t, cp, t.testdir({}));

for (const [name, how] of [
  ['client', {}],
  [
    'server',
    {
      syncOptions: ['ServerSideApply=true'],
      annotations: { 'argocd.argoproj.io/compare-options': 'ServerSideDiff=true' },
    },
  ],
] as const)
  t.test(`each commit is one rollout, and no roll is drift or is undone: ${name}-side apply`, async (t) => {
    const stage = await openStage(t, name, { flags: ['--quiet-period=1s', '--release-quiet=3s'] });
    await stage.create(source('ConfigMap/bell', { rings: '0' }));
    let commit = await argo.commit(name, release({ config: '1', secret: '1', image: '1' }));
    await argo.add({ name, namespace: stage.ns, path: name, ...how });
    await argo.synced(name, commit);
    t.equal(await settled(stage), 1, 'the bell, which is not in Git, rolled it');
    let before = await templates(stage);
    const { status } = await argo.compared(name, 3);
    t.equal(status?.sync?.status, 'Synced');
    for (const [what, version] of [
      ['config alone', { config: '2', secret: '1', image: '1' }],
      ['all', { config: '3', secret: '3', image: '3' }],
      ['image alone', { config: '3', secret: '3', image: '4' }],
    ] as const) {
      commit = await argo.commit(name, release(version));
      await argo.synced(name, commit);
      // Before the bell rings: both would be one roll.
      if (what === 'config alone') {
        const value = sha1Of({ A: version.config });
        await stage.until('Deployment', 'api', (object) => leverOf(object, 'ConfigMap/app') === value);
      }
      t.equal((await settled(stage)) - before, 1, what);
      before = await templates(stage);
    }
    t.equal((await argo.compared(name, 3)).status?.sync?.status, 'Synced');
    t.equal(await templates(stage), before, 'nothing was healed');
  });

t.test(
  'a Rollout that is rolled by an env var without the webhook is drift, and the rule of the docs ends that',
  async (t) => {
    await defineKind(cp, ROLLOUT);
    await grantKind(cp, ROLLOUT.group, ROLLOUT.plural);
    const rule = {
      group: ROLLOUT.group,
      kind: ROLLOUT.kind,
      jqPathExpressions: [
        '.spec.template.spec.containers[]?.env[]? | select(.name | startswith("STAKATER_"))',
      ],
    };
    for (const [name, ignoreDifferences, status] of [
      ['bare', [], 'OutOfSync'],
      ['ruled', [rule], 'Synced'],
    ] as const) {
      const stage = await openStage(t, name, { admission: 'off', flags: ['--is-Argo-Rollouts=true'] });
      await stage.create(source('ConfigMap/app', { a: '1' }));
      const main = {
        name: 'main',
        image: 'registry.example/main:1',
        envFrom: [{ configMapRef: { name: 'app' } }],
      };
      const env = [{ name: 'A', value: '1' }];
      const commit = await argo.commit(name, [
        {
          apiVersion: `${ROLLOUT.group}/${ROLLOUT.version}`,
          kind: ROLLOUT.kind,
          metadata: { name: 'app', annotations: AUTO },
          spec: { template: { spec: { containers: [{ ...main, env }] } } },
        },
      ]);
      await argo.add({
        name,
        namespace: stage.ns,
        path: name,
        ignoreDifferences,
        syncOptions: ['RespectIgnoreDifferences=true'],
      });
      await argo.synced(name, commit);
      const path = `/apis/${ROLLOUT.group}/${ROLLOUT.version}/namespaces/${stage.ns}/rollouts/app`;
      await cp.untilObject(path, (object) => stampedKeys(object)?.length === 1);
      await stage.change('ConfigMap/app', { a: '2' });
      await cp.untilObject(path, (object) => historyOf(object).length === 1);
      await argo.until(name, ({ status: now }) => now?.sync?.status === status);
      if (status === 'Synced') t.equal((await argo.compared(name, 3)).status?.sync?.status, status);
      t.pass(`${name}: ${status}`);
    }
  },
);
