import t from 'tap';
import { apiKind, apiVersion, BUILT_IN, kindPath, Kinds } from '../../../../src/core/api/kind.ts';
import { rowOf } from '../../../support/core/core-objects.ts';

const CLONE_SET = {
  group: 'apps.kruise.io',
  version: 'v1alpha1',
  kind: 'CloneSet',
  template: ['spec', 'template'],
};

t.test('a table knows the kinds of Kubernetes and nothing else', async (t) => {
  const kinds = new Kinds();
  t.same(
    kinds.rows.map(({ kind }) => kind),
    ['Deployment', 'DaemonSet', 'StatefulSet', 'CronJob', 'Job'],
  );
  for (const row of BUILT_IN) t.equal(kinds.get(row.kind), row);
  for (const kind of ['ReplicaSet', 'deployment', '', 'constructor', '__proto__'])
    t.equal(kinds.get(kind), undefined, kind);
  t.equal(kinds.ofResource({ group: 'batch', resource: 'jobs' })?.kind, 'Job');
  t.equal(kinds.ofResource({ group: 'apps', resource: 'jobs' }), undefined);
});

t.test(
  'kinds that are to be ignored are no rows, and what they control is no workload all the same',
  async (t) => {
    const kinds = new Kinds(new Set(['CronJob']));
    t.equal(kinds.get('CronJob'), undefined);
    t.ok(kinds.isWorkload({ apiVersion: 'batch/v1', kind: 'CronJob' }));
    t.notOk(kinds.isWorkload({ apiVersion: 'batch/v1', kind: 'Deployment' }));
  },
);

t.test('a kind that is added has the path of its resource, and a name of its own', async (t) => {
  const kinds = new Kinds();
  const row = kinds.add(CLONE_SET, 'clonesets');
  t.equal(kinds.get('CloneSet'), row);
  t.equal(kindPath(row, 'prod', 'api'), '/apis/apps.kruise.io/v1alpha1/namespaces/prod/clonesets/api');
  t.notOk(row.merges, 'its lists are replaced whole');
  const namesake = kinds.add({ ...CLONE_SET, kind: 'StatefulSet' }, 'statefulsets');
  t.equal(namesake.kind, 'StatefulSet.apps.kruise.io');
  t.equal(apiKind(namesake), 'StatefulSet');
  t.equal(apiVersion(namesake), 'apps.kruise.io/v1alpha1');
  t.equal(kinds.ofResource({ group: 'apps', resource: 'statefulsets' })?.kind, 'StatefulSet');
  t.ok(kinds.isWorkload({ apiVersion: 'apps.kruise.io/v1beta1', kind: 'StatefulSet' }));
});

t.test('kindPath gives the path of all objects, of a namespace, and of one', async (t) => {
  const row = rowOf('Deployment');
  t.equal(kindPath(row), '/apis/apps/v1/deployments');
  t.equal(kindPath(row, 'prod'), '/apis/apps/v1/namespaces/prod/deployments');
  t.equal(kindPath(row, 'prod', 'api'), '/apis/apps/v1/namespaces/prod/deployments/api');
  t.equal(kindPath(rowOf('CronJob')), '/apis/batch/v1/cronjobs');
});

t.test('kindPath knows that the core group has a path of its own', async (t) => {
  const pods = { group: '', version: 'v1', resource: 'podtemplates' };
  t.equal(kindPath(pods, 'prod', 'one'), '/api/v1/namespaces/prod/podtemplates/one');
});

t.test('kindPath keeps any name within its step of the path', async (t) => {
  const row = rowOf('Deployment');
  t.equal(kindPath(row, 'a/b', 'x?watch=1'), '/apis/apps/v1/namespaces/a%2Fb/deployments/x%3Fwatch%3D1');
  t.equal(kindPath(row, 'prod', 'bad name'), '/apis/apps/v1/namespaces/prod/deployments/bad%20name');
});
