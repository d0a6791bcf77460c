import t from 'tap';
import { ABSENT } from '../../../../src/core/objects/digest.ts';
import type { Current } from '../../../../src/core/stamps/plan.ts';
import {
  digestOf,
  entriesOf,
  mapOf,
  MISSING,
  plan,
  present,
  staleOf,
  stampOf,
} from '../../../support/core/plan-harness.ts';

// Entries that are not in the map yet: they begin with what the pods have seen.

const ONE = { a: '1' };
const TWO = { a: '2' };

t.test('planWorkload begins a new entry with the source as it was when it became a dependency', async (t) => {
  const past = (): Current => present(ONE, { resourceVersion: '5' });
  for (const map of [mapOf({}), undefined]) {
    const found = plan({ 'cm/app': present(TWO) }, map, { past });
    t.same(staleOf(found), ['cm/app changed']);
    t.same(entriesOf(found.baseline), { 'cm/app': { ...stampOf(ONE), rv: '5' } });
    t.ok(found.changed, 'so that it is remembered');
    t.same(entriesOf(found.rolled), { 'cm/app': stampOf(TWO) });
    const next = plan({ 'cm/app': present(TWO) }, found.baseline);
    t.same(staleOf(next), ['cm/app changed'], 'without the past too');
    const same = plan({ 'cm/app': present(ONE) }, map, { past });
    t.same(same.stale, []);
    t.same(entriesOf(same.baseline), { 'cm/app': stampOf(ONE) });
  }
  const map = mapOf({ 'cm/kept': stampOf(ONE, 'k0') }, { key: 'k0' });
  const former = plan({ 'cm/app': present(TWO) }, map, { past, keepOthers: true });
  t.same(entriesOf(former.baseline)['cm/app']?.h, digestOf('k0', ONE), 'under the key of the map');
});

t.test('planWorkload takes what did not exist when it became a dependency for created', async (t) => {
  const past = (): Current => MISSING;
  const now = { 'cm/app': present(ONE) };
  t.same(plan(now, mapOf({}), { past }).stale, []);
  const found = plan(now, mapOf({}), { past, reloadOnCreate: true });
  t.same(staleOf(found), ['cm/app created']);
  t.same(entriesOf(found.baseline), { 'cm/app': { h: ABSENT } });
});

t.test('planWorkload sees by the times what was created after all writes of the workload', async (t) => {
  const rest = { reloadOnCreate: true, workloadWritten: 5000 };
  const later = { 'cm/app': present(ONE, { created: 6000 }) };
  t.same(staleOf(plan(later, mapOf({}), rest)), ['cm/app created']);
  t.same(plan(later, undefined, rest).stale, [], 'not before the first map');
  t.same(plan(later, mapOf({}), { ...rest, reloadOnCreate: false }).stale, []);
  t.same(
    plan({ 'cm/app': present(ONE, { created: 5000 }) }, mapOf({}), rest).stale,
    [],
    'in the same second',
  );
  t.same(
    plan({ 'spc/app': present(ONE, { created: 6000 }) }, mapOf({}), rest).stale,
    [],
    'mounts come later',
  );
});

t.test('planWorkload counts what nobody can tell of, and rolls it only if that is wanted', async (t) => {
  const past = () => 'unknown' as const;
  for (const map of [mapOf({}), undefined]) {
    const now = { 'cm/app': present(TWO, { created: 0, dataTime: map === undefined ? 0 : 9000 }) };
    const rest = { past, workloadCreated: 5000, addedAfterStart: true };
    const found = plan(now, map, rest);
    t.same(found.stale, []);
    t.same(found.unproven, ['cm/app']);
    t.same(staleOf(plan(now, map, { ...rest, adoptByRoll: true })), ['cm/app adopted']);
  }
});
