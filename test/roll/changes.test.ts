import t from 'tap';
import { Changes, type Change } from '../../src/roll/changes.ts';
import { ref } from './things.ts';

const APP = ref('cm/app');
const change = (version: string, deleted = false): Change => ({
  version,
  deleted,
  at: 0,
  sighting: undefined,
});
const versions = (found: readonly Change[]): string[] => found.map(({ version }) => version);

t.test('the changes since a stamp are those of newer versions, oldest first', async (t) => {
  const changes = new Changes();
  for (const version of ['8', '9', '10', '11']) changes.note(APP, change(version));
  t.same(versions(changes.since(APP, '9')), ['10', '11']);
  t.same(versions(changes.since(APP, '11')), []);
  t.same(versions(changes.since(APP, undefined)), ['8', '9', '10', '11']);
});

t.test('a deletion counts for the stamp of the version that it ended', async (t) => {
  const changes = new Changes();
  changes.note(APP, change('8'));
  changes.note(APP, change('8', true));
  t.same(changes.since(APP, '8'), [change('8', true)]);
  t.same(versions(changes.since(APP, '9')), []);
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
