import t from 'tap';
import { keyedLever, reloaderHash } from '../../../../src/core/objects/digest.ts';
import { sourceData } from '../../../../src/core/objects/source-data.ts';
import { digestOf, ring } from '../../../support/controller/builders.ts';
import { settled, world } from '../../../support/controller/world.ts';

const NAME = 'STAKATER_APP_CONFIGMAP';
const sha1 = (data: object): string => reloaderHash(sourceData('cm', { data }));
const keyed = (data: { a: string }, keyId = 'k1'): string =>
  keyedLever(ring.keys.get(keyId)!, digestOf('cm/app', data, undefined, keyId));

t.test('a keyed lever looks like a SHA-1, and differs by key, data and source', async (t) => {
  const values = [
    keyed({ a: '1' }),
    keyed({ a: '2' }),
    keyed({ a: '1' }, 'k0'),
    keyedLever(ring.keys.get('k1')!, digestOf('cm/other', { a: '1' })),
    sha1({ a: '1' }),
  ];
  t.equal(new Set(values).size, values.length);
  for (const value of values) t.match(value, /^[0-9a-f]{40}$/);
  t.equal(keyed({ a: '1' }), keyed({ a: '1' }));
});

t.test('levers are Reloader’s unless keyed ones are asked for, and a roll writes those', async (t) => {
  for (const [levers, value] of [
    [undefined, sha1({ a: '2' })],
    ['sha1', sha1({ a: '2' })],
    ['keyed', keyed({ a: '2' })],
  ] as const) {
    const made = await settled(['api'], levers === undefined ? {} : { levers });
    made.putSource('cm/app', { a: '2' });
    await made.pass(3000);
    t.match(made.patches[0]?.body.spec, {
      template: { spec: { containers: [{ env: [{ name: NAME, value }] }] } },
    });
    t.equal(made.rolled().length, 1);
  }
});

t.test('a keyed lever in the annotation is no SHA-1 either', async (t) => {
  const made = await settled(['api'], { levers: 'keyed', reloadStrategy: 'annotations' });
  made.putSource('cm/app', { a: '2' });
  await made.pass(3000);
  t.match(JSON.stringify(made.patches), keyed({ a: '2' }));
  t.notMatch(JSON.stringify(made.patches), sha1({ a: '2' }));
});

t.test('another kind of levers rolls nothing by itself', async (t) => {
  const stamps = { 'cm/app': { h: digestOf('cm/app', { a: '1' }), uid: 'uid-app', rv: '1' } };
  for (const levers of ['sha1', 'keyed'] as const)
    for (const value of [sha1({ a: '1' }), keyed({ a: '1' })]) {
      const made = world({ levers, adoptByRoll: true });
      made.putSource('cm/app', { a: '1' });
      made.putWorkload('api', { stamps, env: [{ name: NAME, value }] });
      made.mutator.start();
      await made.pass(5000);
      t.same(made.rolled(), [], `${levers} beside ${value}`);
    }
});

t.test('a lever of either kind, under any of our keys, proves what a workload was rolled for', async (t) => {
  for (const levers of ['sha1', 'keyed'] as const)
    for (const [value, unproven] of [
      [sha1({ a: '1' }), []],
      [keyed({ a: '1' }), []],
      [keyed({ a: '1' }, 'k0'), []],
      [keyed({ a: '0' }), ['cm/app']],
      [sha1({ a: '0' }), ['cm/app']],
    ] as const) {
      const made = world({ levers });
      made.putSource('cm/app', { a: '1' });
      made.putWorkload('api', { env: [{ name: NAME, value }] });
      made.mutator.start();
      await made.pass(5000);
      t.same(made.unproven, unproven, `${levers} beside ${value}`);
      t.same(made.rolled(), []);
    }
});
