import t from 'tap';
import { rightsOf, type Scope } from '../../manifests/rights.ts';
import { EVERYTHING as everything, linesOfRights, linesOfRoles, readManifests } from './roles.ts';

t.test('the plain role gives exactly what the table says', async (t) => {
  const roles = await readManifests('base/role.yaml');
  const { watched, own, cluster } = rightsOf(everything);
  t.same(
    linesOfRoles(roles.filter(({ kind }) => kind === 'ClusterRole')),
    linesOfRights([...watched, ...cluster]),
  );
  const owned = roles.filter(({ kind }) => kind === 'Role');
  t.same(linesOfRoles(owned), linesOfRights(own));
  t.ok(owned.every(({ metadata }) => metadata.namespace === 'restamp'));
});

t.test(
  'no right is on everything: no stars, and nothing of another name is written where names are known',
  async (t) => {
    const { watched, own, cluster } = rightsOf({ ...everything, argoRollouts: true, csi: true });
    t.notOk(
      [...watched, ...own, ...cluster].some((right) =>
        [...right.resources, ...right.verbs, right.group].includes('*'),
      ),
    );
    const writes = [...own, ...cluster].filter(
      ({ verbs, resources }) =>
        verbs.some((verb) => ['update', 'patch', 'delete'].includes(verb)) && resources.length > 0,
    );
    t.ok(writes.length > 0);
    t.ok(writes.every(({ names = [] }) => names.length > 0));
  },
);

t.test('without all namespaces and without the webhook nothing is asked for beyond namespaces', async (t) => {
  t.same(rightsOf({ ...everything, global: false, webhook: false }).cluster, []);
});

t.test('an Event on the Lease can be made, whatever namespaces are watched', async (t) => {
  t.ok(linesOfRights(rightsOf({ ...everything, global: false }).own).includes('create events. *'));
});

t.test('Events are made anew each time, and never written again', async (t) => {
  const { watched, own } = rightsOf({ ...everything, argoRollouts: true, csi: true });
  const onEvents = linesOfRights([...watched, ...own]).filter((line) => line.includes(' events.'));
  t.same([...new Set(onEvents)], ['create events. *']);
});

t.test('what is ignored is not asked for', async (t) => {
  const lines = (scope: Partial<Scope>) =>
    linesOfRights(rightsOf({ ...everything, ...scope }).watched).join('\n');
  t.notMatch(lines({ secrets: false }), 'secrets.');
  t.notMatch(lines({ configMaps: false }), 'configmaps.');
  t.notMatch(lines({ cronJobs: false }), 'cronjobs.');
  t.notMatch(lines({ jobs: false, cronJobs: false }), 'jobs.');
  t.match(lines({ jobs: false }), 'create jobs.batch', 'a CronJob still makes its Jobs');
  t.notMatch(lines({ jobs: false }), 'delete jobs.batch');
});
