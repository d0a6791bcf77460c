import { join } from 'node:path';
import t from 'tap';
import type { KubeObject } from '../controlplane/http.ts';
import { findPort } from '../controlplane/ports.ts';
import { sharedControlPlane } from '../controlplane/shared.ts';
import { grantKind } from '../e2e/support/crds.ts';
import { AUTO, historyOf, sha1Of, source, stampedKeys, type Annotations } from '../e2e/support/objects.ts';
import { Stage } from '../e2e/support/environment.ts';
import { buildNeighbour } from './build.ts';
import { applyDefinitions } from './definitions.ts';
import { ARGO_ROLLOUTS } from './neighbours.ts';
import { startProgram } from './program.ts';

t.setTimeout(1_800_000);

type Rollout = KubeObject & {
  readonly spec: { readonly restartAt?: string };
  readonly status?: {
    readonly phase?: string;
    readonly observedGeneration?: string;
    readonly currentPodHash?: string;
    readonly stableRS?: string;
    readonly restartedAt?: string;
  };
};
type Owned = KubeObject & {
  readonly metadata: { readonly ownerReferences?: readonly { readonly kind: string }[] };
};
type List = KubeObject & { readonly items: readonly Owned[] };

const { folder, definitions } = await buildNeighbour(ARGO_ROLLOUTS);
const cp = await sharedControlPlane(t);
await applyDefinitions(cp, definitions);
await grantKind(cp, 'argoproj.io', 'rollouts');
const stage = new Stage(cp, await cp.freshNamespace('argo'), { flags: ['--is-Argo-Rollouts=true'] });
t.teardown(() => stage.close());
const { ns } = stage;
const health = await findPort();
await startProgram(t, {
  file: join(folder, 'rollouts-controller'),
  args: [
    `--kubeconfig=${cp.kubeconfig}`,
    ...['--leader-elect=false', '--namespaced', `--namespace=${ns}`],
    ...[`--metricsPort=${await findPort()}`, `--healthzPort=${health}`],
  ],
  ready: `http://127.0.0.1:${health}/healthz`,
});
await stage.start();

const pathOf = (name = ''): string =>
  `/apis/argoproj.io/v1alpha1/namespaces/${ns}/rollouts${name === '' ? '' : `/${name}`}`;
const until = (name: string, fits: (object: Rollout) => boolean): Promise<Rollout> =>
  cp.untilObject<Rollout>(pathOf(name), fits, 60_000);
const of = async (resource: string, name: string): Promise<readonly Owned[]> => {
  const list = await cp.api<List>('GET', `${resource}?labelSelector=app%3D${name}`);
  return list.items;
};
const replicaSets = async (name: string): Promise<number> =>
  (await of(`/apis/apps/v1/namespaces/${ns}/replicasets`, name)).length;
const pods = async (name: string): Promise<Set<string | undefined>> =>
  new Set((await of(`/api/v1/namespaces/${ns}/pods`, name)).map(({ metadata }) => metadata.uid));

const templateOf = (name: string, image: string): object => ({
  metadata: { labels: { app: name } },
  spec: {
    terminationGracePeriodSeconds: 0,
    containers: [
      { name: 'main', image: `registry.example/${name}:${image}`, envFrom: [{ configMapRef: { name } }] },
    ],
  },
});
const CANARY = { canary: { steps: [{ setWeight: 50 }, { pause: { duration: 1 } }] } };
const rollout = (name: string, { annotations = {}, image = '1', spec = {} }: Wishes = {}): object => ({
  apiVersion: 'argoproj.io/v1alpha1',
  kind: 'Rollout',
  metadata: { name, annotations: { ...AUTO, ...annotations } },
  spec: {
    replicas: 2,
    revisionHistoryLimit: 100,
    selector: { matchLabels: { app: name } },
    strategy: CANARY,
    ...('workloadRef' in spec ? {} : { template: templateOf(name, image) }),
    ...spec,
  },
});
type Wishes = { readonly annotations?: Annotations; readonly image?: string; readonly spec?: object };

/** Complete: all pods are of the newest template. */
const isHealthy = ({ metadata, status }: Rollout): boolean =>
  status?.phase === 'Healthy' &&
  Number(status.observedGeneration) >= (metadata.generation ?? 0) &&
  status.stableRS === status.currentPodHash;

