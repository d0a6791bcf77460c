import t from 'tap';
import { ARGO_ROLLOUT } from '../../../../src/core/api/kind.ts';
import type { WorkloadObject } from '../../../../src/core/objects/workload.ts';
import { turn } from '../../../support/recording.ts';
import { AUTO, deployment, deploymentRow, kinds, NAMESPACE } from '../../../support/controller/builders.ts';
import { settled, world, type World } from '../../../support/controller/world.ts';

// An answer of the API server may come after the watch has told of what came later: nothing would take back what it says.

const KEY = 'apps/Deployment/api';
const rolloutRow = kinds.add(ARGO_ROLLOUT, 'rollouts');

/** Rolls `api`, and lets this happen between what the watch says of the roll and its answer. */
async function rolledMeanwhile(made: World, happens: () => void): Promise<void> {
  made.ways.reply = async () => {
    made.ways.reply = async () => undefined;
    happens();
  };
  made.putSource('cm/app', { a: '2' });
  await made.pass(5000);
}

t.test('the answer to a roll does not bring back a workload that is gone', async (t) => {
  const made = await settled();
  await rolledMeanwhile(made, () => made.remove('api'));
  t.same(made.rolled(), ['api']);
  t.same([...made.workloads.keys()], []);
  made.putSource('cm/app', { a: '3' });
  await made.pass(5000);
  t.same(made.rolled(), ['api']);
  t.equal(made.queue.size, 0);
});

t.test('nor does it take the place of one that was made anew', async (t) => {
  const made = await settled();
  await rolledMeanwhile(made, () => {
    made.remove('api');
    made.putWorkload('api', { uid: 'another' });
  });
  t.equal(made.workloads.get(KEY)?.workload.uid, 'another');
  await made.pass(60_000);
  t.same(made.rolled(), ['api'], 'its pods have started with what is stored');
});

t.test('nor does it opt in again what was opted out', async (t) => {
  const made = await settled();
  await rolledMeanwhile(made, () => made.putWorkload('api', { annotations: {} }));
  t.same([...made.workloads.keys()], []);
});

t.test('nor does it bring back what its namespace has taken out of the scope', async (t) => {
  const made = await settled();
  await rolledMeanwhile(made, () => {
    const { workload } = made.workloads.get(KEY)!;
    made.workloads.put(workload, undefined, { as: 'old' });
  });
  t.same([...made.workloads.keys()], []);
});

t.test('nor does a map that is written, or a workload that is read again', async (t) => {
  const made = world();
  made.putSource('cm/app', { a: '1' });
  made.mutator.start();
  made.ways.reply = async () => made.remove('api');
  made.putWorkload('api');
  await made.pass(5000);
  t.same(made.noted(), ['api']);
  t.same([...made.workloads.keys()], []);

  const other = await settled();
  other.ways.patch = async () => other.annotate('api', { touched: 'yes' });
  let isRead = false;
  other.ways.readWorkload = async () => {
    isRead = true;
    // The read has its answer, which is on its way.
    queueMicrotask(() =>
      other.mutator.workloadFollower(deploymentRow).remove({ namespace: NAMESPACE, name: 'api' }),
    );
  };
  other.putSource('cm/app', { a: '2' });
  await other.pass(5000);
  t.ok(isRead);
  t.same([...other.workloads.keys()], []);
});

t.test('a workload that is read for its Rollout does not come back either, nor its Rollout', async (t) => {
  const made = world();
  made.putWorkload('api', { annotations: {} });
  made.mutator.start();
  const reading = Promise.withResolvers<undefined>();
  made.ways.readWorkload = () => reading.promise;
  const rollout = deployment('of-api', { uses: [] });
  const lends = {
    ...rollout,
    spec: { workloadRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'api' } },
  } as WorkloadObject;
  const rollouts = made.mutator.workloadFollower(rolloutRow);
  rollouts.put(lends);
  await turn();
  const stored = made.shelf.workloads.get(KEY)!;
  made.remove('api');
  made.shelf.workloads.set(KEY, stored);
  reading.resolve(undefined);
  await turn();
  t.same([...made.workloads.keys()], [`${NAMESPACE}/Rollout/of-api`]);

  rollouts.remove({ namespace: NAMESPACE, name: 'of-api' });
  made.mutator.putWorkload(rolloutRow, lends, { as: 'answered' });
  made.putWorkload('api', { annotations: {} });
  t.same(made.borrowed(KEY), undefined);
});

t.test('what is read before its watch shows it is taken in when it does', async (t) => {
  const made = world();
  made.mutator.start();
  made.mutator.putWorkload(deploymentRow, deployment('api', { annotations: AUTO }), { as: 'read' });
  t.equal(made.workloads.get(KEY), undefined);
  made.putWorkload('api');
  t.ok(made.workloads.get(KEY));
});
