import t from 'tap';
import { KIND_ROWS, kindPath, kindRow } from '../../src/core/kind.ts';

t.test('kindRow knows the kinds of the table and nothing else', async (t) => {
  for (const row of KIND_ROWS) t.equal(kindRow(row.kind), row);
  for (const kind of ['Deployment', 'DaemonSet', 'StatefulSet'])
    t.has(kindRow(kind), { kind, group: 'apps', version: 'v1', template: ['spec', 'template'] });
  for (const kind of ['ReplicaSet', 'deployment', '', 'constructor', '__proto__'])
    t.equal(kindRow(kind), undefined, kind);
});

t.test('kindPath gives the path of all objects, of a namespace, and of one', async (t) => {
  const row = kindRow('Deployment')!;
  t.equal(kindPath(row), '/apis/apps/v1/deployments');
  t.equal(kindPath(row, 'prod'), '/apis/apps/v1/namespaces/prod/deployments');
  t.equal(kindPath(row, 'prod', 'api'), '/apis/apps/v1/namespaces/prod/deployments/api');
  t.equal(kindPath(kindRow('StatefulSet')!), '/apis/apps/v1/statefulsets');
  t.equal(kindPath(kindRow('DaemonSet')!), '/apis/apps/v1/daemonsets');
});

t.test('kindPath knows that the core group has a path of its own', async (t) => {
  const pods = {
    kind: 'PodTemplate',
    group: '',
    version: 'v1',
    resource: 'podtemplates',
    template: ['template'],
  };
  t.equal(kindPath(pods, 'prod', 'one'), '/api/v1/namespaces/prod/podtemplates/one');
});
