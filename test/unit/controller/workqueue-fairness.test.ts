import t from 'tap';
import { apiServer } from '../../support/controller/fake-cluster.ts';
import { queueing } from '../../support/controller/workqueue-harness.ts';

t.test('a workload of another namespace does not wait for thousands of the first', async (t) => {
  const { queue, rolls, pass, begun } = queueing({ quietMs: 0, parallel: 2 });
  for (let i = 0; i < 5000; i += 1) queue.add(`a/${i}`);
  queue.add('b/1');
  t.same(begun(), ['a/0@0', 'a/1@0']);
  rolls[0]?.end();
  await pass(0);
  rolls[1]?.end();
  await pass(0);
  t.same(begun().slice(2).sort(), ['a/2@0', 'b/1@0']);
});

t.test('where all places are taken by what does not end, another namespace has one', async (t) => {
  const { queue, begun } = queueing({ quietMs: 0, parallel: 4 });
  for (let i = 0; i < 10; i += 1) queue.add(`a/${i}`);
  queue.add('b/1');
  queue.add('b/2');
  t.same(begun(), ['a/0@0', 'a/1@0', 'a/2@0', 'a/3@0', 'b/1@0']);
});

t.test('what is due keeps its place in the line when it changes again', async (t) => {
  const { queue, rolls, pass, begun } = queueing({ quietMs: 0, parallel: 1 });
  for (const key of ['a/1', 'a/2', 'a/3']) queue.add(key);
  queue.add('a/2');
  queue.recheck('a/2');
  rolls[0]?.end();
  await pass(0);
  t.same(begun(), ['a/1@0', 'a/2@0']);
});

t.test('a gate that opens while thousands wait is asked again', async (t) => {
  const { queue, rolls, pass, begun } = queueing({ quietMs: 0, parallel: 2, longestMs: 0 });
  for (let i = 0; i < 4; i += 1) queue.add(`a/${i}`);
  for (let i = 0; i < 4; i += 1) {
    rolls[i]?.end({ is: 'held', reason: 'stop', ms: 60_000 });
    await pass(0);
  }
  t.equal(begun().length, 4);
  queue.recheck();
  t.same(begun().slice(4), ['a/0@0', 'a/1@0']);
  queue.drop('a/2');
  rolls[4]?.end();
  rolls[5]?.end();
  await pass(0);
  t.same(begun().slice(6), ['a/3@0']);
});

/** Milliseconds until a change in `prod` is rolled, where each patch takes 10, beside so many stale ones elsewhere. */
async function delayBeside(count: number): Promise<number> {
  const server = apiServer();
  const one = server.replica({ quietMs: 0, rollLimit: 0 });
  for (const namespace of ['tenant', 'prod']) server.putSource(namespace, { a: '1' });
  for (let i = 0; i < count; i += 1) server.put({ kind: 'Deployment', namespace: 'tenant', name: `w${i}` });
  server.put({ kind: 'Deployment', namespace: 'prod', name: 'api' });
  one.parts.mutator.start();
  await server.pass(1000);
  server.ways.patch = () => new Promise((done) => server.clock.after(10, done));
  server.putSource('tenant', { a: '2' });
  await server.pass(50, 5);
  server.putSource('prod', { a: '2' });
  const since = server.clock.now();
  for (let step = 0; step < 200 && !one.rolled().includes('prod/api'); step += 1) await server.pass(5, 5);
  return server.clock.now() - since;
}

t.test('one roll beside a thousand takes at most twice as long as alone', async (t) => {
  const [alone, beside] = [await delayBeside(0), await delayBeside(1000)];
  t.ok(beside <= 2 * alone, `${beside} ms, alone ${alone} ms`);
});
