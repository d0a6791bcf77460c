// `make test`: one control plane for all test files, then the files, then one line that counts the rules that hold.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { startControlPlane } from './controlplane/controlplane.ts';
import { TapReport } from './tap-report.ts';

const dir = await mkdtemp(join(tmpdir(), 'restamp-test-'));
const controlPlane = await startControlPlane({
  dir,
  audit: true,
  also: ['helm'],
  onProgress: (text) => process.stderr.write(`${text}\n`),
});
const report = new TapReport({ write: (line) => process.stdout.write(`${line}\n`) });
let code: number | null;
try {
  // Tap's own form names each rule; a test inside a file is one level in.
  const tap = spawn('tap', ['run', '--reporter=tap', '--jobs=2', ...process.argv.slice(2)], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, RESTAMP_TEST_CONTROLPLANE: dir },
  });
  createInterface({ input: tap.stdout }).on('line', (line) => report.line(line));
  createInterface({ input: tap.stderr }).on('line', (line) => {
    process.stderr.write(`${line}\n`);
    report.stderr(line);
  });
  [code] = (await once(tap, 'close')) as [number | null];
} finally {
  await controlPlane.stop();
  await rm(dir, { recursive: true, force: true });
}
const { passed, failed } = report.end(code);
process.stdout.write(`${passed} passed, ${failed} failed\n`);
process.exitCode = failed === 0 ? 0 : 1;
