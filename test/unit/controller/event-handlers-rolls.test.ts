import t from 'tap';
import type { Stamp } from '../../../src/core/stamps/stamp-map.ts';
import { reloaderKeys } from '../../support/controller/builders.ts';
import { settled, world } from '../../support/controller/world.ts';

t.test('a change rolls exactly its dependents, once each', async (t) => {
  const made = await settled(['api', 'web']);
  made.putWorkload('other', { uses: ['cm/other'] });
  made.putWorkload('out', { annotations: {} });
  await made.pass(2000);
  made.putSource('cm/app', { a: '2' });
  await made.pass(999);
  t.same(made.rolled(), [], 'not before it has been quiet');
  await made.pass(1000);
  t.same(made.rolled().sort(), ['api', 'web']);
  await made.pass(60_000);
  t.equal(made.rolled().length, 2);
  t.same(made.troubles, []);
});

t.test('a start rolls nothing, and writes a baseline for each', async (t) => {
  const made = world();
  made.putSource('cm/app', { a: '1' });
  for (const name of ['api', 'web', 'db']) made.putWorkload(name);
  made.putSource('cm/app', { a: '1' });
  await made.pass(5000);
  t.same(made.reads, [], 'nothing is read before everything has been shown');
  made.mutator.start();
  await made.pass(60_000);
  t.same(made.rolled(), []);
  t.same(made.noted(), ['api', 'web', 'db']);
  t.same(made.reads, ['apps/cm/app']);
});

t.test('baselines are written one after the other, at their pace', async (t) => {
  const made = world({ baselinesPerSecond: 2 });
  made.putSource('cm/app', { a: '1' });
  for (const name of ['a', 'b', 'c']) made.putWorkload(name);
  made.mutator.start();
  await made.pass(250);
  t.same(made.noted(), ['a']);
  await made.pass(500);
  t.same(made.noted(), ['a', 'b']);
  await made.pass(500);
  t.same(made.noted(), ['a', 'b', 'c']);
  made.putWorkload('d');
  await made.pass(0);
  t.equal(made.noted().length, 3, 'a newcomer keeps the pace too');
  await made.pass(500);
  t.same(made.noted(), ['a', 'b', 'c', 'd']);
});

t.test('200 dependents of one change are one read and 200 patches', async (t) => {
  const names = Array.from({ length: 200 }, (_, index) => `w${index}`);
  const made = await settled(names, { baselinesPerSecond: 1000 });
  made.putSource('cm/app', { a: '2' });
  await made.pass(3000);
  t.same(made.reads, ['apps/cm/app']);
  t.same(made.rolled().sort(), [...names].sort());
  t.equal(made.patches.length, 200);
  t.equal(made.events.length, 200);
});

t.test('many changes within the quiet period are one roll', async (t) => {
  const made = await settled();
  for (const value of ['2', '3', '4']) {
    made.putSource('cm/app', { a: value });
    await made.pass(500);
  }
  await made.pass(2000);
  t.same(made.rolled(), ['api']);
});

t.test('changes of several sources within the quiet period are one roll that names them all', async (t) => {
  const made = world();
  made.putSource('cm/app', { a: '1' });
  made.putSource('secret/db', { p: 'eA==' });
  made.putWorkload('api', { uses: ['cm/app', 'secret/db'] });
  made.mutator.start();
  await made.pass(2000);
  made.putSource('cm/app', { a: '2' });
  made.putSource('secret/db', { p: 'eQ==' });
  await made.pass(3000);
  t.same(made.rolled(), ['api']);
  const [line] = made.audit.filter((fields) => fields['audit'] === 'roll');
  t.same((line?.['sources'] as { source: string }[]).map((one) => one.source).sort(), [
    'cm/app',
    'secret/db',
  ]);
});

