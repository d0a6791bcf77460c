import t from 'tap';
import { BUILT_IN, kindPath } from '../../../src/core/api/kind.ts';
import { METADATA } from '../../../src/kube/client.ts';
import { bookmark, sendList, thing } from '../../support/kube/reflector-harness.ts';
import { journal } from '../../support/recording.ts';
import { watching } from '../../support/controller/informers-harness.ts';

const OWN = '/api/v1/namespaces/restamp/configmaps';
/** The paths of all kinds of workloads, in one namespace or in all. */
const paths = (namespace?: string): string[] => BUILT_IN.map((row) => kindPath(row, namespace));

t.test('one watch of each resource follows all namespaces', async (t) => {
  const { opened } = await watching(t);
  const all = await opened.until(9);
  t.same(
    all.map(({ exchange }) => exchange.path).sort(),
    ['/api/v1/configmaps', '/api/v1/namespaces', OWN, '/api/v1/secrets', ...paths()].sort(),
  );
});

const CSI = '/apis/secrets-store.csi.x-k8s.io/v1';

t.test(
  'where the CSI driver is, its classes are followed by metadata, and what it tells of pods whole',
  async (t) => {
    const labels = [{ key: 'env', operator: 'In', values: ['prod'] }] as const;
    const csi = { served: true, classes: true };
    const { opened } = await watching(t, { resourceLabelSelector: labels }, csi);
    const found = new Map((await opened.until(11)).map(({ exchange }) => [exchange.path, exchange]));
    const classes = found.get(`${CSI}/secretproviderclasses`);
    const statuses = found.get(`${CSI}/secretproviderclasspodstatuses`);
    t.equal(classes?.headers['accept'], METADATA);
    t.equal(classes?.query['labelSelector'], undefined);
    t.not(statuses?.headers['accept'], METADATA);
    t.equal(statuses?.query['labelSelector'], 'env=prod', 'as Reloader filters');
  },
);

t.test('where classes do not matter, only what the driver tells of pods is followed', async (t) => {
  const { opened, watches } = await watching(t, { namespaces: ['a'] }, { served: true, classes: false });
  const first = await opened.until(9);
  watches.followCsi();
  const all = [...first, ...(await opened.until(10)).slice(9)];
  const paths = all.map(({ exchange }) => exchange.path).filter((path) => path.startsWith(CSI));
  const statuses = `${CSI}/namespaces/a/secretproviderclasspodstatuses`;
  t.same(paths, [statuses, statuses]);
});

t.test('a CSI driver that comes later is followed from then on', async (t) => {
  const { opened, watches } = await watching(t, { namespaces: ['a'] });
  await opened.until(8);
  watches.followCsi();
  const paths = (await opened.until(10)).slice(8).map(({ exchange }) => exchange.path);
  t.same(paths.sort(), [
    `${CSI}/namespaces/a/secretproviderclasses`,
    `${CSI}/namespaces/a/secretproviderclasspodstatuses`,
  ]);
});

t.test('named namespaces have a watch each, and Namespaces none', async (t) => {
  const { opened } = await watching(t, { namespaces: ['a', 'b'] });
  const all = await opened.until(15);
  const expected = ['a', 'b'].flatMap((namespace) => [
    `/api/v1/namespaces/${namespace}/configmaps`,
    `/api/v1/namespaces/${namespace}/secrets`,
    ...paths(namespace),
  ]);
  t.same(all.map(({ exchange }) => exchange.path).sort(), [...expected, OWN].sort());
});

t.test(
  'of sources nothing but metadata is asked for, and of Secrets all but the records of Helm',
  async (t) => {
    const { opened } = await watching(t);
    for (const { exchange } of await opened.until(9)) {
      const core = exchange.path.startsWith('/api/v1/');
      t.equal(exchange.headers['accept'], core ? METADATA : 'application/json', exchange.path);
      t.equal(
        exchange.query['fieldSelector'],
        exchange.path === '/api/v1/secrets'
          ? 'type!=helm.sh/release.v1'
          : exchange.path === OWN
            ? 'metadata.name=restamp'
            : undefined,
      );
    }
  },
);

t.test('each resource goes to its own follower, and all are synced when every one is', async (t) => {
  const { watches, told, opened, clock, recovered } = await watching(t);
  const all = await opened.until(9);
  t.equal(watches.unsynced().length, 9);
  clock.advance(2000);
  t.ok(watches.ages().every(({ seconds }) => seconds === 2));
  for (const { exchange, stream } of all)
    sendList(stream, 5, thing(exchange.path.split('/').at(-1) ?? '', 1));
  await watches.synced;
  t.same(watches.unsynced(), []);
  t.same([...told.items].sort(), [
    'CronJob + cronjobs',
    'DaemonSet + daemonsets',
    'Deployment + deployments',
    'Job + jobs',
    'StatefulSet + statefulsets',
    'cm + configmaps',
    'secret + secrets',
  ]);
  t.equal(recovered(), 0);
  const secrets = all.find(({ exchange }) => exchange.path === '/api/v1/secrets');
  secrets?.stream.send('DELETED', thing('secrets', 6));
  t.equal(await told.find((what) => what.includes('-')), 'secret - secrets');
});

