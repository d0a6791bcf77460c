import t from 'tap';
import { shortList } from '../../../../src/core/api/short-list.ts';

t.test('a list that fits is told whole', async (t) => {
  t.equal(shortList([]), '');
  t.equal(shortList(['a']), 'a');
  t.equal(shortList(['a', 'b', 'c']), 'a, b, c');
});

t.test('of a longer one the first names are told, and how many more there are', async (t) => {
  const names = Array.from({ length: 2000 }, (_, at) => `name-${String(at).padStart(4, '0')}`);
  const text = shortList(names);
  t.ok(text.startsWith('name-0000, name-0001, '));
  t.ok(text.endsWith(', name-0035 and 1964 more'), text);
  t.equal(shortList(['x'.repeat(500), 'y']), `${'x'.repeat(500)} and 1 more`, 'one at least');
});

t.test('what was left out before is counted as well', async (t) => {
  t.equal(shortList(['a', 'b'], 3), 'a, b and 3 more');
  t.equal(shortList(['x'.repeat(500), 'y'], 3), `${'x'.repeat(500)} and 4 more`);
});
