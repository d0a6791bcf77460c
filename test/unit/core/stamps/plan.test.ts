import t from 'tap';
import { ABSENT } from '../../../../src/core/objects/digest.ts';
import { judgeStamp } from '../../../../src/core/stamps/plan.ts';
import {
  dependency,
  digestOf,
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
  'planWorkload takes a baseline of every dependency where there is no map, and rolls nothing',
  async (t) => {
    const found = plan({ 'cm/app': present(ONE), 'secret/db': present(TWO), 'cm/gone': MISSING }, undefined);
    t.same(found.stale, []);
    t.same(found.unproven, []);
    t.ok(found.changed);
    t.same(found.baseline, {
      n: 1,
      key: 'k1',
      s: new Map([
        ['cm/app', stampOf(ONE)],
        ['secret/db', stampOf(TWO)],
        ['cm/gone', { h: ABSENT }],
      ]),
    });
  },
);

t.test('planWorkload has nothing to say of a workload without dependencies', async (t) => {
  t.has(plan({}, undefined), { stale: [], changed: false });
  t.has(plan({}, mapOf({})), { stale: [], changed: false });
});

t.test('planWorkload finds a source stale whose data differs from its entry', async (t) => {
  const found = plan(
    { 'cm/app': present(TWO), 'cm/b': present(ONE) },
    mapOf({ 'cm/app': stampOf(ONE), 'cm/b': stampOf(ONE) }),
  );
  t.same(found.stale, [{ key: 'cm/app', dependency: dependency('cm/app'), cause: 'changed' }]);
});

t.test(
  'planWorkload leaves what is stale in the baseline as it was, and makes it current in the rolled map',
  async (t) => {
    const old = { ...stampOf(ONE), was: 'w' };
    const found = plan(
      { 'cm/app': present(TWO, { resourceVersion: '8' }) },
      mapOf({ 'cm/app': old }, { req: 'r' }),
    );
    t.same(entriesOf(found.baseline), { 'cm/app': old });
    t.notOk(found.changed, 'there is nothing to write before the roll');
    t.same(found.rolled, {
      n: 5,
      key: 'k1',
      req: 'r',
      s: new Map([['cm/app', { ...stampOf(TWO), rv: '8', was: 'w' }]]),
    });
  },
);

t.test('planWorkload does not roll for a new version of the same data', async (t) => {
  const found = plan(
    { 'cm/app': present(ONE, { uid: 'v', resourceVersion: '9' }) },
    mapOf({ 'cm/app': stampOf(ONE) }),
  );
  t.same(found.stale, []);
  t.notOk(found.changed, 'hints are never written alone');
});

t.test(
  'planWorkload drops entries of what is no dependency, stale or not, and rolls nothing for it',
  async (t) => {
    const found = plan(
      { 'cm/app': present(ONE) },
      mapOf({ 'cm/app': stampOf(ONE), 'cm/dropped': stampOf(TWO) }),
    );
    t.same(found.stale, []);
    t.ok(found.changed);
    t.same(Object.keys(entriesOf(found.baseline)), ['cm/app']);
    t.same(Object.keys(entriesOf(found.rolled)), ['cm/app']);
    t.same(plan({}, mapOf({ 'cm/app': stampOf(ONE) })).baseline.s.size, 0, 'also when it was the last');
  },
);

t.test('planWorkload takes a baseline of what is new beside a map, whatever its data is now', async (t) => {
  const late = present(TWO, { created: 0, dataTime: 9_000 });
  const found = plan({ 'cm/app': present(ONE), 'cm/new': late }, mapOf({ 'cm/app': stampOf(ONE) }), {
    workloadCreated: 5_000,
    addedAfterStart: true,
  });
  t.same(found.stale, [], 'born in the dark is for workloads without a map');
  t.same(found.unproven, []);
  t.ok(found.changed);
  t.same(entriesOf(found.baseline)['cm/new'], stampOf(TWO));
});

t.test(
  'planWorkload keeps entries of others while more dependencies may come, under their key',
  async (t) => {
    const other = stampOf(TWO, 'k0');
    const found = plan(
      { 'cm/app': present(ONE) },
      mapOf({ 'cm/app': stampOf(ONE, 'k0'), 'cm/other': other }, { key: 'k0' }),
      { keepOthers: true },
    );
    t.same(found.stale, []);
    t.notOk(found.changed);
    for (const map of [found.baseline, found.rolled]) {
      t.equal(map.key, 'k0');
      t.same(entriesOf(map), { 'cm/app': stampOf(ONE, 'k0'), 'cm/other': other });
    }
  },
);

t.test('planWorkload stamps a missing source as absent', async (t) => {
  const found = plan({ 'cm/app': MISSING }, mapOf({}));
  t.same(entriesOf(found.baseline), { 'cm/app': { h: ABSENT } });
  t.ok(found.changed);
  const again = plan({ 'cm/app': MISSING }, found.baseline, { reloadOnCreate: true, reloadOnDelete: true });
  t.notOk(again.changed);
  t.same(again.stale, []);
});