t.test('data that returns within the quiet period rolls nothing', async (t) => {
  const made = await settled();
  made.putSource('cm/app', { a: '2' });
  await made.pass(500);
  made.putSource('cm/app', { a: '1' });
  await made.pass(250);
  t.equal(made.queue.size, 0, 'nothing waits any more');
  await made.pass(20_000);
  t.same(made.rolled(), []);
});

t.test('data that returns after a roll is a roll again, and changes the template again', async (t) => {
  const made = await settled();
  const template = (): string => JSON.stringify(made.stored('api').spec);
  const seen = new Set([template()]);
  for (const value of ['2', '1', '2']) {
    made.putSource('cm/app', { a: value });
    await made.pass(3000);
    seen.add(template());
  }
  t.same(made.rolled(), ['api', 'api', 'api']);
  t.equal(seen.size, 4, 'each roll is a template that never was, as long as no rollout has ended');
});

t.test('a write that changes no data rolls nothing', async (t) => {
  const made = await settled();
  made.putSource('cm/app', { a: '1' }, { annotations: { some: 'label' } });
  await made.pass(20_000);
  t.same(made.patches, []);
});

t.test('a write that changes no data does not lengthen the wait for one that did', async (t) => {
  const made = await settled();
  made.putSource('cm/app', { a: '2' }, { by: 'ann' });
  await made.pass(750);
  made.putSource('cm/app', { a: '2' }, { annotations: { some: 'label' } });
  await made.pass(500);
  t.same(made.rolled(), ['api']);
});

t.test('ignore that is set around a change rolls nothing, then or later', async (t) => {
  const made = await settled();
  const ignored = { 'reloader.stakater.com/ignore': 'true' };
  made.putSource('cm/app', { a: '1' }, { annotations: ignored });
  await made.pass(2000);
  made.putSource('cm/app', { a: '2' });
  await made.pass(2000);
  made.putSource('cm/app', { a: '2' }, { annotations: {} });
  await made.pass(20_000);
  t.same(made.rolled(), []);
  made.putSource('cm/app', { a: '3' });
  await made.pass(3000);
  t.same(made.rolled(), ['api'], 'the next change counts again');
});

t.test('opting out, a change, and opting in again roll nothing', async (t) => {
  const made = await settled();
  made.putSource('cm/app', { a: 'x' });
  await made.pass(500);
  t.equal(made.queue.size, 1);
  made.annotate('api', { 'reloader.stakater.com/auto': null });
  t.equal(made.queue.size, 0);
  await made.pass(2000);
  made.putSource('cm/app', { a: '2' });
  await made.pass(2000);
  made.annotate('api', { 'reloader.stakater.com/auto': 'true' });
  await made.pass(20_000);
  t.same(made.rolled(), []);
});

t.test('a workload that is replaced by one that is opted out waits no more', async (t) => {
  const made = await settled();
  made.putSource('cm/app', { a: '2' });
  await made.pass(500);
  made.putWorkload('api', { annotations: {} });
  t.equal(made.queue.size, 0);
  await made.pass(20_000);
  t.same(made.patches, []);
});

t.test('a stale entry that is dropped before its roll is told of, and is not rolled', async (t) => {
  const made = await settled();
  made.putSource('cm/app', { a: '2' });
  await made.pass(500);
  made.annotate('api', { 'configmaps.exclude.reloader.stakater.com/reload': 'app' });
  await made.pass(20_000);
  t.same(made.rolled(), []);
  t.same(made.dropped, ['cm/app']);
});

t.test('a change while nothing was watching is found at the start, once', async (t) => {
  const first = await settled();
  const map = (first.stored('api').metadata.annotations ?? {})['restamp.dev/stamps'] as string;
  const second = world();
  second.putSource('cm/app', { a: '2' }, { version: '5000' });
  second.putWorkload('api', {
    annotations: { 'reloader.stakater.com/auto': 'true', 'restamp.dev/stamps': map },
  });
  second.mutator.start();
  await second.pass(30_000);
  t.same(second.rolled(), ['api']);
});

