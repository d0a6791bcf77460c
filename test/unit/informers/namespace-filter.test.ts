import t from 'tap';
import { parseSelector } from '../../../src/core/api/label-selector.ts';
import { NamespaceScope } from '../../../src/informers/namespace-filter.ts';
import { turn } from '../../support/recording.ts';
import { deployment, deploymentRow, source } from '../../support/controller/builders.ts';
import { world } from '../../support/controller/world.ts';

/** A world behind a scope; its lists are read again when the test says so. */
function scoped() {
  const made = world();
  const changes: string[] = [];
  const lists: { what: string; done: (value?: unknown) => void }[] = [];
  const heard: string[] = [];
  const scope = new NamespaceScope({
    selector: parseSelector('env')!,
    roll: made,
    also: (type) => ({
      put: ({ metadata }) => heard.push(`${type}/${metadata.name}`),
      remove: ({ name }) => heard.push(`gone ${type}/${name}`),
    }),
    onChange: (name, is) => changes.push(`${is} ${name}`),
  });
  const putAll = (version = '10'): void => {
    scope.sourceFollower('cm').put(source('app', { a: '1' }, { version, written: '2026-03-01T00:00:00Z' }));
    scope.workloadFollower(deploymentRow).put(deployment('api', { version }));
  };
  const start = (): void => {
    scope.start((what) => new Promise((done) => lists.push({ what, done })));
    made.mutator.start();
  };
  return { made, scope, heard, changes, lists, putAll, start };
}

t.test('what is outside is not kept', async (t) => {
  const { made, putAll, start } = scoped();
  putAll();
  start();
  putAll('11');
  t.equal(made.sources.size, 0);
  t.equal(made.workloads.size, 0);
});

t.test('what is selected before the start is there at the start', async (t) => {
  const { made, scope, putAll, start } = scoped();
  scope.put('apps');
  putAll();
  start();
  t.equal(made.sources.size, 1);
  t.equal(made.workloads.size, 1);
});

t.test(
  'of a namespace that comes in, sources are listed before workloads, and none is taken for new',
  async (t) => {
    const { made, scope, lists, putAll, start } = scoped();
    putAll();
    start();
    scope.put('apps');
    scope.put('apps');
    t.same(
      lists.map(({ what }) => what),
      ['sources'],
    );
    putAll('11');
    t.equal(made.sources.size, 1);
    t.equal(made.workloads.size, 0);
    lists[0]?.done();
    await turn();
    t.same(
      lists.map(({ what }) => what),
      ['sources', 'workloads'],
    );
    made.putSource('cm/app', { a: '1' }, { written: '2026-03-01T00:00:00Z' });
    putAll('12');
    await made.pass(5000);
    t.equal(made.workloads.size, 1);
    t.same(made.rolled(), [], 'its source changed after it was made, but it was there before it came in');
    t.same(made.unproven, ['cm/app']);
  },
);

t.test('of a namespace that leaves nothing stays', async (t) => {
  const { made, scope, changes, putAll, start } = scoped();
  scope.put('apps');
  putAll();
  start();
  scope.remove('apps');
  scope.remove('apps');
  scope.remove('never');
  t.equal(made.sources.size, 0);
  t.equal(made.workloads.size, 0);
  t.same(changes, ['in apps', 'out apps']);
});

t.test('a namespace that leaves while it comes in stays outside', async (t) => {
  const { made, scope, lists, putAll, start } = scoped();
  start();
  scope.put('apps');
  scope.remove('apps');
  lists[0]?.done();
  await turn();
  putAll();
  t.equal(made.workloads.size, 0);
  t.equal(made.sources.size, 0);
});

t.test('namespaces that come in during a list are listed together after it', async (t) => {
  const { scope, lists, start } = scoped();
  start();
  for (const name of ['a', 'b', 'c']) scope.put(name);
  lists[0]?.done();
  await turn();
  lists[1]?.done();
  await turn();
  t.same(
    lists.map(({ what }) => what),
    ['sources', 'workloads', 'sources'],
  );
});

t.test(
  'who follows the sources beside the mutator hears of those in the scope, and of all that go',
  async (t) => {
    const { scope, heard, putAll } = scoped();
    putAll();
    t.same(heard, []);
    scope.put('apps');
    putAll('11');
    scope.sourceFollower('cm').remove({ namespace: 'apps', name: 'app' });
    t.same(heard, ['cm/app', 'gone cm/app']);
  },
);

t.test('whoever is kept within the scope hears of nothing that is outside', async (t) => {
  const { scope } = scoped();
  const heard: string[] = [];
  const follower = scope.within({
    put: ({ metadata }: { metadata: { name: string; namespace?: string } }) => heard.push(metadata.name),
    remove: ({ name }) => heard.push(`gone ${name}`),
  });
  const put = (name: string): void => follower.put({ metadata: { name, namespace: 'apps' } });
  put('before');
  scope.put('apps');
  put('inside');
  follower.remove({ namespace: 'apps', name: 'inside' });
  scope.remove('apps');
  put('after');
  t.same(heard, ['inside', 'gone inside']);
});
