import t from 'tap';
import { ARGO_ROLLOUT, Kinds } from '../../../src/core/api/kind.ts';
import type { WorkloadObject } from '../../../src/core/objects/workload.ts';
import { Lenders } from '../../../src/state/workload-refs.ts';
import { AUTO, deploymentRow, deployment } from '../../support/controller/builders.ts';

const kinds = new Kinds();
const rolloutRow = kinds.add(ARGO_ROLLOUT, 'rollouts');
const KEY = 'prod/Deployment/api';
const rollout = (name: string, refers: string | undefined, annotations: Record<string, string> = AUTO) =>
  ({
    metadata: { name, namespace: 'prod', uid: name, resourceVersion: '1', annotations },
    spec:
      refers === undefined
        ? {}
        : { workloadRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: refers } },
  }) as WorkloadObject;
const names = (all: readonly { name: string }[]) => all.map(({ name }) => name).sort();

t.test('a Rollout lends its annotations to the Deployment that it refers to', async (t) => {
  const lenders = new Lenders(kinds);
  t.same(names(lenders.put(rolloutRow, rollout('canary', 'api'))), ['api']);
  t.same(lenders.annotations(KEY), AUTO);
  t.equal(lenders.annotations('other/Deployment/api'), undefined, 'in its own namespace alone');
  t.equal(lenders.borrower('prod/Rollout/canary'), KEY, 'its pods are that one’s');
  t.equal(lenders.borrower('prod/Rollout/other'), undefined);
});

t.test('only what makes a difference is told of', async (t) => {
  const lenders = new Lenders(kinds);
  lenders.put(rolloutRow, rollout('canary', 'api'));
  const lent = lenders.annotations(KEY);
  t.same(lenders.put(rolloutRow, rollout('canary', 'api')), []);
  t.equal(lenders.annotations(KEY), lent, 'the same object');
  t.same(names(lenders.put(rolloutRow, rollout('canary', 'api', {}))), ['api']);
  t.same(names(lenders.put(rolloutRow, rollout('canary', 'web'))), ['api', 'web']);
  t.equal(lenders.annotations(KEY), undefined);
  t.same(names(lenders.remove({ kind: 'Rollout', namespace: 'prod', name: 'canary' })), ['web']);
  t.same(lenders.remove({ kind: 'Rollout', namespace: 'prod', name: 'canary' }), []);
});

t.test('what refers to nothing, or to nothing of the table, lends nothing', async (t) => {
  const lenders = new Lenders(kinds);
  t.same(lenders.put(rolloutRow, rollout('plain', undefined)), []);
  const strange = { ...rollout('strange', 'api'), spec: { workloadRef: { kind: 'Widget', name: 'api' } } };
  t.same(lenders.put(rolloutRow, strange), []);
  for (const workloadRef of [5, null, [], 'api', { kind: 'Deployment', name: {} }, { kind: [], name: 'api' }])
    t.same(
      lenders.put(rolloutRow, { ...strange, ...{ spec: { workloadRef } } }),
      [],
      JSON.stringify(workloadRef),
    );
  t.same(lenders.put(deploymentRow, deployment('api')), []);
});

t.test('of several Rollouts that refer to one Deployment, each lends until it goes itself', async (t) => {
  const remove = (lenders: Lenders, name: string) =>
    names(lenders.remove({ kind: 'Rollout', namespace: 'prod', name }));
  const list = { 'configmap.reloader.stakater.com/reload': 'app' };
  const both = [rollout('blue', 'api'), rollout('green', 'api', list)];
  for (const order of [both, [...both].reverse()]) {
    const lenders = new Lenders(kinds);
    for (const one of order) lenders.put(rolloutRow, one);
    t.same(lenders.annotations(KEY), { ...AUTO, ...list });
    t.same(remove(lenders, 'blue'), ['api']);
    t.same(lenders.annotations(KEY), list, 'the other one still speaks for it');
    lenders.put(rolloutRow, rollout('blue', 'api'));
    t.same(names(lenders.put(rolloutRow, rollout('green', 'web', list))), ['api', 'web'], 'one turns away');
    t.same(lenders.annotations(KEY), AUTO);
    t.same(remove(lenders, 'blue'), ['api']);
    t.equal(lenders.annotations(KEY), undefined);
    t.same(lenders.annotations('prod/Deployment/web'), list);
  }
});

t.test(
  'where two Rollouts say different things, what counts does not depend on who came first',
  async (t) => {
    const key = 'reloader.stakater.com/auto';
    const both = [rollout('blue', 'api', { [key]: 'true' }), rollout('green', 'api', { [key]: 'false' })];
    const said = [both, [...both].reverse()].map((order) => {
      const lenders = new Lenders(kinds);
      for (const one of order) lenders.put(rolloutRow, one);
      return lenders.annotations(KEY);
    });
    t.same(said[0], said[1]);
  },
);
