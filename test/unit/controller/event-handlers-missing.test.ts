import t from 'tap';
import type { Stamp } from '../../../src/core/stamps/stamp-map.ts';
import { reloaderKeys } from '../../support/controller/builders.ts';
import { settled, world } from '../../support/controller/world.ts';

const MATCH = { 'reloader.stakater.com/match': 'true' };
const SEARCH = { 'reloader.stakater.com/search': 'true' };

t.test('a deletion rolls nothing, and making the source again with other data is one roll', async (t) => {
  const made = await settled();
  made.deleteSource('cm/app');
  t.equal(made.sources.size, 0);
  await made.pass(5000);
  t.same(made.patches, [], 'the stamp is kept');
  t.same(made.reads, ['apps/cm/app'], 'one read tells that it is gone');
  made.putSource('cm/app', { a: '2' }, { uid: 'uid-2' });
  await made.pass(5000);
  t.same(made.rolled(), ['api']);
});

t.test('making a source again with the same data rolls nothing', async (t) => {
  const made = await settled();
  made.deleteSource('cm/app');
  await made.pass(5000);
  made.putSource('cm/app', { a: '1' }, { uid: 'uid-2' });
  await made.pass(5000);
  t.same(made.rolled(), []);
});

t.test('a source that is only filtered out of the watch is not taken for gone', async (t) => {
  const made = await settled(['api'], { reloadOnDelete: true });
  made.mutator.sourceFollower('cm').remove({ namespace: 'apps', name: 'app' });
  await made.pass(5000);
  t.same(made.reads, ['apps/cm/app']);
  t.same(made.patches, []);
});

t.test('with reload-on-delete a deletion is one roll, and takes the lever away', async (t) => {
  const made = await settled(['api'], { reloadOnDelete: true });
  made.putSource('cm/app', { a: '2' });
  await made.pass(3000);
  t.match(JSON.stringify(made.stored('api').spec), 'STAKATER_APP_CONFIGMAP');
  made.deleteSource('cm/app', 'bob');
  await made.pass(5000);
  t.same(made.rolled(), ['api', 'api']);
  t.notMatch(JSON.stringify(made.stored('api').spec), 'STAKATER_APP_CONFIGMAP');
  const line = made.audit.findLast((fields) => fields['audit'] === 'roll');
  t.match(line?.['sources'], [{ source: 'cm/app', cause: 'deleted', by: 'bob', keys: ['a'] }]);
  await made.pass(60_000);
  t.equal(made.rolled().length, 2);
});

t.test('a source that appears is a baseline, and a roll only with reload-on-create', async (t) => {
  for (const reloadOnCreate of [false, true]) {
    const made = world({ reloadOnCreate });
    made.putWorkload('api');
    made.mutator.start();
    await made.pass(3000);
    made.putSource('cm/app', { a: '1' });
    await made.pass(5000);
    t.same(made.rolled(), reloadOnCreate ? ['api'] : []);
    made.putSource('cm/app', { a: '2' });
    await made.pass(5000);
    t.equal(made.rolled().length, reloadOnCreate ? 2 : 1, 'after that it counts like any other');
  }
});

t.test('a source that nobody has ever seen is not read', async (t) => {
  const made = world();
  made.putWorkload('api');
  made.mutator.start();
  await made.pass(5000);
  t.same(made.reads, []);
  t.match((made.stored('api').metadata.annotations ?? {})['restamp.dev/stamps'] ?? '', '"cm/app":{"h":"-"}');
});

t.test('while a source is missing, its mark keeps the last answer', async (t) => {
  const made = world();
  made.putSource('cm/app', { a: '1' }, { annotations: MATCH });
  made.putWorkload('api', { annotations: SEARCH });
  made.mutator.start();
  await made.pass(3000);
  made.deleteSource('cm/app');
  await made.pass(3000);
  made.putSource('cm/app', { a: '2' }, { uid: 'uid-2', annotations: MATCH });
  await made.pass(5000);
  t.same(made.rolled(), ['api']);
});

