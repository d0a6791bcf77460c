import t from 'tap';
import { ARGO_ROLLOUT } from '../../../src/core/api/kind.ts';
import type { WorkloadObject } from '../../../src/core/objects/workload.ts';
import { turn } from '../../support/recording.ts';
import { AUTO, deployment, digestOf, kinds, NAMESPACE } from '../../support/controller/builders.ts';
import { world } from '../../support/controller/world.ts';

const rolloutRow = kinds.add(ARGO_ROLLOUT, 'rollouts');
function rollout(refers: string): WorkloadObject {
  const object = {
    metadata: {
      name: `of-${refers}`,
      namespace: NAMESPACE,
      uid: refers,
      resourceVersion: '1',
      annotations: AUTO,
    },
    spec: { workloadRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: refers } },
  };
  return object;
}

t.test(
  'the Deployments of many Rollouts are read a few at once, and then opted in as these are',
  async (t) => {
    const w = world();
    const names = Array.from({ length: 40 }, (_none, index) => `api-${index}`);
    for (const name of names) w.putWorkload(name, { annotations: {} });
    const reading: (() => void)[] = [];
    w.ways.readWorkload = () => new Promise((resolve) => reading.push(resolve));
    const follower = w.mutator.workloadFollower(rolloutRow);
    for (const name of names) follower.put(rollout(name));
    const optedIn = () =>
      names.filter((name) => w.workloads.get(`${NAMESPACE}/Deployment/${name}`)?.workload !== undefined);
    t.same(optedIn(), []);
    await turn();
    t.equal(reading.length, 8);
    for (let next = reading.shift(); next !== undefined; next = reading.shift()) {
      next();
      await turn();
    }
    t.same(optedIn(), names);
  },
);

const STAMPED = {
  annotations: {},
  stamps: { 'cm/app': { h: digestOf('cm/app', { a: 'before' }), uid: 'uid-app', rv: '900' } },
};

t.test(
  'nothing is dropped from a map while a Rollout may be unknown that opts its Deployment in',
  async (t) => {
    const w = world();
    kinds.await(ARGO_ROLLOUT);
    w.putSource('cm/app', { a: '2' });
    w.putWorkload('api', STAMPED);
    w.mutator.start();
    await w.pass(5000);
    t.same(w.patches, []);
    w.mutator.workloadFollower(rolloutRow).put(rollout('api'));
    kinds.known(ARGO_ROLLOUT);
    await w.pass(5000);
    t.same(w.rolled(), ['api'], 'the change was made while Restamp was down');
  },
);

t.test('nor while the Deployment has not been read again for the Rollout that was shown', async (t) => {
  const w = world();
  const read = Promise.withResolvers<undefined>();
  w.ways.readWorkload = () => read.promise;
  w.putSource('cm/app', { a: '2' });
  w.putWorkload('api', STAMPED);
  w.mutator.workloadFollower(rolloutRow).put(rollout('api'));
  w.mutator.start();
  await w.pass(5000);
  t.same(w.patches, []);
  read.resolve(undefined);
  await w.pass(5000);
  t.same(w.rolled(), ['api']);
});

t.test(
  'without a Rollout that could speak for it, a Deployment that has opted out loses its map',
  async (t) => {
    const w = world();
    kinds.await(ARGO_ROLLOUT);
    w.putSource('cm/app', { a: '2' });
    w.putWorkload('api', STAMPED);
    w.mutator.start();
    kinds.known(ARGO_ROLLOUT);
    w.mutator.recover();
    await w.pass(5000);
    t.same(w.rolled(), []);
    t.notMatch(JSON.stringify(w.stored('api').metadata.annotations), 'cm/app');
  },
);

t.test('what the first list of a kind shows that is followed late is not new', async (t) => {
  const w = world();
  w.putSource('cm/app', { a: '2' }, { written: '2026-06-01T00:00:00Z' });
  w.mutator.start();
  kinds.await(ARGO_ROLLOUT);
  const of = (name: string) => deployment(name, { created: '2026-02-01T00:00:00Z' });
  w.mutator.workloadFollower(rolloutRow).put(of('old'));
  kinds.known(ARGO_ROLLOUT);
  w.mutator.workloadFollower(rolloutRow).put(of('new'));
  const added = (name: string) => w.workloads.get(`${NAMESPACE}/Rollout/${name}`)?.addedAfterStart;
  t.equal(added('old'), false);
  t.equal(added('new'), true);
  await w.pass(2000);
  t.same(w.unproven, ['cm/app'], 'nobody can tell of the old one');
});
