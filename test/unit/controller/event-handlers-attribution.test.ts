import t from 'tap';
import { LAST_ROLL } from '../../../src/core/api/annotations.ts';
import { parseHistory } from '../../../src/core/stamps/history.ts';
import { settled, type World } from '../../support/controller/world.ts';

const lastRoll = (made: World) => parseHistory((made.stored('api').metadata.annotations ?? {})[LAST_ROLL])[0];
const rollLine = (made: World) => made.audit.findLast((fields) => fields['audit'] === 'roll');

t.test('a roll names who changed which keys, by which manager and when', async (t) => {
  const made = await settled();
  const seen = new Date(made.clock.now()).toISOString();
  made.putSource('cm/app', { a: '2', b: 'new' }, { by: 'ann' });
  await made.pass(3000);
  t.match(lastRoll(made), {
    sources: [
      {
        source: 'cm/app',
        cause: 'changed',
        keys: ['a', 'b'],
        by: 'ann',
        manager: 'kubectl-edit',
        changed: seen,
      },
    ],
  });
  t.match(rollLine(made), { attributed: true, name: 'api' });
  t.ok(Date.parse(lastRoll(made)?.rolled ?? '') >= Date.parse(seen) + 1000);
});

t.test('a change that admission did not see rolls all the same, unattributed', async (t) => {
  const made = await settled();
  made.putSource('cm/app', { a: '2' });
  await made.pass(3000);
  t.same(made.rolled(), ['api']);
  t.match(rollLine(made), { attributed: false });
  const [source] = lastRoll(made)?.sources ?? [];
  t.notOk(Object.hasOwn(source ?? {}, 'by') || Object.hasOwn(source ?? {}, 'keys'));
});

t.test('several writers within one quiet period are all named', async (t) => {
  const made = await settled();
  made.putSource('cm/app', { a: '2' }, { by: 'ann' });
  await made.pass(500);
  made.putSource('cm/app', { a: '2', b: '1' }, { by: 'bob' });
  await made.pass(3000);
  t.match(lastRoll(made)?.sources, [{ by: 'ann, bob', keys: ['a', 'b'] }]);
});

t.test('a writer is named for the roll of his change and not for the next one', async (t) => {
  const made = await settled();
  made.putSource('cm/app', { a: '2' }, { by: 'ann' });
  await made.pass(3000);
  made.putSource('cm/app', { a: '3' }, { by: 'bob' });
  await made.pass(3000);
  t.match(lastRoll(made)?.sources, [{ by: 'bob' }]);
});

t.test('a write that was seen and never stored is nobody’s change', async (t) => {
  const made = await settled();
  made.sightings.add({
    type: 'cm',
    namespace: 'apps',
    name: 'app',
    uid: 'uid-app',
    digest: 'of-other-data',
    baseVersion: '1001',
    keys: ['z'],
    user: 'rejected',
    groups: [],
    manager: undefined,
    operation: 'UPDATE',
    requestUid: 'r',
    at: made.clock.now(),
  });
  await made.pass(3000);
  t.same(made.patches, []);
  made.putSource('cm/app', { a: '2' }, { by: 'ann' });
  await made.pass(3000);
  t.match(lastRoll(made)?.sources, [{ by: 'ann', keys: ['a'] }]);
});

t.test('who deleted an earlier one is not named for a later deletion', async (t) => {
  const made = await settled(['api'], { reloadOnDelete: true });
  made.deleteSource('cm/app', 'bob');
  made.putSource('cm/app', { a: '2' }, { uid: 'uid-2', by: 'ann' });
  await made.pass(3000);
  made.deleteSource('cm/app');
  await made.pass(3000);
  t.same(made.rolled(), ['api', 'api']);
  t.match(lastRoll(made)?.sources, [{ cause: 'deleted' }]);
  t.equal(lastRoll(made)?.sources[0]?.by, undefined);
});

t.test('the names of many keys are cut to twenty, and the rest is counted', async (t) => {
  const made = await settled();
  const many = Object.fromEntries(Array.from({ length: 50 }, (_, index) => [`k${100 + index}`, 'x']));
  made.putSource('cm/app', { a: '1', ...many }, { by: 'ann' });
  await made.pass(3000);
  const [source] = lastRoll(made)?.sources ?? [];
  t.equal(source?.keys?.length, 20);
  t.equal(source?.more, 30);
});

t.test('no value is found in anything that is written or said', async (t) => {
  const CANARY = 'canary-5b1f';
  const encoded = Buffer.from(CANARY).toString('base64');
  const made = await settled();
  made.putSource('secret/db', { p: 'eA==' });
  made.putWorkload('db', { uses: ['secret/db'] });
  await made.pass(3000);
  made.putSource('secret/db', { p: encoded }, { by: 'ann' });
  await made.pass(3000);
  t.same(made.rolled(), ['db']);
  const said = JSON.stringify([made.patches, made.audit, made.events, made.errors, made.stored('db')]);
  t.notMatch(said, CANARY);
  t.notMatch(said, encoded);
});
