import t from 'tap';
import { Changes, type Change } from '../../../src/attribution/change-log.ts';
import type { Sighting } from '../../../src/attribution/sightings.ts';
import { ref } from '../../support/controller/builders.ts';

const APP = ref('cm/app');
const change = (version: string, deleted = false, uid = 'u'): Change => ({
  uid,
  version,
  deleted,
  at: 0,
  sighting: undefined,
});
const by = (user: string, operation = 'UPDATE'): Sighting => ({
  ...APP,
  uid: 'u',
  digest: 'd',
  baseVersion: '7',
  keys: ['a'],
  user,
  groups: [],
  manager: undefined,
  operation,
  requestUid: 'r',
  at: 0,
});
const versions = (found: readonly Change[]): string[] => found.map(({ version }) => version);

t.test('the changes since a stamp are those of newer versions, oldest first', async (t) => {
  const changes = new Changes();
  for (const version of ['8', '9', '10', '11']) changes.note(APP, change(version));
  t.same(versions(changes.since(APP, { uid: 'u', rv: '9' })), ['10', '11']);
  t.same(versions(changes.since(APP, { uid: 'u', rv: '11' })), []);
  t.same(versions(changes.since(APP, undefined)), ['8', '9', '10', '11']);
});

t.test('a deletion counts for the stamp of the version that it ended', async (t) => {
  const changes = new Changes();
  changes.note(APP, change('8'));
  changes.note(APP, change('8', true));
  t.same(changes.since(APP, { uid: 'u', rv: '8' }), [change('8', true)]);
  t.same(versions(changes.since(APP, { uid: 'u', rv: '9' })), []);
});

t.test('a stamp of another uid says nothing of order: all changes count', async (t) => {
  const changes = new Changes();
  changes.note(APP, change('8'));
  changes.note(APP, change('8', true));
  changes.note(APP, change('9', false, 'made anew'));
  t.same(versions(changes.since(APP, { uid: 'of another cluster', rv: '500000000' })), ['8', '8', '9']);
  t.same(versions(changes.since(APP, { uid: 'u', rv: '500000000' })), ['9']);
});

t.test('a change is attributed later, once, and only that of the version that was made', async (t) => {
  const changes = new Changes();
  changes.note(APP, change('8'));
  changes.note(APP, change('9'));
  t.equal(changes.attribute(APP, '8', by('ann')), true);
  t.equal(changes.attribute(APP, '8', by('bob')), true, 'known already');
  t.equal(changes.attribute(APP, '7', by('bob')), false);
  t.equal(changes.attribute(APP, '9', by('bob', 'DELETE')), false, 'it was no deletion');
  t.same(
    changes.since(APP, undefined).map(({ sighting }) => sighting?.user),
    ['ann', undefined],
  );
});

t.test('each source has changes of its own, and the last 20 of them', async (t) => {
  const changes = new Changes();
  changes.note(ref('secret/app'), change('1'));
  for (let version = 1; version <= 30; version += 1) changes.note(APP, change(String(version)));
  t.equal(changes.since(APP, undefined).length, 20);
  t.equal(changes.since(APP, undefined)[0]?.version, '11');
  t.equal(changes.since(ref('secret/app'), undefined).length, 1);
  changes.forget(APP);
  t.same(changes.since(APP, undefined), []);
  t.equal(changes.since(ref('secret/app'), undefined).length, 1);
});

t.test('texts of others weigh, and of the whole weight the oldest sources are forgotten', async (t) => {
  const changes = new Changes();
  const heavy = (name: string) => {
    const where = { ...APP, name };
    const keys = Array.from({ length: 20 }, () => 'k'.repeat(253));
    const sighting = { ...by('ann'), keys };
    for (let version = 1; version <= 20; version += 1)
      changes.note(where, { ...change(String(version)), sighting });
    return where;
  };
  const first = heavy('first');
  for (let at = 0; at < 100; at += 1) heavy(`s${at}`);
  t.equal(changes.since(first, undefined).length, 20);
  for (let at = 100; at < 140; at += 1) heavy(`s${at}`);
  t.same(changes.since(first, undefined), []);
  t.equal(changes.since({ ...APP, name: 's139' }, undefined).length, 20);
  t.ok(changes.size > 100 && changes.size < 140);
  changes.forget({ ...APP, name: 's139' });
  t.same(changes.since({ ...APP, name: 's139' }, undefined), []);
});

t.test('of who made a change only what is told is kept, and short texts weigh as well', async (t) => {
  const changes = new Changes();
  const seen: Sighting = { ...by('ann'), groups: ['g'.repeat(1000)], more: 3 };
  changes.note(APP, { ...change('8'), sighting: seen });
  changes.note(APP, change('9'));
  changes.attribute(APP, '9', { ...by('bob'), manager: 'kubectl' });
  t.same(
    changes.since(APP, undefined).map(({ sighting }) => sighting),
    [
      { keys: ['a'], more: 3, user: 'ann', manager: undefined },
      { keys: ['a'], user: 'bob', manager: 'kubectl' },
    ],
  );
  const sighting = { ...by('ann'), keys: Array.from({ length: 20 }, () => 'k') };
  for (let at = 0; at < 20_000; at += 1)
    changes.note({ ...APP, name: `s${at}` }, { ...change('1'), sighting });
  t.ok(changes.size > 12_000 && changes.size < 14_000, 'about 1,100 bytes each');
});
