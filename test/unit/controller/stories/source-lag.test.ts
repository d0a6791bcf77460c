import t from 'tap';
import { AUTO } from '../../../support/controller/builders.ts';
import { world } from '../../../support/controller/world.ts';

// The watch of sources may lag behind that of workloads: what it has not shown yet, pods may have started with.

const LIST = 'configmap.reloader.stakater.com/reload';

t.test(
  'a watch of sources that lags behind that of workloads makes no roll of what the pods have seen',
  async (t) => {
    const ways = {
      'an opt-in': AUTO,
      'a name in a list': { [LIST]: 'app' },
      'a pattern': { [LIST]: 'a.+' },
    };
    for (const [way, opting] of Object.entries(ways)) {
      const made = world();
      made.putSource('cm/app', { a: '1' });
      made.putWorkload('api', { annotations: { [LIST]: 'other' } });
      made.mutator.start();
      made.putWorkload('web', { annotations: AUTO });
      await made.pass(3000);
      made.ways.sourcesLag = true;
      made.putSource('cm/app', { a: '2' });
      made.annotate('api', opting);
      await made.pass(3000);
      made.catchUp();
      await made.pass(60_000);
      t.same(made.rolled(), ['web'], way);
      made.putSource('cm/app', { a: '3' });
      await made.pass(60_000);
      t.same(made.rolled().sort(), ['api', 'web', 'web'], 'the next change does');
    }
  },
);

t.test('nor of a source that was there before its workload', async (t) => {
  const made = world({ reloadOnCreate: true });
  made.mutator.start();
  made.ways.sourcesLag = true;
  made.putSource('cm/app', { a: '1' }, { created: '2026-11-22T12:00:00Z' });
  made.putWorkload('api', { created: '2026-11-22T12:00:01Z' });
  await made.pass(3000);
  made.catchUp();
  await made.pass(60_000);
  t.same(made.rolled(), []);
  made.putSource('cm/app', { a: '2' });
  await made.pass(5000);
  t.same(made.rolled(), ['api'], 'the next change does');
});

t.test(
  'a source that goes unseen just before the opt-in is absent, and its return is a creation',
  async (t) => {
    const made = world({ reloadOnCreate: true });
    made.putSource('cm/app', { a: '1' });
    made.putWorkload('api', { annotations: {} });
    made.mutator.start();
    made.putWorkload('web', { annotations: AUTO });
    await made.pass(3000);
    made.ways.sourcesLag = true;
    made.deleteSource('cm/app');
    made.annotate('api', AUTO);
    await made.pass(3000);
    made.catchUp();
    made.putSource('cm/app', { a: '1' }, { uid: 'another' });
    await made.pass(60_000);
    t.same(made.rolled(), ['api']);
  },
);
