import t from 'tap';
import { Unclaimed } from '../../../src/state/unclaimed-sources.ts';
import { NAMESPACE, ref } from '../../support/controller/builders.ts';
import { world, type World } from '../../support/controller/world.ts';

const LIST = 'configmap.reloader.stakater.com/reload';
const WAYS = { uses: { uses: ['cm/app'] }, lists: { annotations: { [LIST]: 'app,nothing' } } } as const;
const sizes = ({ reader, changes, workloads, sources }: World): Record<string, number> => ({
  states: reader.size,
  changes: changes.size,
  workloads: workloads.size,
  sources: sources.size,
});
const NOTHING = { states: 0, changes: 0, workloads: 0, sources: 0 };

/** A world in which a Deployment has been rolled for a change of `cm/app`. */
async function rolled(parts: Parameters<World['putWorkload']>[1]): Promise<World> {
  const made = world();
  made.putSource('cm/app', { a: '1' });
  made.putWorkload('api', parts);
  made.mutator.start();
  await made.pass(2000);
  made.putSource('cm/app', { a: '2' });
  await made.pass(2000);
  t.same(made.rolled(), ['api']);
  return made;
}

for (const [way, parts] of Object.entries({ ...WAYS, matches: { annotations: { [LIST]: 'a.*' } } }))
  t.test(`nothing is remembered of what is gone, in whichever order it went: it ${way}`, async (t) => {
    const sourcesFirst = await rolled(parts);
    sourcesFirst.deleteSource('cm/app');
    await sourcesFirst.pass(2000);
    sourcesFirst.remove('api');
    t.same(sizes(sourcesFirst), NOTHING);

    const workloadsFirst = await rolled(parts);
    workloadsFirst.remove('api');
    t.same(sizes(workloadsFirst), { ...NOTHING, sources: 1 });
    workloadsFirst.deleteSource('cm/app');
    await workloadsFirst.pass(2000);
    t.same(sizes(workloadsFirst), NOTHING);
  });

t.test('nor of what a workload asks for no more, but of what another one asks for', async (t) => {
  const made = await rolled(WAYS.uses);
  made.putWorkload('web', WAYS.uses);
  await made.pass(2000);
  made.putWorkload('api', { uses: [] });
  await made.pass(2000);
  t.match(sizes(made), { states: 1, changes: 1 });
  made.putWorkload('web', { uses: [] });
  await made.pass(2000);
  t.match(sizes(made), { states: 0, changes: 0 });
});

t.test('who made the change of a source that went is told before it is forgotten', async (t) => {
  const made = world({ reloadOnDelete: true });
  made.putSource('cm/app', { a: '1' });
  made.putWorkload('api');
  made.mutator.start();
  await made.pass(2000);
  made.deleteSource('cm/app', 'ann');
  await made.pass(5000);
  t.same(made.rolled(), ['api']);
  t.match(made.audit.at(-1), { sources: [{ by: 'ann' }] });
});

t.test('what a review has read is kept for the workload that it lets in', async (t) => {
  const made = world();
  made.mutator.start();
  made.putSource('cm/app', { a: '1' });
  t.ok(await made.reader.read(ref('cm/app')));
  t.equal(made.reader.state(ref('cm/app'))?.state, 'present');
});

t.test('of a thousand sources at most that nobody claims', async (t) => {
  const forgotten: string[] = [];
  const claimed = new Set(['s0']);
  const unclaimed = new Unclaimed({
    isClaimed: ({ name }) => claimed.has(name),
    forget: ({ name }) => forgotten.push(name),
  });
  const source = (at: number) => ({ type: 'cm', namespace: NAMESPACE, name: `s${at}` }) as const;
  for (let at = 0; at < 1001; at += 1) unclaimed.read(source(at));
  t.same(forgotten, []);
  claimed.add('s1');
  unclaimed.read(source(2));
  unclaimed.read(source(1001));
  t.same(forgotten, [], 'the oldest has been claimed since');
  unclaimed.read(source(1002));
  t.same(forgotten, ['s3'], 'what is read again is young');
  t.notOk(unclaimed.gone(source(0)));
  t.ok(unclaimed.gone(source(4)));
  t.same(forgotten, ['s3', 's4']);
});

for (const [way, parts, without] of [
  ['lists', { annotations: { [LIST]: 'app' }, uses: [] }, { annotations: { [LIST]: 'other' }, uses: [] }],
  ['uses', { uses: ['cm/app'] }, { uses: [] }],
  ['matches', { annotations: { [LIST]: 'a.*' }, uses: [] }, { annotations: { [LIST]: 'other' }, uses: [] }],
] as const)
  for (const other of [true, false])
    t.test(`what is stale is told of when the workload that ${way} it asks for it no more`, async (t) => {
      const made = world({ rollLimit: 1 });
      made.putSource('cm/app', { a: '1' });
      made.putWorkload('api', parts);
      if (other) made.putWorkload('web', parts);
      made.mutator.start();
      await made.pass(3000);
      for (const a of ['2', '3']) {
        made.putSource('cm/app', { a });
        await made.pass(5000);
      }
      t.match(made.queue.waiting()[0], { reason: 'limit' });
      made.putWorkload('api', without);
      await made.pass(3000);
      t.same(made.dropped, ['cm/app'], other ? 'another depends on it' : 'nobody else does');
      t.equal(made.reader.state(ref('cm/app')) !== undefined, other);
    });
