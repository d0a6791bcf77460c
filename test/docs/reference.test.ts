import { readFile } from 'node:fs/promises';
import t from 'tap';
import { REFERENCE, referenceText } from './reference.ts';

t.test('docs/REFERENCE.md says what the code says', async (t) => {
  t.equal(await readFile(REFERENCE, 'utf8'), referenceText(), 'stale: run node test/docs/reference.ts');
});