t.test(
  'planWorkload takes a baseline of a source that appears, or rolls with reload-on-create',
  async (t) => {
    const absent = mapOf({ 'cm/app': { h: ABSENT } });
    const quiet = plan({ 'cm/app': present(ONE) }, absent, { reloadOnDelete: true });
    t.same(quiet.stale, []);
    t.ok(quiet.changed);
    const rewritten = plan({ 'cm/app': present(ONE, { created: 5000, dataTime: 6000 }) }, absent);
    t.same(staleOf(rewritten), ['cm/app changed'], 'pods may have started with what it was created with');
    for (const dataTime of [undefined, 5000])
      t.same(plan({ 'cm/app': present(ONE, { created: 5000, dataTime }) }, absent).stale, []);
    const entries = { 'cm/app': { ...stampOf(ONE), was: ABSENT } };
    t.same(entriesOf(quiet.baseline), entries);
    const loud = plan({ 'cm/app': present(ONE) }, absent, { reloadOnCreate: true });
    t.same(staleOf(loud), ['cm/app created']);
    t.same(entriesOf(loud.baseline), { 'cm/app': { h: ABSENT } });
    t.notOk(loud.changed);
    t.same(entriesOf(loud.rolled), entries);
  },
);

t.test(
  'planWorkload keeps the entry of a source that goes, so that re-creation with other data rolls',
  async (t) => {
    const map = mapOf({ 'cm/app': stampOf(ONE) });
    const gone = plan({ 'cm/app': MISSING }, map, { reloadOnCreate: true });
    t.same(gone.stale, []);
    t.notOk(gone.changed);
    t.same(entriesOf(gone.rolled), { 'cm/app': stampOf(ONE) }, 'a roll for another source keeps it too');
    t.same(staleOf(plan({ 'cm/app': present(TWO) }, gone.baseline)), ['cm/app changed']);
    t.same(staleOf(plan({ 'cm/app': present(ONE) }, gone.baseline)), [], 'and the same data does not');
  },
);

t.test('planWorkload rolls for a source that goes with reload-on-delete, once', async (t) => {
  const found = plan({ 'cm/app': MISSING }, mapOf({ 'cm/app': stampOf(ONE) }), { reloadOnDelete: true });
  t.same(staleOf(found), ['cm/app deleted']);
  t.same(entriesOf(found.baseline), { 'cm/app': stampOf(ONE) });
  t.same(entriesOf(found.rolled), { 'cm/app': { h: ABSENT, was: stampOf(ONE).h } });
  t.same(plan({ 'cm/app': MISSING }, found.rolled, { reloadOnDelete: true }).stale, []);
});

t.test('planWorkload judges an entry by the keys that it was made of', async (t) => {
  const map = mapOf({
    'cm/app': { h: digestOf('k1', { a: '1', b: '1' }, ['a']), uid: 'u', rv: '7', f: ['a'] },
  });
  const other = plan({ 'cm/app': present({ a: '1', b: '2' }) }, map);
  t.same(other.stale, [], 'a change of another key is none');
  t.ok(other.changed);
  t.same(
    entriesOf(other.baseline),
    { 'cm/app': stampOf({ a: '1', b: '2' }) },
    'what is fresh is taken anew, of all keys',
  );
  const own = plan({ 'cm/app': present({ a: '2', b: '1' }) }, map);
  t.same(staleOf(own), ['cm/app changed']);
  t.same(entriesOf(own.baseline), entriesOf(map), 'what is stale is not');
});

t.test('planWorkload keeps what an entry was before, as long as it is fresh', async (t) => {
  const fresh = plan({ 'cm/app': present(ONE) }, mapOf({ 'cm/app': { ...stampOf(ONE), was: 'w' } }));
  t.notOk(fresh.changed);
  t.equal(entriesOf(fresh.baseline)['cm/app']?.was, 'w');
  const absent = plan({ 'cm/app': MISSING }, mapOf({ 'cm/app': { h: ABSENT, was: 'w' } }));
  t.notOk(absent.changed, 'also that of a source that is gone');
  t.same(entriesOf(absent.baseline)['cm/app'], { h: ABSENT, was: 'w' });
  const settled = plan({ 'cm/app': present(ONE) }, mapOf({ 'cm/app': { ...stampOf(ONE), was: 'w' } }), {
    settled: true,
  });
  t.ok(settled.changed, 'until all pods run the newest template');
  t.same(entriesOf(settled.baseline)['cm/app'], stampOf(ONE));
  const created = plan({ 'cm/app': present(ONE) }, mapOf({ 'cm/app': { h: ABSENT, was: 'w' } }));
  t.same(entriesOf(created.baseline)['cm/app'], { ...stampOf(ONE), was: 'w' });
});

