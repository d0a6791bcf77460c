import t from 'tap';
import type { Outcome } from '../../../src/controller/outcome.ts';
import { queueing } from '../../support/controller/workqueue-harness.ts';

const held = (ms: number): Outcome => ({ is: 'held', reason: 'limit', ms });

t.test('a held workload stays in with its reason, and is asked again after its pause', async (t) => {
  const { queue, rolls, pass, begun } = queueing();
  queue.add('a');
  t.same(queue.waiting(), [{ key: 'a', reason: 'quiet', forMs: 0 }]);
  await pass(1000);
  rolls[0]?.end(held(30_000));
  await pass(500);
  t.same(queue.waiting(), [{ key: 'a', reason: 'limit', forMs: 1500 }]);
  t.equal(queue.failures('a', 'unavailable'), 0, 'a closed gate is no failure');
  await pass(29_499);
  t.equal(rolls.length, 1);
  await pass(1);
  t.same(begun(), ['a@1000', 'a@31000']);
});

t.test('when a gate may have opened, what it holds is asked at once, and nothing else', async (t) => {
  const { queue, rolls, pass, begun } = queueing();
  for (const key of ['held', 'other', 'failed']) queue.add(key);
  await pass(1000);
  rolls[0]?.end(held(60_000));
  rolls[1]?.end(held(60_000));
  rolls[2]?.end({ is: 'again', reason: 'unavailable', ms: 60_000 });
  await pass(100);
  queue.add('quiet');
  queue.recheck('held');
  t.same(begun().slice(3), ['held@1100']);
  rolls[3]?.end();
  queue.recheck();
  t.same(begun().slice(4), ['other@1100']);
  rolls[4]?.end();
  await pass(1000);
  t.same(begun().slice(5), ['quiet@2100']);
});

t.test(
  'while another replica rolls, what is stale stays in; it is rolled when this one takes over',
  async (t) => {
    const { queue, rolls, pass, begun, idle } = queueing();
    queue.setActive(false);
    queue.add('a');
    await pass(60_000);
    t.equal(rolls.length, 0);
    t.same(queue.waiting(), [{ key: 'a', reason: 'standby', forMs: 60_000 }]);
    queue.setActive(true);
    await pass(0);
    await pass(0);
    t.same(begun(), ['a@60000']);
    queue.setActive(false);
    const before = idle();
    rolls[0]?.end();
    await pass(0);
    t.equal(queue.size, 0);
    t.equal(idle(), before + 1, 'the last roll of a replica lets its Events go');
  },
);

t.test('what a start finds stale goes one by one at its pace, unless it waits already', async (t) => {
  const { queue, pass, begun } = queueing({ atOnce: true });
  queue.add('b');
  for (const key of ['a', 'b', 'c', 'd']) queue.recover(key);
  await pass(1000);
  t.same(begun().sort(), ['a@1000', 'b@1000']);
  await pass(4999);
  t.equal(begun().length, 2);
  await pass(1);
  t.equal(begun()[2], 'c@6000');
  queue.add('d');
  await pass(1000);
  t.equal(begun()[3], 'd@7000', 'a change is not held back by it');
  queue.recover('e');
  queue.recover('f');
  queue.drop('e');
  await pass(4000);
  t.equal(begun()[4], 'f@11000', 'nor does what is gone take a turn');
});

t.test(
  'the pace counts from when this replica leads: what has gathered before goes slowly too',
  async (t) => {
    const { queue, pass, begun } = queueing({ atOnce: true });
    queue.setActive(false);
    for (const key of ['a', 'b', 'c']) queue.recover(key);
    await pass(60_000);
    t.same(begun(), []);
    queue.setActive(true);
    await pass(0);
    await pass(10_000);
    t.same(begun(), ['a@60000', 'b@65000', 'c@70000']);
    queue.recover('d');
    queue.stop();
    await pass(60_000);
    t.equal(begun().length, 3);
  },
);

t.test(
  'what has changed while another replica led goes at the pace, and what changes after does not',
  async (t) => {
    const { queue, pass, begun } = queueing({ atOnce: true });
    queue.setActive(false);
    for (const key of ['a', 'b', 'c', 'd']) queue.add(key);
    await pass(60_000);
    queue.add('e');
    queue.setActive(true);
    await pass(0);
    await pass(999);
    t.same(begun(), ['a@60000']);
    queue.add('d');
    await pass(1);
    t.same(begun(), ['a@60000', 'd@60999']);
    queue.setActive(true);
    await pass(4000);
    t.same(begun().slice(2), ['b@65000'], 'that it leads is no news');
    await pass(10_000);
    await pass(10_000);
    t.same(begun().slice(3), ['c@70000', 'e@75000'], 'what is not due yet joins the line when it is');
  },
);

t.test('what has failed before another replica led is rolled as well, when it changes', async (t) => {
  const { queue, pass, begun, rolls } = queueing();
  queue.add('a');
  await pass(1000);
  rolls[0]?.end({ is: 'again', reason: 'rejected', ms: 1000 });
  await pass(0);
  queue.setActive(false);
  queue.setActive(true);
  queue.add('a');
  await pass(1000);
  t.same(begun(), ['a@1000', 'a@2000']);
});

t.test('of two namespaces that a start finds stale, neither waits for all of the other', async (t) => {
  const { queue, pass, begun } = queueing({ atOnce: true, recoveryPerSecond: 1 });
  for (const key of ['a/1', 'a/2', 'a/3', 'b/1']) queue.recover(key);
  for (let second = 0; second < 5; second += 1) await pass(1000);
  t.same(
    begun().map((one) => one.split('@')[0]),
    ['a/1', 'b/1', 'a/2', 'a/3'],
  );
});

t.test('what waits for a read is asked again when the longest delay is over, and told so', async (t) => {
  const { queue, rolls, pass, begun } = queueing({ longestMs: 3000 });
  queue.add('a');
  await pass(1000);
  rolls[0]?.end({ is: 'waiting' });
  await pass(1000);
  queue.add('a');
  await pass(1000);
  t.same(begun(), ['a@1000', 'a@3000']);
  t.same(
    rolls.map(({ overdue }) => overdue),
    [false, true],
  );
  rolls[1]?.end();
  await pass(0);
  queue.add('a');
  await pass(1000);
  t.equal(rolls[2]?.overdue, false, 'the next change waits from its own time on');
});

t.test('the time behind a closed gate is no wait for a read', async (t) => {
  const { queue, rolls, pass } = queueing({ longestMs: 3000 });
  queue.add('a');
  await pass(1000);
  rolls[0]?.end(held(30_000));
  await pass(30_000);
  t.equal(rolls[1]?.overdue, false);
  rolls[1]?.end({ is: 'waiting' });
  await pass(3000);
  t.equal(rolls[2]?.overdue, true);
});

t.test('what a start finds stale is overdue when the longest delay after its turn is over', async (t) => {
  const { queue, rolls, pass } = queueing({ longestMs: 3000 });
  queue.setActive(false);
  queue.recover('a');
  await pass(6000);
  queue.setActive(true);
  await pass(0);
  t.equal(rolls[0]?.overdue, false);
  rolls[0]?.end({ is: 'waiting' });
  await pass(3000);
  t.equal(rolls[1]?.overdue, true);
});