t.test('a source without the mark is none for search, and the mark alone rolls nothing', async (t) => {
  const made = world();
  made.putSource('cm/app', { a: '1' });
  made.putWorkload('api', { annotations: SEARCH });
  made.mutator.start();
  await made.pass(3000);
  made.putSource('cm/app', { a: '2' });
  await made.pass(5000);
  made.putSource('cm/app', { a: '2' }, { annotations: MATCH });
  await made.pass(5000);
  t.same(made.rolled(), []);
  made.putSource('cm/app', { a: '3' });
  await made.pass(5000);
  t.same(made.rolled(), ['api']);
  made.putSource('cm/app', { a: '3' }, { annotations: {} });
  await made.pass(5000);
  made.putSource('cm/app', { a: '4' });
  await made.pass(5000);
  made.putSource('cm/app', { a: '4' }, { annotations: MATCH });
  await made.pass(5000);
  t.same(made.rolled(), ['api'], 'toggling the mark around a change neither');
});

t.test('a workload that goes is rolled no more, and one of its name made anew begins anew', async (t) => {
  const made = await settled();
  made.putSource('cm/app', { a: '2' });
  await made.pass(500);
  made.remove('api');
  await made.pass(5000);
  t.same(made.patches, []);
  made.putWorkload('api', { uid: 'uid-again', created: '2026-10-01T00:00:00Z' });
  await made.pass(5000);
  t.same(made.rolled(), []);
  t.same(made.noted(), ['api']);
});

t.test(
  'a listed name with dots is one like any other: its creation rolls with reload-on-create',
  async (t) => {
    const LIST = { 'configmap.reloader.stakater.com/reload': 'plain, default.conf' };
    for (const reloadOnCreate of [false, true])
      for (const name of ['plain', 'default.conf']) {
        const made = world({ reloadOnCreate });
        made.putWorkload('api', { uses: [], annotations: LIST });
        made.mutator.start();
        await made.pass(3000);
        const { s } = JSON.parse(made.stored('api').metadata.annotations?.['restamp.dev/stamps'] ?? '') as {
          s: object;
        };
        t.same(s, { 'cm/default.conf': { h: '-' }, 'cm/plain': { h: '-' } });
        made.putSource(`cm/${name}`, { a: '1' });
        await made.pass(5000);
        t.same(made.rolled(), reloadOnCreate ? ['api'] : [], name);
        made.putSource(`cm/${name}`, { a: '2' });
        await made.pass(5000);
        t.equal(made.rolled().length, reloadOnCreate ? 2 : 1, name);
      }
  },
);

t.test(
  'a name that no object can have is not read, and rolls nothing, whatever a stored map says of it',
  async (t) => {
    const stamp = { h: 'A'.repeat(22), uid: 'u', rv: '7' };
    const names = ['..', '.', 'bad name?x=1', 'App', 'a%2f..', 'a'.repeat(254)];
    const stamps = (entry: Stamp) =>
      Object.fromEntries(
        names.flatMap((name) => [`cm/${name}`, `secret/${name}`].map((key) => [key, entry])),
      );
    for (const entry of [stamp, { ...stamp, h: '-' }]) {
      const made = world({ reloadOnDelete: true, reloadOnCreate: true });
      made.putWorkload('api', {
        annotations: { [reloaderKeys.reload.cm]: '.*', [reloaderKeys.reload.secret]: `.*,${names[0]}` },
        uses: ['cm/App'],
        stamps: stamps(entry),
      });
      made.mutator.start();
      await made.pass(20_000);
      made.annotate('api', { x: 'y' });
      await made.pass(20_000);
      t.same([made.reads, made.asOf, made.rolled()], [[], [], []]);
      t.ok(made.noted().length <= 1, 'and is no reason to write again and again');
    }
  },
);
