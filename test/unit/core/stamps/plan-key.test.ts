import t from 'tap';
import {
  entriesOf,
  mapOf,
  MISSING,
  plan,
  present,
  staleOf,
  stampOf,
} from '../../../support/core/plan-harness.ts';

const ONE = { a: '1' };
const TWO = { a: '2' };

t.test(
  'planWorkload judges a map under a former key by that key, and rolls nothing for the change of key',
  async (t) => {
    const map = mapOf({ 'cm/app': stampOf(ONE, 'k0') }, { key: 'k0' });
    t.same(plan({ 'cm/app': present(ONE) }, map).stale, []);
    t.same(staleOf(plan({ 'cm/app': present(TWO) }, map)), ['cm/app changed']);
  },
);

t.test('planWorkload takes a fresh map over to the new key', async (t) => {
  const found = plan(
    { 'cm/app': present(ONE), 'cm/new': present(TWO) },
    mapOf({ 'cm/app': stampOf(ONE, 'k0') }, { key: 'k0' }),
  );
  t.ok(found.changed);
  t.equal(found.baseline.key, 'k1');
  t.same(entriesOf(found.baseline), { 'cm/app': stampOf(ONE), 'cm/new': stampOf(TWO) });
});

t.test('planWorkload keeps the former key in the baseline while one entry is stale', async (t) => {
  const map = mapOf({ 'cm/app': stampOf(ONE, 'k0'), 'cm/b': stampOf(ONE, 'k0') }, { key: 'k0' });
  const found = plan({ 'cm/app': present(TWO), 'cm/b': present(ONE), 'cm/new': present(TWO) }, map);
  t.equal(found.baseline.key, 'k0');
  t.same(entriesOf(found.baseline), {
    'cm/app': stampOf(ONE, 'k0'),
    'cm/b': stampOf(ONE, 'k0'),
    'cm/new': stampOf(TWO, 'k0'),
  });
  t.equal(found.rolled.key, 'k1', 'the roll makes all of it current');
  t.same(entriesOf(found.rolled), { 'cm/app': stampOf(TWO), 'cm/b': stampOf(ONE), 'cm/new': stampOf(TWO) });
});

t.test(
  'planWorkload keeps the former key even through a roll while the entry of a missing source is kept',
  async (t) => {
    const map = mapOf({ 'cm/gone': stampOf(ONE, 'k0'), 'cm/b': stampOf(ONE, 'k0') }, { key: 'k0' });
    const found = plan({ 'cm/gone': MISSING, 'cm/b': present(TWO) }, map);
    t.equal(found.rolled.key, 'k0');
    t.same(entriesOf(found.rolled), {
      'cm/gone': stampOf(ONE, 'k0'),
      'cm/b': { ...stampOf(TWO, 'k0'), was: stampOf(ONE, 'k0').h },
    });
    t.same(staleOf(plan({ 'cm/gone': present(ONE), 'cm/b': present(TWO) }, found.rolled)), []);
  },
);

t.test('planWorkload takes an empty map over to the new key', async (t) => {
  t.has(plan({}, mapOf({}, { key: 'k0' })), { changed: true, baseline: { key: 'k1' } });
});

// Created at 10, workload at 20, data changed at 30: the pods may have started with the older data.
const dark = (rest: { created?: number; dataTime?: number | undefined } = {}) => ({
  'cm/app': present(ONE, { created: 10_000, dataTime: 30_000, ...rest }),
});
const BORN = { workloadCreated: 20_000, addedAfterStart: true };

t.test(
  'planWorkload rolls a new workload whose source changed between its creation and our first look',
  async (t) => {
    const found = plan(dark(), undefined, BORN);
    t.same(staleOf(found), ['cm/app born-in-the-dark']);
    t.same(entriesOf(found.rolled), { 'cm/app': stampOf(ONE) });
    t.same(plan(dark(), found.rolled, BORN).stale, [], 'once');
  },
);

t.test('planWorkload gives no baseline to take before what was born in the dark is rolled', async (t) => {
  const found = plan({ ...dark(), 'cm/old': present(TWO) }, undefined, BORN);
  t.same(staleOf(found), ['cm/app born-in-the-dark']);
  t.notOk(found.baseline.s.has('cm/app'));
  t.notOk(found.changed, 'a map would end the darkness: whoever took it would never roll');
});