t.test('when a list has been read again, everything is judged anew', async (t) => {
  const { watches, opened, recovered } = await watching(t);
  for (const { stream } of await opened.until(9)) sendList(stream, 5);
  await watches.synced;
  watches.relist();
  const again = (await opened.until(18)).slice(9);
  for (const { stream } of again) {
    stream.send('BOOKMARK', bookmark(9, true));
    stream.send('BOOKMARK', bookmark(10));
    stream.end();
  }
  await opened.until(27);
  t.equal(recovered(), 7, 'once for each list of sources and workloads');
});

t.test('a list that takes longer than a sweep ends all the same, and another one follows', async (t) => {
  const { watches, opened, recovered } = await watching(t);
  for (const { stream } of await opened.until(9)) sendList(stream, 5);
  await watches.synced;
  watches.relist();
  const again = (await opened.until(18)).slice(9);
  for (let sweeps = 0; sweeps < 3; sweeps += 1) watches.relist();
  for (const { stream } of again) sendList(stream, 9);
  const last = (await opened.until(27)).slice(18);
  t.equal(recovered(), 7);
  t.ok(last.every(({ exchange }) => exchange.query['sendInitialEvents'] === 'true'));
});

t.test('what is out of the scope is filtered at the API server, or not watched at all', async (t) => {
  const { opened } = await watching(t, {
    namespacesToIgnore: ['a', 'b'],
    resourceLabelSelector: [{ key: 'team', operator: 'In', values: ['shop'] }],
    resourcesToIgnore: new Set(['secret']),
  });
  const asked = (await opened.until(8)).map(({ exchange }) => exchange);
  const query = (path: string) => asked.find((one) => one.path === path)?.query;
  const ignored = 'metadata.namespace!=a,metadata.namespace!=b';
  t.match(query('/api/v1/configmaps'), { fieldSelector: ignored, labelSelector: 'team=shop' });
  for (const path of paths())
    t.match(query(path), { fieldSelector: ignored, labelSelector: undefined }, path);
  t.same(
    asked.map(({ path }) => path).sort(),
    ['/api/v1/configmaps', '/api/v1/namespaces', OWN, ...paths()].sort(),
  );
});

t.test(
  'selected namespaces are known first; of one that comes in, sources are listed before workloads',
  async (t) => {
    const { watches, opened, told, changes } = await watching(t, {
      namespaceSelector: [{ key: 'env', operator: 'Exists' }],
    });
    const [namespaces] = await opened.until(1);
    t.match(namespaces?.exchange, { path: '/api/v1/namespaces', query: { labelSelector: 'env' } });
    const named = (name: string, version: number) => ({
      metadata: { ...thing(name, version).metadata, namespace: '' },
    });
    sendList(namespaces!.stream, 5, named('apps', 1));
    const others = (await opened.until(9)).slice(1);
    for (const { exchange, stream } of others)
      sendList(stream, 5, thing(exchange.path, 1), thing(exchange.path, 1, 'late'));
    await watches.synced;
    t.equal(told.items.length, 7, 'of each resource what is in the one namespace');
    namespaces?.stream.send('ADDED', named('late', 6));
    const sources = (await opened.until(11)).slice(9);
    t.same(sources.map(({ exchange }) => exchange.path).sort(), ['/api/v1/configmaps', '/api/v1/secrets']);
    for (const { exchange, stream } of sources) sendList(stream, 6, thing(exchange.path, 1, 'late'));
    const workloads = (await opened.until(16)).slice(11);
    t.same(workloads.map(({ exchange }) => exchange.path).sort(), paths().sort());
    for (const { exchange, stream } of workloads) sendList(stream, 6, thing(exchange.path, 1, 'late'));
    await told.until(14);
    t.same(changes.items, ['in apps', 'in late']);
  },
);

for (const gone of ['/apis/batch/v1/jobs', `${CSI}/secretproviderclasses`, '/api/v1/secrets'])
  t.test(`namespaces come in although ${gone} cannot be watched any more`, async (t) => {
    const { opened, clock, told, api } = await watching(
      t,
      { namespaceSelector: [{ key: 'env', operator: 'Exists' }] },
      { served: true, classes: true },
    );
    const named = (name: string, version: number) => ({
      metadata: { ...thing(name, version).metadata, namespace: '' },
    });
    const [namespaces] = await opened.until(1);
    sendList(namespaces!.stream, 5);
    for (const { stream } of (await opened.until(11)).slice(1)) sendList(stream, 5);
    const refused = journal<string>();
    api.answer((exchange) => {
      if (exchange.path === gone) {
        exchange.refuse(404, 'the server could not find the requested resource');
        refused.note(exchange.path);
      } else {
        const stream = exchange.stream();
        for (const name of ['one', 'two', 'three']) stream.send('ADDED', thing(name, 9, name));
        stream.send('BOOKMARK', bookmark(9, true));
      }
    });
    for (const name of ['one', 'two', 'three']) {
      namespaces!.stream.send('ADDED', named(name, 6));
      if (name === 'one') {
        await refused.until(1);
        clock.advance(10_000);
      }
      for (const kind of ['cm', 'Deployment']) await told.find((what) => what === `${kind} + ${name}`);
    }
  });
