import t from 'tap';
import { parseSelector } from '../../../../src/core/api/label-selector.ts';
import { digestOf } from '../../../support/controller/builders.ts';
import { world } from '../../../support/controller/world.ts';

const resourceLabelSelector = parseSelector('team')!;
const IN = { labels: { team: 'shop' } };

/** A workload that uses `cm/app`, which bears the label, with its baseline. */
async function labelled() {
  const made = world({ resourceLabelSelector, reloadOnDelete: true });
  made.putSource('cm/app', { a: '1' }, IN);
  made.putWorkload('api');
  made.mutator.start();
  await made.pass(2000);
  made.patches.length = 0;
  return made;
}

t.test(
  'what changes as the label goes, and without it, rolls nothing; back with it, it is one roll',
  async (t) => {
    const made = await labelled();
    made.putSource('cm/app', { a: '2' }, { by: 'bob' });
    await made.pass(5000);
    made.putSource('cm/app', { a: '3' });
    await made.pass(5000);
    made.mutator.recover();
    await made.pass(5000);
    t.same(made.patches, []);
    made.putSource('cm/app', { a: '3' }, IN);
    await made.pass(5000);
    t.same(made.rolled(), ['api']);
  },
);

t.test('back with the old data it rolls nothing', async (t) => {
  const made = await labelled();
  made.putSource('cm/app', { a: '2' });
  await made.pass(5000);
  made.putSource('cm/app', { a: '1' }, IN);
  await made.pass(5000);
  t.same(made.rolled(), []);
});

t.test('after a start, a source that has lost the label is no change', async (t) => {
  const made = world({ resourceLabelSelector, reloadOnDelete: true });
  made.putSource('cm/app', { a: '2' }, { version: '90' });
  made.putWorkload('api', {
    stamps: { 'cm/app': { h: digestOf('cm/app', { a: '1' }), uid: 'uid-app', rv: '5' } },
  });
  made.mutator.start();
  await made.pass(5000);
  t.same(made.reads, ['apps/cm/app'], 'it is looked at, as its map speaks of it');
  t.same(made.patches, []);
});

t.test('a source that never had the label is stamped as absent, and is new with it', async (t) => {
  for (const reloadOnCreate of [false, true]) {
    const made = world({ resourceLabelSelector, reloadOnCreate });
    made.putSource('cm/app', { a: '1' });
    made.putWorkload('api');
    made.mutator.start();
    await made.pass(5000);
    made.putSource('cm/app', { a: '1' }, IN);
    await made.pass(5000);
    t.same(made.rolled(), reloadOnCreate ? ['api'] : []);
  }
});

t.test(
  'nothing depends on a type that is ignored: it is not read, not stamped, and rolls nothing',
  async (t) => {
    const made = world({ resourcesToIgnore: new Set(['secret']) });
    made.putSource('cm/app', { a: '1' });
    const stale = { h: digestOf('secret/db', { a: '0' }), uid: 'uid-db', rv: '5' };
    const fresh = { h: digestOf('cm/app', { a: '1' }), uid: 'uid-app', rv: '5' };
    made.putWorkload('api', {
      uses: ['cm/app', 'secret/db'],
      stamps: { 'cm/app': fresh, 'secret/db': stale },
    });
    made.mutator.start();
    await made.pass(5000);
    made.putSource('cm/app', { a: '2' });
    await made.pass(5000);
    t.same(made.rolled(), ['api']);
    t.notOk(made.reads.includes('apps/secret/db'));
    t.notMatch(JSON.stringify(made.stored('api').metadata.annotations), 'secret/db');
  },
);

t.test('creation and deletion of one type roll where the other type is ignored', async (t) => {
  const made = world({
    resourcesToIgnore: new Set(['secret']),
    reloadOnCreate: true,
    reloadOnDelete: true,
  });
  made.putWorkload('api');
  made.mutator.start();
  await made.pass(5000);
  made.putSource('cm/app', { a: '1' });
  await made.pass(5000);
  t.same(made.rolled(), ['api'], 'created');
  made.deleteSource('cm/app');
  await made.pass(5000);
  t.same(made.rolled(), ['api', 'api'], 'deleted');
});
