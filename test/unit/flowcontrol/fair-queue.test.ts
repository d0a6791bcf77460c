import t from 'tap';
import { FairQueue } from '../../../src/flowcontrol/fair-queue.ts';

/** Takes out all that may have a place now. */
function taken(queue: FairQueue<string>): string[] {
  const keys: string[] = [];
  for (let next = queue.next(); next !== undefined; next = queue.next()) keys.push(next.key);
  return keys;
}

t.test('namespaces take turns, and each keeps its own order', async (t) => {
  const queue = new FairQueue<string>(10);
  for (const key of ['a/1', 'a/2', 'a/3', 'b/1', 'c/1', 'b/2']) queue.add(key, key);
  t.equal(queue.size, 6);
  t.same(taken(queue), ['a/1', 'b/1', 'c/1', 'a/2', 'b/2', 'a/3']);
  t.equal(queue.size, 0);
  t.equal(queue.runs, 6);
});

t.test('thousands of one namespace wait behind one of another that comes after them', async (t) => {
  const queue = new FairQueue<string>(1);
  for (let i = 0; i < 5000; i += 1) queue.add(`a/${i}`, '');
  queue.next();
  queue.add('b/1', '');
  queue.done('a/0');
  const second = queue.next()?.key;
  queue.done(second ?? '');
  t.ok([second, queue.next()?.key].includes('b/1'));
});

t.test('no more run than there are places, and one that is done makes room', async (t) => {
  const queue = new FairQueue<string>(2);
  for (const key of ['a/1', 'a/2', 'a/3']) queue.add(key, key);
  t.same(taken(queue), ['a/1', 'a/2']);
  t.notOk(queue.begin('b/1'));
  queue.done('a/1');
  t.same(taken(queue), ['a/3']);
});

t.test('what never ends in one namespace leaves places for the others', async (t) => {
  const queue = new FairQueue<string>(8);
  for (let i = 0; i < 20; i += 1) queue.add(`a/${i}`, '');
  t.equal(taken(queue).length, 8);
  queue.add('b/1', '');
  queue.add('b/2', '');
  queue.add('c/1', '');
  t.same(taken(queue), ['b/1', 'c/1'], 'one of each that has none, and not more than a quarter beyond');
  t.notOk(queue.begin('d/1'));
  queue.done('b/1');
  t.same(taken(queue), ['b/2']);
});

t.test('what has gone from its line is never taken', async (t) => {
  const queue = new FairQueue<string>(10);
  for (const key of ['a/1', 'a/2', 'b/1']) queue.add(key, key);
  queue.delete('a/1');
  queue.delete('b/1');
  queue.delete('b/1');
  queue.delete('never/1');
  t.equal(queue.size, 1);
  t.equal(queue.get('a/1'), undefined);
  t.same(taken(queue), ['a/2']);
});

t.test('who is hurried has a place beyond the limit, which counts', async (t) => {
  const queue = new FairQueue<string>(1);
  for (const key of ['a/1', 'a/2', 'a/3']) queue.add(key, key);
  t.same(taken(queue), ['a/1']);
  t.equal(queue.hurry('a/3'), 'a/3');
  t.equal(queue.hurry('a/3'), undefined);
  queue.done('a/1');
  t.same(taken(queue), []);
  queue.done('a/3');
  t.same(taken(queue), ['a/2']);
});
