import t from 'tap';
import type { Plan } from '../../../../src/core/stamps/plan.ts';
import { workloadKey, type Workload } from '../../../../src/core/objects/workload.ts';
import { Gates } from '../../../../src/controller/gates/gates.ts';
import { Releases } from '../../../../src/controller/gates/release-tracker.ts';
import { RollRates } from '../../../../src/controller/gates/roll-limit.ts';
import { SourceBook } from '../../../../src/state/source-cache.ts';
import { fakeClock } from '../../../support/fake-clock.ts';
import { dependency, mapOf } from '../../../support/core/plan-harness.ts';
import {
  AUTO,
  metaOf,
  NAMESPACE,
  NOW,
  ref,
  source,
  workload,
  type SourceParts,
} from '../../../support/controller/builders.ts';

const AT = '2026-11-22T12:00:00.000Z';
const LATER = '2026-11-22T12:00:01.000Z';
const api = workload('api');
const KEY = workloadKey(api);

/** A plan in which these sources are stale. */
function planOf(keys: readonly string[] = ['cm/app'], req?: string): Plan {
  const map = mapOf({}, req === undefined ? {} : { req });
  const stale = keys.map((key) => ({ key, dependency: dependency(key), cause: 'changed' as const }));
  return { stale, baseline: map, rolled: map, returns: false, changed: false, unproven: [] };
}

function gates() {
  const clock = fakeClock(NOW);
  const sources = new SourceBook();
  const releases = new Releases(clock);
  const rates = new RollRates(clock, 2);
  const stopped = new Set<string>();
  const all = new Gates({
    clock,
    sources,
    releases,
    rates,
    releaseQuietMs: 10_000,
    stopped: (namespace) => stopped.has(namespace),
  });
  const store = (key: string, release?: string, parts: SourceParts = {}): void => {
    const { type, name } = ref(key);
    sources.put({ ...metaOf(type, source(name, {}, parts)), release });
  };
  /** The workload is rolled and loses its lever, so many times. */
  const contest = (times: number): void => {
    for (let time = 0; time < times; time += 1) {
      rates.rolled(KEY, [{ container: 'main', name: 'L', value: 'a' }], 'bare');
      rates.saw(KEY, { levers: [], bare: 'bare' }, 'gitops');
    }
  };
  return { all, clock, releases, rates, stopped, store, contest };
}
const asking = (text: string): Workload =>
  workload('api', { annotations: { ...AUTO, 'restamp.dev/request': text } });
const open = { held: undefined, request: undefined };

t.test('a stale workload passes where nothing is in its way', async (t) => {
  const { all, store, stopped } = gates();
  t.same(all.ask(api, planOf()), open);
  store('cm/app');
  stopped.add('other');
  t.same(all.ask(api, planOf()), open);
});

t.test('the stop switch holds, and no request passes it', async (t) => {
  const { all, stopped } = gates();
  stopped.add(NAMESPACE);
  t.has(all.ask(api, planOf()), { held: 'stop', ms: 60_000 });
  t.has(all.ask(asking(`roll@${AT}`), planOf()), { held: 'stop' });
});

t.test('too many rolls hold until one is an hour old, and say what changes now', async (t) => {
  const { all, clock, contest } = gates();
  contest(1);
  clock.advance(1_000);
  contest(1);
  const passage = all.ask(api, planOf(['cm/app', 'secret/db']));
  t.has(passage, { held: 'limit', ms: 3_599_000 });
  t.match(passage, { detail: /cm\/app, secret\/db/ });
  clock.advance(3_599_000);
  t.same(all.ask(api, planOf()), open);
});

