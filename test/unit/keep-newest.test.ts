import t from 'tap';
import { keepNewest } from '../../src/keep-newest.ts';

t.test('the oldest goes when there are too many, and what is put again is young', async (t) => {
  const map = new Map<string, number>();
  for (const [at, key] of ['a', 'b', 'a'].entries()) t.same(keepNewest(map, key, at, 2), []);
  t.same(keepNewest(map, 'c', 3, 2), [1]);
  t.same(
    [...map],
    [
      ['a', 2],
      ['c', 3],
    ],
  );
});
