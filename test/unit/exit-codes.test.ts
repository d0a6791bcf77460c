import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import t from 'tap';

// A busy machine takes several times as long as an idle one.
t.setTimeout(120_000);
const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

/** Starts the program, which cannot start; returns its exit code and what it said. */
async function start(...flags: readonly string[]): Promise<{ code: number; said: string }> {
  const child = spawn(process.execPath, [main, ...flags], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { PATH: process.env['PATH'] },
  });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number];
  return { code, said };
}

t.test('what somebody must mend before the next start ends the process with 2', async (t) => {
  t.match(await start('--nonsense'), { code: 2, said: /^RESTAMP_CONFIG_INVALID: .*nonsense/ });
  t.match(await start('--kubeconfig=/nowhere'), { code: 2, said: /^RESTAMP_KUBE_CONFIG: /m });
});
