import { access, readFile } from 'node:fs/promises';
import t from 'tap';

const root = new URL('../../', import.meta.url);
const text = await readFile(new URL('docs/how-to/migrate-from-reloader.md', root), 'utf8');

t.test('each test that docs/how-to/migrate-from-reloader.md names is there', async (t) => {
  const named = new Set(Array.from(text.matchAll(/`(test\/[^`]+)`/g), ([, path = '']) => path));
  t.ok(named.size > 30, `${named.size} files are named`);
  for (const path of named) await t.resolves(access(new URL(path, root)), path);
});

t.test('docs/how-to/migrate-from-reloader.md answers each of the sixteen defects with a test', async (t) => {
  const rows = text.split('\n').filter((line) => /^\| \d+ \|/.test(line));
  t.same(
    rows.map((row) => Number(row.split('|')[1])),
    Array.from({ length: 16 }, (_, index) => index + 1),
  );
  for (const row of rows) t.match(row.split('|').at(-2), /`test\/.+\.test\.ts`/, row.slice(0, 60));
});