t.test('a start with maps that fit writes nothing, and reads nothing that has not changed', async (t) => {
  const first = await settled();
  const { annotations } = first.stored('api').metadata;
  const second = world();
  const map = JSON.parse((annotations ?? {})['restamp.dev/stamps'] ?? '') as Record<
    's',
    Record<string, Stamp>
  >;
  const version = map.s['cm/app']!.rv!;
  second.putSource('cm/app', { a: '1' }, { version });
  second.putWorkload('api', { annotations: annotations as Record<string, string> });
  second.mutator.start();
  await second.pass(30_000);
  t.same(second.patches, []);
  t.same(second.reads, []);
});

t.test(
  'a workload that appears with pods older than the data is rolled; one that was there is told of',
  async (t) => {
    const dark = { created: '2026-01-01T00:00:00Z', written: '2026-03-01T00:00:00Z' };
    const made = world();
    made.putSource('cm/app', { a: '1' }, dark);
    made.putWorkload('old');
    made.mutator.start();
    await made.pass(5000);
    t.same(made.rolled(), []);
    t.same(made.unproven, ['cm/app']);
    made.putWorkload('new');
    await made.pass(5000);
    t.same(made.rolled(), ['new']);
  },
);

t.test('the quiet period and the longest delay of a source count for all whom it rolls', async (t) => {
  const list = 'configmap.reloader.stakater.com/reload';
  const ways = { lists: { [list]: 'app' }, finds: { [list]: 'a.+' } };
  const made = world();
  const annotations = { 'restamp.dev/quiet-period': '20s', 'restamp.dev/longest-delay': '30s' };
  made.putSource('cm/app', { a: '1' }, { annotations });
  made.putWorkload('uses');
  for (const name of ['lists', 'finds'] as const)
    made.putWorkload(name, { uses: [], annotations: ways[name] });
  made.mutator.start();
  await made.pass(3000);
  made.putSource('cm/app', { a: '2' });
  await made.pass(15_000);
  made.putSource('cm/app', { a: '3' });
  await made.pass(14_000);
  t.same(made.rolled(), [], 'it was changed again before it was quiet');
  await made.pass(2000);
  t.same(made.rolled().sort(), ['finds', 'lists', 'uses'], 'thirty seconds after the first change');
});

t.test(
  'a source that is a dependency only now has its own times, and one that is none has not',
  async (t) => {
    const list = reloaderKeys.reload.cm;
    const asks = { 'restamp.dev/quiet-period': '20s', 'restamp.dev/longest-delay': '30s' };
    const created = world({ reloadOnCreate: true });
    created.putWorkload('api', { uses: [], annotations: { [list]: 'ap.+' } });
    const listed = world();
    listed.putSource('cm/app', { a: '1' }, { annotations: asks });
    listed.putWorkload('api', { uses: [], annotations: { [list]: 'x' } });
    for (const { mutator, pass } of [created, listed]) {
      mutator.start();
      await pass(3000);
    }
    created.putSource('cm/app', { a: '1' }, { annotations: asks });
    listed.annotate('api', { [list]: 'x,app' });
    listed.putSource('cm/app', { a: '2' });
    for (const made of [created, listed]) {
      await made.pass(18_000);
      t.same(made.rolled(), []);
      await made.pass(4000);
      t.same(made.rolled(), ['api']);
    }
    const other = world();
    for (const [name, annotations] of Object.entries({
      app: {},
      slow: { ...asks, [reloaderKeys.ignore]: 'true' },
    }))
      other.putSource(`cm/${name}`, { a: '1' }, { annotations });
    other.putWorkload('api', { uses: ['cm/app', 'cm/slow'] });
    other.mutator.start();
    await other.pass(3000);
    other.putSource('cm/app', { a: '2' });
    await other.pass(2000);
    t.same(other.rolled(), ['api'], 'what is ignored delays nothing');
  },
);
