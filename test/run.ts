// `make test`: one control plane for all test files, then the files, then one line that counts the rules that hold.
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { startControlPlane } from './controlplane/controlplane.ts';

const dir = await mkdtemp(join(tmpdir(), 'restamp-test-'));
const controlPlane = await startControlPlane({
  dir,
  audit: true,
  also: ['helm'],
  onProgress: (text) => process.stderr.write(`${text}\n`),
});
let passed = 0;
let failed = 0;
let code: number | null;
try {
  // Tap's own form names each rule; a test inside a file is one level in.
  const tap = spawn('tap', ['run', '--reporter=tap', '--jobs=2', ...process.argv.slice(2)], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, RESTAMP_TEST_CONTROLPLANE: dir },
  });
  const lines = createInterface({ input: tap.stdout });
  let file = '';
  let quiet = true;
  lines.on('line', (line) => {
    const subtest = /^# Subtest: (.*)$/.exec(line);
    if (subtest?.[1] !== undefined) file = subtest[1];
    const point = /^ {4}(not ok|ok) \d+ - (.*?)( #.*)?$/.exec(line);
    if (point !== null) {
      if (point[1] === 'ok') passed += 1;
      else failed += 1;
      process.stdout.write(`${point[1] === 'ok' ? '  ok    ' : '  FAILED'} ${file}: ${point[2] ?? ''}\n`);
      quiet = point[1] === 'ok';
    } else if (/^not ok/.test(line)) {
      // A file that ended badly without a test to blame.
      process.stdout.write(`${line}\n`);
      if (!/# failed \d+/.test(line)) failed += 0;
    } else if (!quiet || /^\s+(not ok)/.test(line)) process.stdout.write(`${line}\n`);
  });
  code = await new Promise<number | null>((resolve) => tap.on('close', resolve));
} finally {
  await controlPlane.stop();
  await rm(dir, { recursive: true, force: true });
}
// A file that died without a failing test must not look green.
if (code !== 0 && failed === 0) failed = 1;
process.stdout.write(`${passed} passed, ${failed} failed\n`);
process.exitCode = failed === 0 ? 0 : 1;
