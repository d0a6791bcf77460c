import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import t, { type Test } from 'tap';
import settings from '../package.json' with { type: 'json' };
import { TapReport, type Count } from './tap-report.ts';

// The plugins of this project are built; others would have to be.
const { plugin } = settings.tap;
const modules = new URL('../node_modules/', import.meta.url);
const tap = fileURLToPath(new URL('.bin/tap', modules));

/**
 * Runs one test file by tap itself, and reports it. It is a project of its own: a tap that starts empties `.tap` of its
 * project, and dies if somebody writes there meanwhile, as the tests beside this one do.
 */
async function run(t: Test, body: string): Promise<Count & { readonly lines: string }> {
  const dir = t.testdir({
    'package.json': JSON.stringify({ type: 'module', tap: { plugin, 'disable-coverage': true } }),
    'one.test.ts': `import t from 'tap';\n${body}\n`,
    node_modules: t.fixture('symlink', fileURLToPath(modules)),
  });
  const lines: string[] = [];
  const report = new TapReport({
    write: (line) => lines.push(line),
    read: (file) => readFileSync(join(dir, file), 'utf8'),
  });
  const child = spawn(tap, ['run', '--reporter=tap', '--jobs=1', 'one.test.ts'], {
    cwd: dir,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  createInterface({ input: child.stdout }).on('line', (line) => report.line(line));
  createInterface({ input: child.stderr }).on('line', (line) => report.stderr(line));
  const [code] = (await once(child, 'close')) as [number | null];
  return { ...report.end(code), lines: lines.join('\n') };
}

// Each test runs tap itself, which takes seconds on a busy machine.
t.setTimeout(180_000);

const HOLDS = "t.test('it holds', async (t) => { t.ok(true); });";

t.test('rules that hold are counted and named', async (t) => {
  const { passed, failed, lines } = await run(t, `${HOLDS}\n${HOLDS}`);
  t.same({ passed, failed }, { passed: 2, failed: 0 });
  t.match(lines, /^ {2}ok {5}.*one\.test\.ts: it holds$/m);
});

t.test('a rule that fails is counted, and what was found stands below it', async (t) => {
  const { passed, failed, lines } = await run(
    t,
    `${HOLDS}\nt.test('it fails', async (t) => { t.equal(1, 2); });`,
  );
  t.same({ passed, failed }, { passed: 1, failed: 1 });
  t.match(lines, /FAILED .*one\.test\.ts: it fails/);
  t.match(lines, /diff: \|/);
});

t.test('a file that dies before its rules counts each of them as failed, and says why', async (t) => {
  const { passed, failed, lines } = await run(
    t,
    `await Promise.reject(new Error('the door is shut'));\n${HOLDS}\n${HOLDS}\n${HOLDS}`,
  );
  t.same({ passed, failed }, { passed: 0, failed: 3 });
  t.match(lines, /\| Error: the door is shut/);
  t.match(lines, /exitCode: 1/);
});

t.test(
  'a file that is killed counts the rules that it did not come to, and says by which signal',
  async (t) => {
    const killed =
      "t.test('it kills', async () => { process.kill(process.pid, 'SIGKILL'); await new Promise(() => {}); });";
    const { passed, failed, lines } = await run(t, `${HOLDS}\n${killed}\n${HOLDS}`);
    t.same({ passed, failed }, { passed: 1, failed: 2 });
    t.match(lines, /signal: SIGKILL/);
  },
);

t.test('a file that dies after its last rule is one failure', async (t) => {
  const { passed, failed, lines } = await run(t, `${HOLDS}\nt.teardown(() => process.exit(7));`);
  t.same({ passed, failed }, { passed: 1, failed: 1 });
  t.match(lines, /exitCode: 7/);
});

t.test('a run that fails without a file is one failure, and says why', async (t) => {
  const lines: string[] = [];
  const report = new TapReport({ write: (line) => lines.push(line) });
  report.stderr('Error: no room on the disk');
  t.same(report.end(1), { passed: 0, failed: 1 });
  t.match(lines.join('\n'), /FAILED.*exit code 1\n {2}\| Error: no room on the disk/);
  t.same(new TapReport({ write: () => undefined }).end(0), { passed: 0, failed: 0 });
});
