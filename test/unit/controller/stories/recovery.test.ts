import t from 'tap';
import { NAMESPACE, ref, reloaderKeys } from '../../../support/controller/builders.ts';
import { world, type World } from '../../../support/controller/world.ts';

const LIST = 'configmap.reloader.stakater.com/reload';

/** Counts the judgements of each workload from now on. */
function counting(made: World): Map<string, number> {
  const counts = new Map<string, number>();
  const judge = made.judge.judge.bind(made.judge);
  made.judge.judge = (key) => {
    counts.set(key, (counts.get(key) ?? 0) + 1);
    return judge(key);
  };
  return counts;
}

/** `count` workloads with a ConfigMap each, whose maps say that they are current. */
async function current(count: number): Promise<World> {
  const made = world({ recoveryRollsPerSecond: 5 });
  for (let at = 0; at < count; at += 1) {
    made.putSource(`cm/app-${at}`, { a: '1' });
    made.putWorkload(`api-${at}`, { uses: [`cm/app-${at}`] });
  }
  made.mutator.start();
  await made.pass(250 * count + 1000);
  return made;
}

/** {@link current}, after so many lists have been read again, half a second apart, and the judgements since. */
async function relisting(count: number, lists: number) {
  const made = await current(count);
  const counts = counting(made);
  for (let list = 0; list < lists; list += 1) {
    made.mutator.recoverSoon();
    await made.pass(500);
  }
  return { made, counts };
}

t.test('what a start finds stale is rolled at the pace, although it must be read first', async (t) => {
  const { shelf, putSource } = await current(20);
  shelf.watches.clear();
  for (let at = 0; at < 20; at += 1) putSource(`cm/app-${at}`, { a: '2' });
  const made = world({ recoveryRollsPerSecond: 5 }, undefined, shelf);
  for (const watch of shelf.watches) {
    for (const key of shelf.workloads.keys()) watch.workload(key);
    for (let at = 0; at < 20; at += 1) watch.source(ref(`cm/app-${at}`));
  }
  made.mutator.start();
  await made.pass(2000);
  const soon = made.rolled().length;
  t.ok(soon > 0 && soon <= 10, `${soon} in the first two seconds`);
  made.putSource('cm/app-19', { a: '3' });
  await made.pass(1000);
  t.ok(made.rolled().includes('api-19'), 'a change is not held back by it');
  await made.pass(3000);
  t.equal(made.rolled().length, 20);
});

t.test('many lists that are read again are one look at everything', async (t) => {
  const { made, counts } = await relisting(3, 7);
  t.same([...counts.values()], []);
  await made.pass(1000);
  t.same([...counts.values()], [1, 1, 1]);
});

t.test('lists that do not end put it off for a minute', async (t) => {
  const { counts } = await relisting(1, 130);
  t.same([...counts.values()], [1]);
});

t.test('a list that says what is known already is no reason to judge anything', async (t) => {
  const made = world();
  for (let at = 0; at < 50; at += 1) made.putSource(`cm/app-${at}`, { a: '1' });
  made.putWorkload('api', { annotations: { [LIST]: '.*' } });
  made.mutator.start();
  await made.pass(2000);
  const counts = counting(made);
  const follower = made.mutator.sourceFollower('cm');
  follower.begin();
  for (const stored of made.shelf.sources.values()) follower.put(structuredClone(stored));
  await made.pass(1000);
  t.same([...counts], []);
});

t.test(
  'events of many sources in one turn are one judgement of the workload that has them all',
  async (t) => {
    const made = world();
    for (let at = 0; at < 50; at += 1) made.putSource(`cm/app-${at}`, { a: '1' });
    made.putWorkload('api', { annotations: { [LIST]: '.*' } });
    made.mutator.start();
    await made.pass(2000);
    const counts = counting(made);
    for (let at = 0; at < 50; at += 1) made.putSource(`cm/app-${at}`, { a: '2' });
    await made.pass(0);
    t.ok((counts.get(`${NAMESPACE}/Deployment/api`) ?? 0) <= 3, 'what was shown, then what was read');
    await made.pass(2000);
    t.same(made.rolled(), ['api']);
  },
);

/** A workload that has 50 sources by a pattern, and the counts of its judgements. */
async function patterned() {
  const made = world();
  for (let at = 0; at < 50; at += 1) made.putSource(`cm/app-${at}`, { a: '1' });
  made.putWorkload('api', { annotations: { [LIST]: '.*' }, uses: [] });
  made.mutator.start();
  await made.pass(2000);
  const counts = counting(made);
  const count = (): number => counts.get(`${NAMESPACE}/Deployment/api`) ?? 0;
  const all = (data: string, ignore: string): void => {
    for (let at = 0; at < 50; at += 1)
      made.putSource(`cm/app-${at}`, { a: data }, { annotations: { [reloaderKeys.ignore]: ignore } });
  };
  return { made, count, all };
}

t.test('marks of many sources in one turn are one judgement of the workload that has them all', async (t) => {
  const { made, count, all } = await patterned();
  all('1', 'true');
  await made.pass(0);
  t.ok(count() <= 3, `${count()} judgements`);
  all('2', 'true');
  await made.pass(20_000);
  t.same(made.rolled(), [], 'and no source with the mark rolls it');
});

t.test('a mark that comes and goes in one turn has dropped what was known of its source', async (t) => {
  const { made, count, all } = await patterned();
  all('2', 'true');
  all('2', 'false');
  await made.pass(0);
  t.ok(count() <= 5, `${count()} judgements`);
  await made.pass(20_000);
  t.same(made.rolled(), [], 'what changed under the mark');
  all('3', 'false');
  await made.pass(20_000);
  t.same(made.rolled(), ['api']);
});

t.test('a mark that goes counts before what the workload asks for next', async (t) => {
  const made = world();
  made.putSource('cm/app', { a: '1' }, { annotations: { [reloaderKeys.match]: 'true' } });
  made.putWorkload('api', { annotations: { [reloaderKeys.search]: 'true' } });
  made.mutator.start();
  await made.pass(2000);
  made.putSource('cm/app', { a: '2' }, { annotations: { [reloaderKeys.match]: 'false' } });
  made.annotate('api', { [LIST]: 'app' });
  await made.pass(20_000);
  t.same(made.rolled(), [], 'its pods have never been promised this change');
  made.putSource('cm/app', { a: '3' });
  await made.pass(20_000);
  t.same(made.rolled(), ['api']);
});

t.test('a mark counts before the end of its source', async (t) => {
  const { made, all } = await patterned();
  all('2', 'true');
  for (let at = 0; at < 50; at += 1) made.deleteSource(`cm/app-${at}`);
  all('3', 'false');
  await made.pass(20_000);
  t.same(made.rolled(), []);
});
