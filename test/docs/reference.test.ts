import { glob, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { REFERENCE, referenceText } from './reference.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

t.test('docs/reference/restamp.md says what the code says', async (t) => {
  t.equal(await readFile(REFERENCE, 'utf8'), referenceText(), 'stale: run node test/docs/reference.ts');
});

t.test('docs/reference/restamp.md knows every annotation that the code names', async (t) => {
  const known = await readFile(REFERENCE, 'utf8');
  const named = new Set<string>();
  for await (const file of glob('src/core/**/*.ts', { cwd: root })) {
    const text = await readFile(join(root, file), 'utf8');
    for (const [, key = ''] of text.matchAll(
      /'((?:[a-z]+\.)*(?:reloader\.stakater\.com|restamp\.dev)\/[-a-z]+)'/g,
    ))
      named.add(key);
  }
  t.ok(named.size > 25, `${named.size} were found`);
  for (const key of named) t.ok(known.includes(`| \`${key}\` |`), key);
});
