import t from 'tap';
import { Looks } from '../../../src/controller/evaluation-queue.ts';
import { moment } from '../../../src/state/moment.ts';
import { fakeClock } from '../../support/fake-clock.ts';
import { turn } from '../../support/recording.ts';

/** Looks that note each judgement, of which one takes so many milliseconds. */
function looking(ms = 0) {
  const clock = fakeClock(0);
  const judged: string[] = [];
  const looks = new Looks({
    clock,
    look: (key, changed) => {
      judged.push(changed ? `${key}!` : key);
      clock.advance(ms);
    },
    recover: (key) => {
      judged.push(`again ${key}`);
      clock.advance(ms);
    },
  });
  return { looks, judged };
}

t.test('however many events name a workload in a turn, it is judged once, after them', async (t) => {
  const { looks, judged } = looking();
  looks.add('a/1', false);
  looks.add('a/1', true);
  looks.add('a/1', false);
  t.same(judged, []);
  await turn();
  t.same(judged, ['a/1!'], 'and one of them has changed data');
  looks.add('a/1', false);
  await turn();
  t.same(judged, ['a/1!', 'a/1']);
});

t.test('what must be judged before the next event is, and only then', async (t) => {
  const { looks, judged } = looking();
  looks.add('a/1', true);
  looks.now('a/1');
  t.same(judged, ['a/1!']);
  await turn();
  t.equal(judged.length, 1);
});

t.test(
  'what has waited since a moment is judged when that is asked for, and what came after it waits',
  async (t) => {
    const { looks, judged } = looking();
    looks.add('a/1', true);
    const then = moment();
    looks.add('a/2', false);
    looks.add('a/1', false);
    for (const key of ['a/1', 'a/2', 'a/3']) looks.settle(key, then);
    t.same(judged, ['a/1!']);
    looks.settle('a/2');
    t.same(judged, ['a/1!', 'a/2']);
  },
);

t.test('the loop has turns of its own between judgements that take long', async (t) => {
  const { looks, judged } = looking(6);
  for (const key of ['a/1', 'a/2', 'a/3', 'a/4', 'a/5']) looks.add(key, false);
  await turn(1);
  t.equal(judged.length, 2, 'no more than a slice');
  await turn(1);
  t.equal(judged.length, 4);
  await turn(1);
  t.equal(judged.length, 5);
  t.equal(looks.size, 0);
});

t.test('namespaces take turns', async (t) => {
  const { looks, judged } = looking();
  for (const key of ['a/1', 'a/2', 'a/3', 'b/1']) looks.add(key, false);
  await turn();
  t.same(judged, ['a/1', 'b/1', 'a/2', 'a/3']);
});

t.test('events go before what is only looked at again, and do not keep it from its turn', async (t) => {
  const { looks, judged } = looking(20);
  looks.recover(['a/1', 'a/2']);
  looks.add('b/1', false);
  looks.add('b/2', false);
  await turn(1);
  t.same(judged, ['b/1', 'again a/1']);
  looks.add('b/3', false);
  await turn(3);
  t.same(judged.slice(2), ['b/2', 'again a/2', 'b/3']);
});

t.test('what waits for the judgements is done when all that was named then has been judged', async (t) => {
  const { looks, judged } = looking(20);
  looks.add('a/1', false);
  looks.add('a/2', false);
  looks.whenJudged(() => judged.push('then'));
  await turn();
  t.same(judged, ['a/1', 'a/2', 'then']);
  looks.whenJudged(() => judged.push('at once'));
  await turn();
  t.equal(judged.at(-1), 'at once', 'also where nothing is named');
});

t.test('what is gone is not judged, and nothing is after the end', async (t) => {
  const { looks, judged } = looking();
  looks.add('a/1', false);
  looks.recover(['a/1', 'a/2']);
  looks.drop('a/1');
  await turn();
  t.same(judged, ['again a/2']);
  looks.add('a/1', false);
  looks.stop();
  await turn();
  t.equal(judged.length, 1);
});