t.test('planWorkload only counts such a source for a workload that was there before us', async (t) => {
  const found = plan(dark(), undefined, { ...BORN, addedAfterStart: false });
  t.same(found.stale, []);
  t.same(found.unproven, ['cm/app']);
  t.ok(found.changed);
  t.same(entriesOf(found.baseline), { 'cm/app': stampOf(ONE) });
});

t.test('planWorkload sees darkness only where source, workload and data came in this order', async (t) => {
  const cases: readonly (readonly [{ created?: number; dataTime?: number | undefined }, boolean])[] = [
    [{ created: 20_000 }, true],
    [{ created: 20_001 }, false],
    [{ dataTime: 20_000 }, false],
    [{ dataTime: 20_001 }, true],
    [{ dataTime: 5_000 }, false],
    [{ dataTime: undefined }, false],
    [{ created: Number.NaN }, false],
    [{ dataTime: Number.NaN }, false],
  ];
  for (const [times, expected] of cases)
    t.equal(plan(dark(times), undefined, BORN).stale.length === 1, expected, JSON.stringify(times));
  t.same(plan({ 'cm/app': MISSING }, undefined, BORN).stale, [], 'what is not there cannot have changed');
  t.same(plan(dark(), undefined, { ...BORN, workloadCreated: Number.NaN }).stale, []);
});

t.test('planWorkload sees no darkness beside a map, not even an empty one', async (t) => {
  const found = plan(dark(), mapOf({}), BORN);
  t.same(found.stale, []);
  t.same(found.unproven, []);
});

t.test(
  'planWorkload counts a lever that does not match as unproven, and rolls it only with --adopt=roll',
  async (t) => {
    const now = {
      'cm/app': present(ONE, { levers: ['new'] }),
      'cm/same': present(ONE, { levers: ['same'] }),
      'cm/bare': present(ONE),
    };
    const values: Readonly<Record<string, string>> = { 'cm/app': 'old', 'cm/same': 'same', 'cm/bare': 'old' };
    const adopting = { levers: (key: string) => [values[key] ?? []].flat(), adoptByRoll: true };
    const counted = plan(now, undefined, { ...adopting, adoptByRoll: false });
    t.same(counted.stale, []);
    t.same(counted.unproven, ['cm/app'], 'what was not read proves nothing');
    t.ok(counted.changed);
    const rolled = plan(now, undefined, adopting);
    t.same(staleOf(rolled), ['cm/app adopted']);
    t.same(rolled.unproven, []);
    t.same(staleOf(plan(now, rolled.rolled, adopting)), [], 'once');
    t.same(staleOf(plan(now, mapOf({}), adopting)), [], 'and never beside a map');
    t.same(
      staleOf(plan({ 'cm/app': present(ONE, { levers: ['new'] }) }, undefined, { adoptByRoll: true })),
      [],
      'a missing lever says nothing',
    );
  },
);

t.test('planWorkload rolls with --adopt=roll what may have changed before us', async (t) => {
  const before = { ...BORN, addedAfterStart: false, adoptByRoll: true };
  t.same(staleOf(plan(dark(), undefined, before)), ['cm/app adopted']);
  t.same(staleOf(plan(dark(), undefined, { ...before, addedAfterStart: true })), ['cm/app born-in-the-dark']);
});

t.test('planWorkload takes a lever that matches as a proof, whenever the data was written', async (t) => {
  const now = { 'cm/app': present(ONE, { created: 10_000, dataTime: 30_000, levers: ['same'] }) };
  const before = { ...BORN, addedAfterStart: false, levers: () => ['same'] };
  for (const adoptByRoll of [false, true]) {
    const found = plan(now, undefined, { ...before, adoptByRoll });
    t.same(found.stale, []);
    t.same(found.unproven, []);
    t.ok(found.baseline.s.has('cm/app'));
  }
  const newborn = plan(now, undefined, { ...before, addedAfterStart: true });
  t.same(
    staleOf(newborn),
    ['cm/app born-in-the-dark'],
    'one that comes with its lever may have got it elsewhere',
  );
});
