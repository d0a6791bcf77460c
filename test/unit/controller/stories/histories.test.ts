import t from 'tap';
import { reloaderHash } from '../../../../src/core/objects/digest.ts';
import { sourceData } from '../../../../src/core/objects/source-data.ts';
import { AUTO, digestOf, ref } from '../../../support/controller/builders.ts';
import {
  askForWorkloads,
  backUp,
  change,
  relist,
  storeUnwatched,
} from '../../../support/controller/restored-cluster.ts';
import { settled, world } from '../../../support/controller/world.ts';

const ONE = { a: '1' };
const stampOf = (uid: string, rv: string) => ({
  'cm/app': { h: digestOf('cm/app', ONE), uid, rv },
});
const hashOf = (a: string): string => reloaderHash(sourceData('cm', { data: { a } }));
/** Another cluster's versions can be far ahead of ours, or far behind. */
const ELSEWHERE = [stampOf('uid-of-the-old-cluster', '500000000'), stampOf('uid-of-the-old-cluster', '3')];

t.test('maps of another cluster roll nothing, and hide no change from anybody', async (t) => {
  for (const stamps of ELSEWHERE) {
    const made = world();
    made.putSource('cm/app', ONE);
    made.putWorkload('api', { settled: true, stamps });
    made.putWorkload('web', { settled: true, stamps: stampOf('uid-app', '1001') });
    made.mutator.start();
    await made.pass(5000);
    t.same(made.patches, [], 'what the maps say is right');
    for (const value of ['2', '3', '4']) t.same(await change(made, value), ['api', 'web']);
    t.equal(made.reads.length, 4, 'once at the start, and once for each change');
  }
});

t.test(
  'what changed between a backup and its restore to another cluster is rolled once at most',
  async (t) => {
    for (const stamps of ELSEWHERE)
      for (const running of [true, false]) {
        const made = world();
        if (running) made.mutator.start();
        made.putSource('cm/app', { a: '2' });
        made.putWorkload('api', { settled: true, stamps });
        if (!running) made.mutator.start();
        await made.pass(20_000);
        // Who was not there cannot know that the pods have started with the restore.
        t.same(made.rolled(), running ? [] : ['api']);
        for (const value of ['3', '4']) t.same(await change(made, value), ['api']);
      }
  },
);

t.test('a map that claims an impossible version of the right uid hides no change either', async (t) => {
  const made = await settled(['api', 'web']);
  const before = made.reads.length;
  made.putWorkload('api', { n: 7, stamps: stampOf('uid-app', '9'.repeat(22)), settled: true });
  await made.pass(5000);
  for (const value of ['2', '3']) t.same(await change(made, value), ['api', 'web']);
  made.mutator.recover();
  await made.pass(60_000);
  t.ok(made.reads.length - before <= 4, 'nor is anything read without end');
});

t.test('a map of the same uid that is ahead of the watch rolls nothing backwards', async (t) => {
  const made = await settled(['api', 'web']);
  // Another leader has rolled for a version that our watch of sources has not shown.
  storeUnwatched(made, 'cm/app', { a: '2' });
  made.putWorkload('api', {
    n: 9,
    settled: true,
    stamps: { 'cm/app': { h: digestOf('cm/app', { a: '2' }), uid: 'uid-app', rv: '1005' } },
  });
  await made.pass(20_000);
  t.same(made.rolled(), ['web'], 'the read shows all what is stored, and only who lacks it rolls');
});

t.test('after a restore of the API server to an older state the first change rolls', async (t) => {
  const made = await settled();
  const restore = backUp(made);
  for (const value of ['2', '3', '4']) await change(made, value);
  restore();
  const before = made.rolled().length;
  relist(made);
  await made.pass(60_000);
  t.equal(made.rolled().length, before, 'what was restored fits together');
  t.match(
    made.stored('api').metadata.resourceVersion,
    made.workloads.get('apps/Deployment/api')?.workload.resourceVersion,
  );
  t.same(await change(made, 'new'), ['api']);
  t.same(await change(made, 'newer'), ['api']);
});

t.test('a restore that only some watches have shown yet rolls nothing without need', async (t) => {
  const made = await settled();
  const restore = backUp(made);
  await change(made, '2');
  restore();
  const stored = structuredClone(made.stored('api'));
  // The sources are listed at once, the workloads a minute later: what is judged of old is no precondition.
  made.putSource('cm/app', ONE, { version: '1001' });
  await made.pass(60_000);
  relist(made);
  await made.pass(60_000);
  t.same(made.stored('api'), stored);
  t.same(await change(made, 'new'), ['api']);
});

t.test('nor does a restore that the watches of workloads have shown first', async (t) => {
  const made = await settled();
  const restore = backUp(made);
  for (const value of ['2', '3']) await change(made, value);
  restore();
  made.patches.length = 0;
  askForWorkloads(made, true)();
  await made.pass(60_000);
  t.same(made.patches, [], 'what was read of the sources is of no history that is');
  relist(made, true);
  await made.pass(60_000);
  t.same(made.patches, []);
  t.same(await change(made, 'new'), ['api']);
});

