import t from 'tap';
import { STAMPS } from '../../../../src/core/api/annotations.ts';
import { RestampError } from '../../../../src/errors.ts';
import { NAMESPACE } from '../../../support/controller/builders.ts';
import { world, type World } from '../../../support/controller/world.ts';

// What one process has found out must not be lost with it, and what is lost all the same is counted.

const LIST = 'configmap.reloader.stakater.com/reload';
const SEARCH = { 'reloader.stakater.com/search': 'true' };
const MATCH = { 'reloader.stakater.com/match': 'true' };

/** The process ends; `meanwhile` somebody writes; another one starts on what is stored. */
function restarted(
  made: World,
  settings: Parameters<typeof world>[0] = {},
  meanwhile: () => void = () => undefined,
): World {
  made.stop();
  made.shelf.watches.clear();
  meanwhile();
  const next = world(settings, undefined, made.shelf);
  const [watch] = made.shelf.watches;
  for (const key of made.shelf.workloads.keys()) watch?.workload(key);
  for (const key of made.shelf.sources.keys()) {
    const [namespace = '', type, name = ''] = key.split('/');
    watch?.source({ type: type as 'cm', namespace, name });
  }
  next.mutator.start();
  return next;
}

for (const how of ['a mark with data', 'an opt-in, then data', 'a creation that a pattern finds'])
  t.test(`a workload that is held, stale for the first time by ${how}, rolls after a restart`, async (t) => {
    const settings = { rollLimit: 1, reloadOnCreate: true };
    const isCreation = how.startsWith('a creation');
    const made = world(settings);
    made.putSource('cm/other', { a: '1' });
    if (!isCreation) made.putSource('cm/app', { a: '1' });
    made.putWorkload('api', {
      annotations: {
        ...(how.startsWith('a mark') ? SEARCH : {}),
        [LIST]: isCreation ? 'other,ap.+' : 'other',
      },
      uses: ['cm/other', ...(isCreation ? [] : ['cm/app'])],
    });
    made.mutator.start();
    await made.pass(3000);
    made.putSource('cm/other', { a: '2' });
    await made.pass(3000);
    if (how.startsWith('an opt-in')) made.annotate('api', { [LIST]: 'other,app' });
    made.putSource('cm/app', { a: '2' }, how.startsWith('a mark') ? { annotations: MATCH } : {});
    await made.pass(60_000);
    t.match(made.queue.waiting(), [{ reason: 'limit' }]);
    const next = restarted(made, settings);
    await next.pass(60_000);
    t.same(next.rolled(), ['api']);
  });

t.test('what a held workload begins to depend on has its baseline stored', async (t) => {
  const made = world({ rollLimit: 1 });
  for (const name of ['other', 'app']) made.putSource(`cm/${name}`, { a: '1' });
  made.putWorkload('api', { annotations: { [LIST]: 'other' } });
  made.mutator.start();
  await made.pass(3000);
  for (const a of ['2', '3']) {
    made.putSource('cm/other', { a });
    await made.pass(3000);
  }
  made.annotate('api', { [LIST]: 'other,app' });
  await made.pass(600_000);
  const next = restarted(made, {}, () => made.putSource('cm/app', { a: '2' }));
  await next.pass(30_000);
  t.match(JSON.stringify(next.audit.find((line) => line['audit'] === 'roll')), 'cm/app');
});

t.test('what is born in the dark has no first map until it has rolled', async (t) => {
  const made = world({ rollLimit: 1 });
  made.putSource('cm/app', { a: '1' }, { created: '2026-11-22T11:00:00Z', written: '2026-11-22T12:00:02Z' });
  made.mutator.start();
  await made.pass(1000);
  made.putWorkload('api', { created: '2026-11-22T12:00:01Z' });
  await made.pass(500);
  t.same(made.noted(), []);
  const stored = made.shelf.workloads.get(`${NAMESPACE}/Deployment/api`);
  t.equal(stored?.metadata.annotations?.[STAMPS], undefined);
});

t.test('a mark with new data while nobody looked is counted as unproven', async (t) => {
  const made = world();
  made.putSource('cm/app', { a: '1' });
  made.putWorkload('api', { annotations: SEARCH, stamps: {}, written: '2026-03-01T00:00:00Z' });
  made.putSource('cm/app', { a: '2' }, { annotations: MATCH, written: '2026-11-20T00:00:00Z' });
  made.mutator.start();
  await made.pass(5000);
  t.same([...made.rolled(), ...made.unproven], ['cm/app']);
});

t.test('nor does a list that was edited after the data was written count', async (t) => {
  const made = world();
  made.putSource('cm/app', { a: '2' }, { written: '2026-03-01T00:00:00Z' });
  made.putWorkload('api', { annotations: { [LIST]: 'app' }, stamps: {}, written: '2026-11-20T00:00:00Z' });
  made.mutator.start();
  await made.pass(5000);
  t.same([...made.rolled(), ...made.unproven], []);
});

for (const code of ['RESTAMP_KUBE_FORBIDDEN', 'RESTAMP_KUBE_UNAVAILABLE'] as const)
  t.test(`a change of a source that a first map lacks is counted after a restart: ${code}`, async (t) => {
    const made = world();
    made.putSource('cm/app', { a: '1' });
    made.putSource('secret/db', { a: '1' });
    made.ways.read = async (key) => {
      if (key.includes('secret')) throw new RestampError(code, 'no');
    };
    made.mutator.start();
    made.putWorkload('api', { uses: ['cm/app', 'secret/db'], created: '2026-11-22T12:00:00Z' });
    await made.pass(25_000);
    made.putSource('secret/db', { a: '2' }, { written: '2026-11-22T12:00:30Z' });
    await made.pass(5000);
    const next = restarted(made);
    await next.pass(30_000);
    t.same([...next.rolled(), ...next.unproven], ['secret/db']);
  });

for (const [how, parts] of [
  ['a reference', { uses: ['cm/late'] }],
  ['a list', { uses: [], annotations: { [LIST]: 'late' } }],
  ['a pattern', { uses: [], annotations: { [LIST]: 'other,la.e' }, written: '2026-03-01T00:00:00Z' }],
] as const)
  t.test(`what was created while we were down rolls if it has changed again since: ${how}`, async (t) => {
    for (const [written, rolls] of [
      ['2026-11-22T12:00:09Z', ['api']],
      ['2026-11-22T12:00:00Z', []],
    ] as const) {
      const made = world();
      made.putSource('cm/other', { a: '1' });
      made.putWorkload('api', parts);
      made.mutator.start();
      await made.pass(3000);
      const next = restarted(made, {}, () => {
        made.putSource('cm/late', { a: '1' }, { created: '2026-11-22T12:00:00Z' });
        made.putSource('cm/late', { a: '2' }, { created: '2026-11-22T12:00:00Z', written });
      });
      await next.pass(5000);
      t.same(next.rolled(), rolls, `written at ${written}`);
      next.putSource('cm/late', { a: '3' }, { created: '2026-11-22T12:00:00Z', written });
      await next.pass(5000);
      t.equal(next.rolled().length, rolls.length + 1, 'and from then on as ever');
    }
  });
