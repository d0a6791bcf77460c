import t from 'tap';
import { queueing } from '../../support/controller/workqueue-harness.ts';

t.test('a workload is rolled once, when its changes have been quiet', async (t) => {
  const { queue, pass, begun } = queueing({ atOnce: true });
  queue.add('a');
  await pass(600);
  queue.add('a');
  await pass(600);
  queue.add('a');
  t.equal(queue.size, 1);
  await pass(999);
  t.same(begun(), []);
  await pass(1);
  t.same(begun(), ['a@2200']);
  t.equal(queue.size, 0);
  await pass(60_000);
  t.equal(begun().length, 1);
});

t.test('a trickle of changes is rolled at the latest after the longest delay', async (t) => {
  const { queue, pass, begun } = queueing({ atOnce: true });
  for (let at = 0; at < 30_000; at += 500) {
    queue.add('a');
    await pass(500);
  }
  t.same(begun(), ['a@10000', 'a@20000', 'a@30000']);
});

t.test('a quiet period of zero rolls at once', async (t) => {
  const { queue, begun } = queueing({ quietMs: 0, atOnce: true });
  queue.add('a');
  t.same(begun(), ['a@0']);
});

t.test(
  'one workload is never rolled twice at once, and a change during its roll gets one of its own',
  async (t) => {
    const { queue, rolls, pass, begun } = queueing();
    queue.add('a');
    await pass(1000);
    queue.add('a');
    await pass(5000);
    t.same(begun(), ['a@1000'], 'the first one is still under way');
    rolls[0]?.end();
    await pass(0);
    t.same(begun(), ['a@1000', 'a@6000']);
    rolls[1]?.end();
    await pass(60_000);
    t.equal(rolls.length, 2);
    t.equal(queue.size, 0);
  },
);

t.test('a change during a roll waits for its own quiet period, however old the one before was', async (t) => {
  const { queue, rolls, pass, begun } = queueing();
  for (let at = 0; at < 10_000; at += 500) {
    queue.add('a');
    await pass(500);
  }
  t.same(begun(), ['a@10000']);
  queue.add('a');
  rolls[0]?.end();
  await pass(999);
  t.equal(rolls.length, 1);
  await pass(1);
  t.same(begun(), ['a@10000', 'a@11000']);
});

t.test('staleness that is found during a roll is not lost when that roll is done', async (t) => {
  const { queue, rolls, pass, begun } = queueing();
  queue.add('a');
  await pass(1000);
  queue.ensure('a');
  rolls[0]?.end();
  await pass(1000);
  t.same(begun(), ['a@1000', 'a@2000']);
  rolls[1]?.end();
  await pass(60_000);
  t.equal(rolls.length, 2, 'and is looked for once');
});

t.test('what was found during a roll that failed is looked for by the next try alone', async (t) => {
  const { queue, rolls, pass } = queueing();
  queue.add('a');
  await pass(1000);
  queue.ensure('a');
  rolls[0]?.end({ is: 'again', reason: 'unavailable', ms: 0 });
  await pass(0);
  rolls[1]?.end();
  await pass(60_000);
  t.equal(rolls.length, 2);
});

t.test('at most so many are rolled at once; the next ones follow as places become free', async (t) => {
  const { queue, rolls, pass, begun } = queueing({ quietMs: 0, parallel: 2 });
  for (const key of ['a', 'b', 'c', 'd']) queue.add(key);
  t.same(begun(), ['a@0', 'b@0']);
  rolls[1]?.end();
  await pass(0);
  t.same(begun(), ['a@0', 'b@0', 'c@0']);
  rolls[0]?.end();
  rolls[2]?.end();
  await pass(0);
  t.equal(rolls.length, 4);
  t.equal(queue.size, 1);
});

t.test('ensure puts in what is not there, and leaves a wait as it is', async (t) => {
  const { queue, pass, begun } = queueing({ atOnce: true });
  queue.ensure('a');
  await pass(900);
  queue.ensure('a');
  await pass(100);
  t.same(begun(), ['a@1000']);
});

