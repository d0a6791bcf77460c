import t from 'tap';
import { ARGO_ROLLOUT } from '../../src/core/kind.ts';
import type { WorkloadObject } from '../../src/core/workload.ts';
import { turn } from '../helpers/journal.ts';
import { AUTO, kinds, NAMESPACE } from './things.ts';
import { world } from './world.ts';

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
