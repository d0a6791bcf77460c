import t from 'tap';
import { isForeignOwned, workloadKey, workloadTitle } from '../../../../src/core/objects/workload.ts';
import { deployment, reduced, using, workload, kinds } from '../../../support/core/core-objects.ts';

const AUTO = { 'reloader.stakater.com/auto': 'true' };

t.test('reduceWorkload keeps what the rules read', async (t) => {
  const kept = workload({
    kind: 'StatefulSet',
    annotations: { ...AUTO, 'restamp.dev/stamps': '{"v":1}', 'restamp.dev/last-roll': '[]' },
    metadata: { creationTimestamp: '2026-11-22T10:00:00Z' },
    template: {
      metadata: { annotations: { 'restamp.dev/stamp': '4.abc' } },
      spec: { containers: [using('app', 'cm/app'), { name: 'sidecar' }] },
    },
  });
  t.has(kept, {
    kind: 'StatefulSet',
    namespace: 'prod',
    name: 'api',
    uid: 'u-1',
    resourceVersion: '7',
    created: Date.UTC(2026, 10, 22, 10),
    optedIn: true,
    optIn: { cm: { auto: true }, secret: { auto: true } },
    firstContainer: 'app',
    levers: [],
    templateStamp: '4.abc',
    stamps: '{"v":1}',
    lastRoll: '[]',
  });
  t.same([...kept.references], [['cm/app', { container: 'app', needs: [] }]]);
});

t.test('reduceWorkload keeps nothing of an object that is neither opted in nor stamped', async (t) => {
  const template = { spec: { containers: [using('app', 'cm/app')] } };
  t.equal(reduced({ template }), undefined);
  t.equal(
    reduced({ template, annotations: { 'reloader.stakater.com/auto': 'false' }, autoReloadAll: true }),
    undefined,
  );
  t.equal(reduced({ template, annotations: { 'restamp.dev/last-roll': '[]' } }), undefined);
});

t.test(
  'reduceWorkload keeps what is opted out but bears a map, so that the map can be put right',
  async (t) => {
    t.has(reduced({ annotations: { 'restamp.dev/stamps': '{}' } }), { optedIn: false, stamps: '{}' });
    t.has(reduced({ annotations: { 'restamp.dev/stamps': '' } }), { optedIn: false, stamps: '' });
  },
);

t.test('reduceWorkload takes either type, the template, or auto-reload-all for an opt-in', async (t) => {
  const annotations = { 'secret.reloader.stakater.com/auto': 'true' };
  t.has(reduced({ annotations }), {
    optedIn: true,
    optIn: { cm: { auto: false }, secret: { auto: true } },
  });
  t.has(reduced({ annotations: { 'configmap.reloader.stakater.com/reload': 'app' } }), { optedIn: true });
  t.has(reduced({ template: { metadata: { annotations: AUTO } } }), { optedIn: true });
  t.has(reduced({ autoReloadAll: true }), { optedIn: true });
  const half = { 'configmap.reloader.stakater.com/auto': 'false' };
  t.has(reduced({ annotations: half, autoReloadAll: true }), { optedIn: true }, 'for Secrets it still is');
});

t.test('reduceWorkload keeps nothing of what a workload of the table controls', async (t) => {
  const owned = (kind: string, apiVersion: string, controller?: boolean) =>
    reduced({
      annotations: AUTO,
      metadata: {
        ownerReferences: [{ kind, apiVersion, ...(controller === undefined ? {} : { controller }) }],
      },
    });
  for (const kind of ['Deployment', 'StatefulSet', 'DaemonSet'])
    t.equal(owned(kind, 'apps/v1', true), undefined, kind);
  t.equal(owned('Deployment', 'apps/v1beta1', true), undefined, 'of any version');
  t.ok(owned('Deployment', 'apps/v1', false), 'an owner that does not control');
  t.ok(owned('Deployment', 'apps/v1'), 'one that does not say');
  t.ok(owned('Kafka', 'kafka.strimzi.io/v1', true), 'a kind that is none of ours');
  t.ok(owned('Deployment', 'apps.example.com/v1', true), 'a namesake in another group');
  t.ok(owned('constructor', 'apps/v1', true));
});

t.test('reduceWorkload looks at every owner', async (t) => {
  const ownerReferences = [
    { kind: 'Application', apiVersion: 'app.k8s.io/v1' },
    { kind: 'Deployment', apiVersion: 'apps/v1', controller: true },
  ];
  t.equal(reduced({ annotations: AUTO, metadata: { ownerReferences } }), undefined);
});

t.test('reduceWorkload finds Reloader’s levers in the containers, and no other variable', async (t) => {
  const fieldRef = { fieldPath: 'metadata.name' };
  const template = {
    spec: {
      containers: [
        {
          name: 'app',
          env: [
            { name: 'HOME', value: '/' },
            { name: 'STAKATER_APP_CONFIGMAP', value: 'a' },
            { name: 'STAKATER_DB_SECRET', valueFrom: { fieldRef } as object },
            { value: 'nameless' },
          ],
        },
        { name: 'sidecar', env: [{ name: 'STAKATER_V_SECRETPROVIDERCLASS' }] },
      ],
      initContainers: [{ name: 'init', env: [{ name: 'STAKATER_APP_CONFIGMAP', value: 'b' }] }],
    },
  };
  t.same(workload({ annotations: AUTO, template }).levers, [
    { container: 'app', name: 'STAKATER_APP_CONFIGMAP', value: 'a', dynamic: false },
    { container: 'app', name: 'STAKATER_DB_SECRET', value: undefined, dynamic: true },
    { container: 'sidecar', name: 'STAKATER_V_SECRETPROVIDERCLASS', value: undefined, dynamic: false },
  ]);
});

t.test('reduceWorkload copes with an object that lacks all it may lack', async (t) => {
  const bare = { metadata: { name: 'api', uid: 'u', resourceVersion: '1', annotations: AUTO }, template: {} };
  const kept = workload(bare);
  t.has(kept, {
    firstContainer: undefined,
    templateStamp: undefined,
    stamps: undefined,
    lastRoll: undefined,
  });
  t.ok(Number.isNaN(kept.created));
  const nulls = { metadata: { annotations: null }, spec: { containers: null } } as never;
  t.has(reduced({ annotations: AUTO, template: nulls }), { firstContainer: undefined, levers: [] });
});

t.test('workloadKey and workloadTitle name a workload for us and for people', async (t) => {
  const api = { kind: 'Deployment', namespace: 'prod', name: 'api' };
  t.equal(workloadKey(api), 'prod/Deployment/api');
  t.equal(workloadTitle(api), 'Deployment/api');
});

t.test('isForeignOwned is true where a controller outside the table writes the template', async (t) => {
  const owned = (...ownerReferences: readonly { kind: string; apiVersion: string; controller?: boolean }[]) =>
    isForeignOwned(deployment({ metadata: { ownerReferences } }), kinds);
  const kafka = { kind: 'Kafka', apiVersion: 'kafka.strimzi.io/v1' };
  t.ok(owned({ ...kafka, controller: true }));
  t.ok(owned(kafka, { ...kafka, controller: true }));
  t.ok(owned({ kind: 'Deployment', apiVersion: 'example.com/v1', controller: true }), 'a namesake');
  t.notOk(owned(kafka));
  t.notOk(owned({ ...kafka, controller: false }));
  t.notOk(owned({ kind: 'Deployment', apiVersion: 'apps/v1', controller: true }));
  t.notOk(owned());
  t.notOk(isForeignOwned(deployment({}), kinds));
});