t.test('a manager that takes levers away holds, and is named', async (t) => {
  const { all, rates, contest } = gates();
  contest(2);
  t.has(all.ask(api, planOf()), { held: 'limit' }, 'the limit comes first');
  const unlimited = new Gates({
    clock: fakeClock(NOW),
    sources: new SourceBook(),
    releases: new Releases(fakeClock(NOW)),
    rates: Object.assign(rates, { waitMs: () => 0 }),
    releaseQuietMs: 0,
    stopped: () => false,
  });
  t.same(unlimited.ask(api, planOf()), { held: 'contested', ms: 600_000, detail: 'gitops' });
  const request = { verb: 'roll', at: AT };
  t.same(unlimited.ask(asking(`roll@${AT}`), planOf()), { held: undefined, request });
});

t.test('a request passes the other gates until it is answered', async (t) => {
  const { all, contest } = gates();
  contest(2);
  const request = { verb: 'roll', at: AT };
  t.same(all.ask(asking(`roll@${AT}`), planOf()), { held: undefined, request });
  t.has(all.ask(asking(`roll@${AT}`), planOf(['cm/app'], AT)), { held: 'limit' });
  t.has(all.ask(asking('roll@soon'), planOf()), { held: 'limit' });
});

t.test(
  'a request on a stale source counts, one on another source does not, and the newest wins',
  async (t) => {
    const { all, store } = gates();
    store('cm/app', undefined, { annotations: { 'restamp.dev/request': `skip@${LATER}` } });
    const skip = { verb: 'skip', at: LATER };
    t.same(all.request(api, planOf()), skip);
    t.equal(all.request(api, planOf(['secret/app'])), undefined);
    t.same(all.request(asking(`roll@${AT}`), planOf()), skip);
    t.same(all.request(asking(`roll@${AT}`), planOf(['secret/app'])), { verb: 'roll', at: AT });
  },
);

t.test('a source of the release of its workload waits for the write of the workload', async (t) => {
  const { all, clock, releases, store } = gates();
  const mine = { ...api, release: 'shop' };
  store('cm/app', 'shop', { manager: 'helm' });
  releases.wrote('shop', `${NAMESPACE}/cm/app`);
  t.same(all.ask(mine, planOf()), { held: 'release', ms: 10_000, detail: 'shop' });
  t.same(all.ask(mine, planOf(['cm/other'])), open, 'another source is stale');
  t.same(all.ask(api, planOf()), open, 'the workload is of no release');
  t.same(all.ask({ ...api, release: 'bank' }, planOf()), open, 'it is of another release');
  clock.advance(10_000);
  t.same(all.ask(mine, planOf()), open);
});

t.test('the write of the workload opens the gate of the release', async (t) => {
  const { all, releases, store } = gates();
  const mine = { ...api, release: 'shop' };
  store('cm/app', 'shop', { manager: 'helm' });
  releases.wrote('shop', `${NAMESPACE}/cm/app`);
  releases.wrote('shop', KEY);
  t.same(all.ask(mine, planOf()), open);
});

t.test('what a person writes waits for no release', async (t) => {
  const { all, releases, store } = gates();
  store('cm/app', 'shop', { manager: 'kubectl-edit' });
  releases.wrote('shop', `${NAMESPACE}/cm/app`);
  t.same(all.ask({ ...api, release: 'shop' }, planOf()), open);
});

t.test(
  'the longest wait of all stale sources counts, and the wish of the workload before theirs',
  async (t) => {
    const { all, releases, store } = gates();
    const mine = { ...api, release: 'shop' };
    const quiet = (text: string) => ({ annotations: { 'restamp.dev/release-quiet': text }, manager: 'helm' });
    store('cm/app', 'shop', quiet('20s'));
    store('cm/brief', 'shop', quiet('5s'));
    for (const name of ['app', 'brief']) releases.wrote('shop', `${NAMESPACE}/cm/${name}`);
    t.has(all.ask(mine, planOf(['cm/app', 'cm/brief'])), { held: 'release', ms: 20_000 });
    t.has(all.ask(mine, planOf(['cm/brief'])), { held: 'release', ms: 5_000 });
    const wishes = { ...mine.wishes, releaseQuietMs: 0 };
    t.same(all.ask({ ...mine, wishes }, planOf(['cm/app', 'cm/brief'])), open);
  },
);