t.test('a source that is shown in a lower version is read again, also where no list shows it', async (t) => {
  const made = await settled();
  const restore = backUp(made);
  await change(made, '2');
  restore();
  made.patches.length = 0;
  for (const watch of made.shelf.watches) watch.source(ref('cm/app'));
  askForWorkloads(made)();
  await made.pass(60_000);
  t.same(made.patches, [], 'what was restored fits together');
});

t.test('a version that is shown once more after a restore is no write of a release', async (t) => {
  const helm = { 'meta.helm.sh/release-name': 'shop', 'meta.helm.sh/release-namespace': 'apps' };
  const made = world();
  made.putSource('cm/app', ONE, { annotations: helm, manager: 'helm' });
  made.putWorkload('api', { annotations: { ...AUTO, ...helm } });
  made.mutator.start();
  await made.pass(1000);
  const stored = made.shelf.sources.get('apps/cm/app')!;
  made.ways.sourcesLag = true;
  made.putSource('cm/app', { a: '2' });
  made.reader.refresh(ref('cm/app'));
  await made.pass(5000);
  t.same(made.rolled(), ['api']);
  made.shelf.sources.set('apps/cm/app', stored);
  const follower = made.mutator.sourceFollower('cm');
  follower.begin();
  follower.put(structuredClone({ metadata: stored.metadata }));
  await made.pass(5000);
  t.same(made.rolled(), ['api', 'api'], 'nobody waits for the release to go on');
});

t.test('a watch that is behind a read shows no restore: nothing is read again or forgotten', async (t) => {
  const made = await settled();
  made.ways.sourcesLag = true;
  made.putSource('cm/app', { a: '2' }, { by: 'ann' });
  const { metadata } = made.shelf.sources.get('apps/cm/app')!;
  made.putSource('cm/app', { a: '3' }, { by: 'bob' });
  made.reader.refresh(ref('cm/app'));
  await made.pass(250);
  const before = made.reads.length;
  made.mutator.sourceFollower('cm').put(structuredClone({ metadata }));
  await made.pass(20_000);
  t.same(made.rolled(), ['api']);
  t.equal(made.reads.length, before);
});

t.test(
  'a change that is stored after a restore rolls, also at the version of one that is no more',
  async (t) => {
    const made = await settled();
    const restore = backUp(made);
    await change(made, '2');
    restore();
    relist(made);
    await made.pass(5000);
    t.same(await change(made, 'other'), ['api']);
  },
);

t.test('a list that was asked for before our own write was answered takes nothing of it back', async (t) => {
  const made = await settled();
  const follower = askForWorkloads(made);
  t.same(await change(made, '2'), ['api']);
  const version = made.workloads.get('apps/Deployment/api')?.workload.resourceVersion;
  follower();
  t.equal(made.workloads.get('apps/Deployment/api')?.workload.resourceVersion, version);
  await made.pass(60_000);
  t.same(made.rolled(), ['api']);
});

t.test('a read that was ahead of its watch says nothing after a restore', async (t) => {
  const made = await settled();
  const restore = backUp(made);
  storeUnwatched(made, 'cm/app', { a: '2' });
  made.reader.refresh(ref('cm/app'));
  await made.pass(500);
  restore();
  relist(made);
  await made.pass(5000);
  t.same(made.rolled(), [], 'what was read is no more');
  made.patches.length = 0;
  t.same(await change(made, 'new'), ['api'], 'at the version that was read');
});

t.test(
  'a version that is given twice hides nothing, where a list has shown that versions went back',
  async (t) => {
    const made = await settled();
    const restore = backUp(made);
    await change(made, '2');
    restore();
    storeUnwatched(made, 'cm/app', { a: 'other' });
    relist(made, true);
    await made.pass(20_000);
    t.match(JSON.stringify(made.stored('api').spec), hashOf('other'));
  },
);

t.test('a refused precondition alone tells that the workloads were restored', async (t) => {
  const made = await settled();
  const restore = backUp(made);
  await change(made, '2');
  restore();
  for (const name of ['cm/b', 'cm/c', 'cm/d']) made.putSource(name, ONE);
  made.putSource('cm/app', { a: 'new' });
  await made.pass(20_000);
  t.match(JSON.stringify(made.stored('api').spec), hashOf('new'));
});

t.test(
  'after a restore to before our start, a change that comes just after a workload is not swallowed',
  async (t) => {
    const made = world();
    made.putSource('cm/app', ONE);
    const restore = backUp(made);
    for (const name of ['cm/b', 'cm/c', 'cm/d', 'cm/e']) made.putSource(name, ONE);
    made.mutator.start();
    restore();
    relist(made, true);
    const reading = Promise.withResolvers<undefined>();
    made.ways.read = () => reading.promise;
    made.putWorkload('api');
    made.putSource('cm/app', { a: '2' });
    reading.resolve(undefined);
    await made.pass(20_000);
    t.same(made.rolled(), ['api']);
  },
);

t.test('who changed what is no more is not told of the first change after a restore', async (t) => {
  const made = await settled();
  const restore = backUp(made);
  made.putSource('cm/app', { a: '2' }, { by: 'ann' });
  await made.pass(500);
  restore();
  relist(made);
  await made.pass(5000);
  made.putSource('cm/app', { a: 'new' }, { by: 'bob' });
  await made.pass(20_000);
  const told = made.audit.at(-1) as { sources: { by: string }[] } | undefined;
  t.equal(told?.sources[0]?.by, 'bob');
});