t.test('a parked workload is rolled when it is asked for, and else looked at again after 5 s', async (t) => {
  const { queue, rolls, pass, begun } = queueing();
  queue.add('a');
  queue.add('b');
  await pass(1000);
  for (const one of rolls) one.end({ is: 'waiting' });
  await pass(100);
  t.equal(queue.size, 2);
  queue.ensure('a');
  t.same(begun().slice(2), ['a@1100']);
  await pass(4899);
  t.equal(rolls.length, 3);
  await pass(1);
  t.same(begun().slice(3), ['b@6000']);
});

t.test(
  'a failed roll is tried again after its pause, and its failures are counted until it succeeds',
  async (t) => {
    const { queue, rolls, pass, begun } = queueing();
    t.equal(queue.failures('a', 'unavailable'), 0);
    queue.add('a');
    await pass(1000);
    rolls[0]?.end({ is: 'again', reason: 'unavailable', ms: 400 });
    await pass(399);
    t.equal(queue.failures('a', 'unavailable'), 1);
    t.equal(rolls.length, 1);
    await pass(1);
    rolls[1]?.end({ is: 'again', reason: 'unavailable', ms: 800 });
    await pass(0);
    t.equal(queue.failures('a', 'unavailable'), 2);
    queue.ensure('a');
    await pass(799);
    t.equal(rolls.length, 2, 'asking does not shorten the pause');
    await pass(1);
    t.same(begun(), ['a@1000', 'a@1400', 'a@2200']);
    rolls[2]?.end();
    await pass(0);
    t.equal(queue.failures('a', 'unavailable'), 0);
  },
);

t.test('a change does not shorten the pause after a failure', async (t) => {
  const { queue, rolls, pass, begun } = queueing();
  queue.add('a');
  await pass(1000);
  rolls[0]?.end({ is: 'again', reason: 'unavailable', ms: 30_000 });
  await pass(20_000);
  queue.add('a');
  t.equal(queue.failures('a', 'unavailable'), 1);
  await pass(9_999);
  t.equal(rolls.length, 1);
  await pass(1);
  t.same(begun(), ['a@1000', 'a@31000']);
});

t.test('what is dropped is not rolled, and a roll that is under way does not bring it back', async (t) => {
  const { queue, rolls, pass } = queueing();
  queue.add('a');
  queue.drop('a');
  await pass(60_000);
  t.equal(rolls.length, 0);
  queue.add('b');
  await pass(1000);
  queue.drop('b');
  rolls[0]?.end({ is: 'again', reason: 'unavailable', ms: 0 });
  await pass(60_000);
  t.equal(rolls.length, 1);
  t.equal(queue.size, 0);
});

t.test('it is idle only while nothing is rolled', async (t) => {
  const { queue, rolls, pass, idle } = queueing({ parallel: 2 });
  queue.add('a');
  queue.add('b');
  await pass(999);
  const before = idle();
  await pass(1);
  t.equal(idle(), before);
  rolls[0]?.end();
  await pass(0);
  t.equal(idle(), before, 'one is still under way');
  rolls[1]?.end();
  await pass(0);
  t.equal(idle(), before + 1);
});

t.test('after stop nothing begins', async (t) => {
  const { queue, clock, pass, rolls } = queueing({ atOnce: true });
  queue.add('a');
  queue.stop();
  t.equal(clock.waiting(), 0);
  queue.add('b');
  await pass(60_000);
  t.equal(rolls.length, 0);
});

t.test('it is idle after stop too, when the last roll that was under way has ended', async (t) => {
  const { queue, rolls, pass, idle } = queueing();
  queue.add('a');
  queue.add('b');
  await pass(1000);
  queue.stop();
  const before = idle();
  rolls[0]?.end();
  await pass(0);
  t.equal(idle(), before);
  rolls[1]?.end();
  await pass(0);
  t.equal(idle(), before + 1);
});
