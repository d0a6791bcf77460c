import t from 'tap';
import { Turns } from '../../../src/flowcontrol/limiter.ts';
import { turn } from '../../support/recording.ts';

/** Tasks that end when the test says so. */
function running(limit: number) {
  const turns = new Turns(limit);
  const begun: string[] = [];
  const ends = new Map<string, PromiseWithResolvers<string>>();
  const run = (key: string): Promise<string> =>
    turns.run(key, () => {
      begun.push(key);
      const end = Promise.withResolvers<string>();
      ends.set(key, end);
      return end.promise;
    });
  const end = async (key: string): Promise<void> => {
    ends.get(key)?.resolve(key);
    await turn();
  };
  return { turns, begun, ends, run, end };
}

t.test('a few run at once and at once; the others in order, one for each that ends', async (t) => {
  const { begun, run, end } = running(2);
  const all = ['a', 'b', 'c', 'd', 'e'].map(run);
  t.same(begun, ['a', 'b']);
  await end('b');
  t.same(begun, ['a', 'b', 'c']);
  for (const key of ['a', 'c', 'd', 'e']) await end(key);
  t.same(begun, ['a', 'b', 'c', 'd', 'e']);
  t.same(await Promise.all(all), ['a', 'b', 'c', 'd', 'e']);
});

t.test('one that comes as another ends does not take the turn of one that waits', async (t) => {
  const { begun, ends, run } = running(1);
  const first = run('a');
  void run('b');
  ends.get('a')?.resolve('a');
  await first;
  void run('c');
  await turn();
  t.same(begun, ['a', 'b']);
});

t.test('one that is hurried runs now, and the limit counts again after it', async (t) => {
  const { turns, begun, run, end } = running(1);
  for (const key of ['a', 'b', 'c', 'd']) void run(key);
  turns.hurry('c');
  turns.hurry('a');
  turns.hurry('nobody');
  await turn();
  t.same(begun, ['a', 'c']);
  await end('c');
  t.same(begun, ['a', 'c']);
  await end('a');
  t.same(begun, ['a', 'c', 'b']);
});

t.test('after the stop, what waits does not run', async (t) => {
  const { turns, begun, run, end } = running(1);
  void run('a');
  void run('b');
  turns.stop();
  await end('a');
  t.same(begun, ['a']);
});

t.test('a task that fails gives its turn to the next', async (t) => {
  const { begun, ends, run } = running(1);
  const failing = run('a');
  void run('b');
  ends.get('a')?.reject(new Error('no'));
  await t.rejects(failing, { message: 'no' });
  t.same(begun, ['a', 'b']);
});

t.test('a task of another namespace does not wait for all of the first', async (t) => {
  const { begun, run, end } = running(1);
  for (const key of ['a/1', 'a/2', 'a/3', 'b/1']) void run(key);
  await end('a/1');
  await end('a/2');
  t.same(begun, ['a/1', 'a/2', 'b/1']);
});

t.test('two tasks of one key both run', async (t) => {
  const { turns, begun, run, end } = running(1);
  const all = [run('a'), turns.run('b', async () => 'first'), turns.run('b', async () => 'second')];
  await end('a');
  t.same(begun, ['a']);
  t.same(await Promise.all(all), ['a', 'first', 'second']);
});
