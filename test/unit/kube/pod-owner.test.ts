import t, { type Test } from 'tap';
import { ARGO_ROLLOUT, Kinds } from '../../../src/core/api/kind.ts';
import { METADATA } from '../../../src/kube/client.ts';
import { readPodOwner } from '../../../src/kube/pod-owner.ts';
import { connect, fakeApiServer } from '../../support/fake-api-server.ts';
import { fakeClock } from '../../support/fake-clock.ts';

const CREATED = '2026-11-22T12:00:00Z';
type Metadata = { labels?: object; owner?: readonly [apiVersion: string, kind: string, name: string] };

/** Asks for the owner of the pod `p`, of which the API server has these objects, by resource and name. */
async function ask(t: Test, objects: Readonly<Record<string, Metadata>>, kinds = new Kinds()) {
  const api = await fakeApiServer(t);
  const asked: string[] = [];
  api.answer((exchange) => {
    t.equal(exchange.headers['accept'], METADATA);
    const name = exchange.path.split('/').slice(-2).join('/');
    asked.push(name);
    const found = objects[name];
    if (found === undefined) {
      exchange.refuse(404);
      return;
    }
    const [apiVersion, kind, of] = found.owner ?? [];
    const ownerReferences = kind === undefined ? [] : [{ apiVersion, kind, name: of, controller: true }];
    exchange.json({ metadata: { creationTimestamp: CREATED, labels: found.labels ?? {}, ownerReferences } });
  });
  const { client } = connect(t, api.url, { clock: fakeClock(0) });
  return { found: await readPodOwner(client, kinds, { namespace: 'apps', name: 'p' }), asked };
}

t.test('the pod of a Deployment is known by the name and the hash of its ReplicaSet', async (t) => {
  const { found, asked } = await ask(t, {
    'pods/p': { owner: ['apps/v1', 'ReplicaSet', 'a-b-5d4f'], labels: { 'pod-template-hash': '5d4f' } },
  });
  t.same(found, { workload: 'apps/Deployment/a-b', created: Date.parse(CREATED) });
  t.same(asked, ['pods/p'], 'one read');
});

t.test('the pod of a Rollout is one of the Rollout', async (t) => {
  const kinds = new Kinds();
  kinds.add(ARGO_ROLLOUT, 'rollouts');
  const labels = { 'rollouts-pod-template-hash': 'x1' };
  const { found } = await ask(t, { 'pods/p': { owner: ['apps/v1', 'ReplicaSet', 'api-x1'], labels } }, kinds);
  t.equal(found?.workload, 'apps/Rollout/api');
});

t.test(
  'the pod of a DeploymentConfig is one of what its label names, if its controller is called so',
  async (t) => {
    const kinds = new Kinds();
    const config = { group: 'apps.openshift.io', version: 'v1', kind: 'DeploymentConfig' };
    kinds.add({ ...config, template: ['spec', 'template'] }, 'deploymentconfigs');
    const ownedBy = async (name: string, labels: object): Promise<string | undefined> => {
      const objects: Readonly<Record<string, Metadata>> = {
        'pods/p': { owner: ['v1', 'ReplicationController', name], labels },
      };
      return (await ask(t, objects, kinds)).found?.workload;
    };
    t.equal(await ownedBy('api-3', { deploymentconfig: 'api' }), 'apps/DeploymentConfig/api');
    t.equal(await ownedBy('api-3', {}), undefined, 'a bare one');
    t.equal(await ownedBy('other-3', { deploymentconfig: 'api' }), undefined);
  },
);

for (const kind of ['StatefulSet', 'DaemonSet'])
  t.test(`the pod of a ${kind} names it`, async (t) => {
    const { found } = await ask(t, { 'pods/p': { owner: ['apps/v1', kind, 'api'] } });
    t.equal(found?.workload, `apps/${kind}/api`);
  });

t.test('the pod of a Job is one of the CronJob that made it, if one did', async (t) => {
  const pod: Metadata = { owner: ['batch/v1', 'Job', 'nightly-1'] };
  const made = await ask(t, {
    'pods/p': pod,
    'jobs/nightly-1': { owner: ['batch/v1', 'CronJob', 'nightly'] },
  });
  t.equal(made.found?.workload, 'apps/CronJob/nightly');
  t.equal((await ask(t, { 'pods/p': pod, 'jobs/nightly-1': {} })).found?.workload, 'apps/Job/nightly-1');
  const ignored = await ask(t, { 'pods/p': pod }, new Kinds(new Set(['Job', 'CronJob'])));
  t.same(ignored.asked, ['pods/p'], 'without the right to Jobs they are not read');
  t.equal(ignored.found?.workload, undefined);
});

t.test('a pod of nobody, or of what is no workload, has none', async (t) => {
  t.match((await ask(t, { 'pods/p': {} })).found, { workload: undefined, created: Number });
  for (const owner of [
    ['example.dev/v1', 'Thing', 'x'],
    ['apps/v1', 'ReplicaSet', 'bare'],
    ['other.dev/v1', 'Deployment', 'x'],
  ] as const)
    t.equal((await ask(t, { 'pods/p': { owner } })).found?.workload, undefined);
});

t.test('a pod that is gone has no answer', async (t) => {
  t.equal((await ask(t, {})).found, undefined);
});
