import { readFile } from 'node:fs/promises';
import t from 'tap';
import { inventoryTable, TOTAL, UNEVEN } from './inventory.ts';

const text = (file: string): Promise<string> =>
  readFile(new URL(`../../../${file}`, import.meta.url), 'utf8');

t.test('every test of Reloader is held here', async (t) => {
  t.same(UNEVEN, []);
});

t.test('the pages state the numbers that are counted', async (t) => {
  const { held, tests } = TOTAL;
  t.ok(
    (await text('docs/reference/conformance.md')).includes(inventoryTable()),
    `it should have\n${inventoryTable()}`,
  );
  t.equal(held, tests);
  t.match(await text('README.md'), `all ${tests} tests`);
  t.match(await text('docs/reference/conformance.md'), `All ${held} are tests here`);
});
