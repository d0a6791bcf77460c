import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { missingNeeds } from './needs.ts';

t.test('every program that is missing is named, with what to do about it', async (t) => {
  const missing = await missingNeeds({ PATH: t.testdir() });
  t.match(missing, [/^go /, /^git /, /^python3 /, /^redis-server .*install Redis/, /^unshare /]);
});

t.test('a program that is there and does not work is missing; one that works is not', async (t) => {
  const dir = t.testdir();
  const put = async (name: string, script: string): Promise<void> => {
    await writeFile(join(dir, name), `#!/bin/sh\n${script}\n`);
    await chmod(join(dir, name), 0o755);
  };
  for (const name of ['go', 'git', 'redis-server', 'python3']) await put(name, 'exit 0');
  await put('unshare', 'exit 1');
  const missing = await missingNeeds({ PATH: dir });
  t.match(missing, [/^unshare .*user namespaces/]);
});