/** A Rollout of Argo's own controller that is complete and knows its ConfigMap. */
async function prepared(name: string, wishes: Wishes = {}): Promise<Rollout> {
  await stage.create(source(`ConfigMap/${name}`, { a: '1' }));
  await cp.api('POST', pathOf(), rollout(name, wishes));
  return until(name, (one) => isHealthy(one) && stampedKeys(one)?.join() === `cm/${name}`);
}
const rolled = (name: string, times: number): Promise<Rollout> =>
  until(name, (one) => historyOf(one).length === times && isHealthy(one));

for (const [name, annotations, spec] of [
  ['canary', {}, {}],
  ['marked', { 'restamp.dev/lever': 'annotation' }, {}],
  ['blue', {}, { strategy: { blueGreen: { activeService: 'blue' } } }],
] as const)
  t.test(`each change is one new ReplicaSet, and the Rollout becomes Healthy: ${name}`, async (t) => {
    await cp.api('POST', `/api/v1/namespaces/${ns}/services`, {
      metadata: { name },
      spec: { selector: { app: name }, ports: [{ port: 80 }] },
    });
    const before = await prepared(name, { annotations, spec });
    for (const [index, value] of ['2', '3'].entries()) {
      await stage.change(`ConfigMap/${name}`, { a: value });
      const after = await rolled(name, index + 1);
      t.not(after.status?.stableRS, before.status?.stableRS);
      t.equal(await replicaSets(name), index + 2);
    }
  });

t.test(
  'each release of image and config is one new ReplicaSet, by Argo CD and before or after a roll',
  async (t) => {
    await prepared('release');
    const release = async (value: string, image: string): Promise<void> => {
      const items = [source('ConfigMap/release', { a: value }), rollout('release', { image })];
      const apply = ['apply', '--server-side', '--force-conflicts', '--field-manager=argocd-controller'];
      await cp.kubectl(['-n', ns, ...apply, '-f', '-'], {
        input: JSON.stringify({ apiVersion: 'v1', kind: 'List', items }),
      });
      await until('release', isHealthy);
    };
    const change = async (value: string): Promise<void> => {
      const [last] = historyOf(await cp.api<Rollout>('GET', pathOf('release')));
      await stage.change('ConfigMap/release', { a: value });
      await until('release', (one) => historyOf(one)[0]?.rolled !== last?.rolled && isHealthy(one));
    };
    await release('2', '2');
    t.equal(await replicaSets('release'), 2);
    await change('3');
    t.equal(await replicaSets('release'), 3);
    await release('4', '3');
    t.equal(await replicaSets('release'), 4);
    await release('4', '3');
    await change('5');
    t.equal(await replicaSets('release'), 5, 'the same release again made none');
  },
);

t.test('rollout-strategy: restart replaces all pods by their likes, and makes no ReplicaSet', async (t) => {
  await prepared('again', { annotations: { 'reloader.stakater.com/rollout-strategy': 'restart' } });
  const before = await pods('again');
  await stage.change('ConfigMap/again', { a: '2' });
  await until(
    'again',
    (one) =>
      one.spec.restartAt !== undefined && one.status?.restartedAt === one.spec.restartAt && isHealthy(one),
  );
  t.equal(await replicaSets('again'), 1);
  const after = await pods('again');
  t.notOk(
    [...after].some((uid) => before.has(uid)),
    'no old pod is left',
  );
});

t.test('a Rollout and the Deployment that it refers to are rolled as one', async (t) => {
  const deployment = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'lent', annotations: AUTO },
    spec: { replicas: 0, selector: { matchLabels: { app: 'lent' } }, template: templateOf('lent', '1') },
  };
  await stage.create(source('ConfigMap/lent', { a: '1' }));
  await cp.api('POST', `/apis/apps/v1/namespaces/${ns}/deployments`, deployment);
  const workloadRef = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'lent' };
  await cp.api('POST', pathOf(), rollout('lent', { spec: { workloadRef } }));
  const before = await until('lent', isHealthy);
  await stage.stamped('Deployment', 'lent', ['ConfigMap/lent']);
  await stage.change('ConfigMap/lent', { a: '2' });
  const after = await until(
    'lent',
    (one) => isHealthy(one) && one.status?.stableRS !== before.status?.stableRS,
  );
  const owned = await of(`/apis/apps/v1/namespaces/${ns}/replicasets`, 'lent');
  const own = owned.filter(({ metadata }) =>
    (metadata.ownerReferences ?? []).some(({ kind }) => kind === 'Rollout'),
  );
  t.equal(own.length, 2);
  t.equal(historyOf(await stage.get('Deployment', 'lent')).length, 1);
  t.match(JSON.stringify(await stage.get('Deployment', 'lent')), sha1Of({ a: '2' }));
  t.equal(after.status?.phase, 'Healthy');
});
