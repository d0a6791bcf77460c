import t from 'tap';
import { removedKeyWarnings, rollWarning } from '../../../../src/core/stamps/warning.ts';

const app = { type: 'cm', namespace: 'prod', name: 'app' } as const;
const db = { type: 'secret', namespace: 'prod', name: 'db' } as const;
const deployments = (...names: readonly string[]) => names.map((name) => ({ kind: 'Deployment', name }));
const needing = (name: string, ...needs: readonly string[]) => ({ kind: 'Deployment', name, needs });

t.test('rollWarning says nothing where nothing rolls', async (t) => {
  t.equal(rollWarning(app, []), undefined);
});

t.test('rollWarning names up to three workloads, sorted, and the source by its kind', async (t) => {
  t.equal(rollWarning(app, deployments('api')), 'ConfigMap app rolls Deployment/api');
  t.equal(
    rollWarning(db, [...deployments('web', 'api'), { kind: 'DaemonSet', name: 'agent' }]),
    'Secret db rolls DaemonSet/agent, Deployment/api, Deployment/web',
  );
});

t.test('rollWarning names two of more than three and counts the rest', async (t) => {
  t.equal(
    rollWarning(app, deployments('d', 'c', 'b', 'a')),
    'ConfigMap app rolls Deployment/a, Deployment/b and 2 more',
  );
  t.equal(
    rollWarning(app, deployments('e', 'd', 'c', 'b', 'a')),
    'ConfigMap app rolls Deployment/a, Deployment/b and 3 more',
  );
});

t.test('rollWarning leaves the list that it was given as it was', async (t) => {
  const list = deployments('b', 'a');
  rollWarning(app, list);
  t.same(list, deployments('b', 'a'));
});

t.test('removedKeyWarnings names each key that somebody cannot start without', async (t) => {
  const workloads = [
    needing('api', 'DB_HOST', 'PORT'),
    needing('a-worker', 'DB_HOST'),
    needing('idle', 'OTHER'),
  ];
  t.same(removedKeyWarnings(app, ['DB_HOST', 'PORT', 'UNUSED'], workloads), [
    'ConfigMap app: key DB_HOST is removed but Deployment/a-worker and 1 more need it',
    'ConfigMap app: key PORT is removed but Deployment/api needs it',
  ]);
});

t.test('removedKeyWarnings says nothing of keys that nobody needs', async (t) => {
  t.same(removedKeyWarnings(app, [], [needing('api', 'a')]), []);
  t.same(removedKeyWarnings(app, ['b'], [needing('api', 'a')]), []);
  t.same(removedKeyWarnings(app, ['a'], []), []);
});

t.test('removedKeyWarnings ends with the fifth', async (t) => {
  const keys = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];
  const warnings = removedKeyWarnings(db, keys, [needing('api', ...keys)]);
  t.equal(warnings.length, 5);
  t.equal(warnings[4], 'Secret db: key e is removed but Deployment/api needs it');
});

t.test('warnings hold no control character, for which the API server would drop them', async (t) => {
  const bad = { ...app, name: 'a\nb\tc\u0000\u001f\u007f\u0085\u009fd' };
  t.equal(rollWarning(bad, deployments('x\r')), 'ConfigMap a?b?c?????d rolls Deployment/x?');
  t.same(removedKeyWarnings(app, ['k\n'], [needing('api', 'k\n')]), [
    'ConfigMap app: key k? is removed but Deployment/api needs it',
  ]);
  t.equal(rollWarning({ ...app, name: 'é ~' }, deployments('x')), 'ConfigMap é ~ rolls Deployment/x');
});

t.test('warnings are 250 characters at most', async (t) => {
  const long = { ...app, name: 'n'.repeat(300) };
  t.equal(rollWarning(long, deployments('api')), `ConfigMap ${'n'.repeat(240)}`);
  for (const warning of removedKeyWarnings(long, ['k'], [needing('api', 'k')])) t.equal(warning.length, 250);
  t.equal(
    rollWarning({ ...app, name: 'n'.repeat(219) }, deployments('api'))?.length,
    250,
    'that many are left whole',
  );
});