t.test('planWorkload keeps what a roll replaces, until its rollout is complete', async (t) => {
  const rolled = (now: typeof ONE, was?: string, settled = false) =>
    entriesOf(
      plan(
        { 'cm/app': present(now) },
        mapOf({ 'cm/app': { ...stampOf(ONE), ...(was === undefined ? {} : { was }) } }),
        { settled },
      ).rolled,
    )['cm/app']?.was;
  t.equal(rolled(TWO), stampOf(ONE).h);
  t.equal(rolled(TWO, 'w'), 'w', 'the oldest');
  t.equal(rolled(TWO, 'w', true), stampOf(ONE).h, 'but for what a complete rollout has ended');
  t.equal(rolled(TWO, stampOf(TWO).h), stampOf(ONE).h, 'and something other than what is current');
});

t.test('planWorkload tells when levers alone may bring back a template whose pods still run', async (t) => {
  const map = mapOf({ 'cm/app': { ...stampOf(ONE), was: stampOf(TWO).h } });
  const gone = { reloadOnDelete: true };
  t.ok(plan({ 'cm/app': present(TWO) }, map).returns, 'data that return');
  t.notOk(plan({ 'cm/app': present({ a: '3' }) }, map).returns, 'not data that never were');
  t.ok(plan({ 'cm/app': MISSING }, map, gone).returns, 'a lever that goes');
  for (const now of [present(TWO), MISSING])
    t.notOk(plan({ 'cm/app': now }, map, { ...gone, settled: true }).returns, 'not without a rollout');
});

t.test('planWorkload counts up with each map and carries the request along', async (t) => {
  t.equal(plan({ 'cm/app': present(ONE) }, undefined).baseline.n, 1);
  const found = plan({ 'cm/app': present(TWO) }, mapOf({ 'cm/app': stampOf(ONE) }, { n: 41, req: 'r' }));
  t.has(found.baseline, { n: 42, req: 'r' });
  t.has(found.rolled, { n: 42, req: 'r' });
  t.notOk('req' in plan({}, mapOf({})).baseline);
});

t.test('planWorkload never counts beyond what the map can hold', async (t) => {
  const map = mapOf({ 'cm/app': stampOf(ONE) }, { n: Number.MAX_SAFE_INTEGER });
  t.equal(plan({ 'cm/app': present(TWO) }, map).rolled.n, Number.MAX_SAFE_INTEGER);
});

t.test('judgeStamp asks the same of one entry that planWorkload asks of each', async (t) => {
  const settings = { keyId: 'k1', reloadOnCreate: false, reloadOnDelete: false };
  t.same(judgeStamp(settings, stampOf(ONE), present(ONE)), { is: 'fresh' });
  t.same(judgeStamp(settings, stampOf(ONE), present(TWO)), { is: 'stale', cause: 'changed' });
  t.same(judgeStamp(settings, stampOf(ONE, 'k0'), present(ONE)), { is: 'stale', cause: 'changed' });
  t.same(judgeStamp({ ...settings, keyId: 'k0' }, stampOf(ONE, 'k0'), present(ONE)), { is: 'fresh' });
  t.same(judgeStamp(settings, { h: ABSENT }, present(ONE)), { is: 'new' });
  t.same(judgeStamp({ ...settings, reloadOnCreate: true }, { h: ABSENT }, present(ONE)), {
    is: 'stale',
    cause: 'created',
  });
  t.same(judgeStamp(settings, stampOf(ONE), MISSING), { is: 'kept' });
  t.same(judgeStamp({ ...settings, reloadOnDelete: true }, stampOf(ONE), MISSING), {
    is: 'stale',
    cause: 'deleted',
  });
  t.same(judgeStamp({ ...settings, reloadOnDelete: true }, { h: ABSENT }, MISSING), { is: 'fresh' });
});

t.test('a map of which nothing changes keeps its entries, and hints alone are made anew', async (t) => {
  const now = { 'cm/app': present(ONE), 'cm/gone': MISSING };
  const map = mapOf({ 'cm/app': stampOf(ONE), 'cm/gone': { h: ABSENT } });
  const found = plan(now, map);
  t.equal(found.baseline.s, map.s);
  t.equal(found.rolled, found.baseline, 'nothing is to be rolled');
  for (const change of [{ resourceVersion: '8' }, { uid: 'other' }]) {
    const { baseline, changed } = plan({ ...now, 'cm/app': present(ONE, change) }, map);
    t.notOk(changed);
    t.not(baseline.s, map.s);
    t.equal(baseline.s.get('cm/gone'), map.s.get('cm/gone'));
  }
  t.not(plan({ 'cm/app': present(ONE) }, map).baseline.s, map.s, 'one less');
  t.not(plan({ ...now, 'cm/new': present(ONE) }, map).baseline.s, map.s, 'one more');
  const swapped = plan({ 'cm/app': present(ONE), 'cm/new': present(ONE) }, map, {
    current: (key) => (key === 'cm/app' ? present(ONE) : undefined),
  });
  t.same([...swapped.baseline.s.keys()], ['cm/app'], 'one less, and one that cannot be read');
  const former = mapOf({ 'cm/app': { ...stampOf(ONE), was: 'k1:old' }, 'cm/gone': { h: ABSENT } });
  t.equal(plan(now, former).baseline.s, former.s);
  t.not(plan(now, former, { settled: true }).baseline.s, former.s, 'the rollout has ended');
});
