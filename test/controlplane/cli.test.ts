import { spawnSync } from 'node:child_process';
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { pidsIn } from './build/folder.ts';
import { findPorts } from './ports.ts';
import { commandOf } from './processes.ts';
import { sharedControlPlane } from './shared.ts';

const file = fileURLToPath(new URL('cli.ts', import.meta.url));
const cli = (...args: string[]): { stdout: string; stderr: string; status: number | null } =>
  spawnSync(process.execPath, [file, ...args], { encoding: 'utf8' });

// A busy machine takes several times as long as an idle one.
t.setTimeout(180_000);

t.test('wrong usage is explained and ends with code 2', async (t) => {
  const wrong: [string[], RegExp][] = [
    [[], /no command/],
    [['sideways'], /no such command: sideways/],
    [['toString'], /no such command: toString/],
    [['up'], /--dir is missing/],
    [['up', '--dir', 'd', '--port', '70000'], /--port 70000: not a port/],
    [['up', '--dir', 'd', '--port', 'x'], /--port x: not a port/],
    [['down', '--dir', 'd', '--audit'], /down takes no --audit/],
    [['down', '--dir', 'd', 'e'], /not understood: e/],
    [['binaries', '--also', 'docker'], /--also docker: no such program/],
    [['up', '--color'], /'--color'/],
  ];
  for (const [args, message] of wrong) {
    const { status, stderr, stdout } = cli(...args);
    t.match({ status, stderr, stdout }, { status: 2, stderr: message, stdout: '' }, args.join(' '));
    t.match(stderr, 'Usage: npm run -s controlplane');
  }
  t.match(cli('--help'), { status: 0, stdout: /^Usage/ });
});

t.test('up leaves a control plane running and down ends it', async (t) => {
  const dir = t.testdir();
  const port = await findPorts(5);
  const up = cli('up', '--dir', dir, '--port', String(port), '--audit');
  t.teardown(() => cli('down', '--dir', dir));
  t.equal(up.status, 0, up.stderr);
  t.equal(up.stdout.trimEnd().split('\n').pop(), join(dir, 'kubeconfigs', 'admin.yaml'));
  process.env['RESTAMP_TEST_CONTROLPLANE'] = dir;
  t.teardown(() => delete process.env['RESTAMP_TEST_CONTROLPLANE']);
  const { url, kubectl } = await sharedControlPlane(t);
  t.equal(url, `https://127.0.0.1:${port + 2}`);
  t.match((await kubectl(['get', 'nodes'])).stdout, /kwok +Ready/);
  const pids = await pidsIn(dir);

  t.match(cli('up', '--dir', dir), { status: 1, stderr: /A control plane is running in/ });
  const other = cli('up', '--dir', join(dir, 'other'), '--port', String(port));
  t.match(other, { status: 1, stderr: `Not free on 127.0.0.1: port ${port}` });

  t.match(cli('down', '--dir', dir), { status: 0, stdout: /^ended/ });
  for (const pid of [pids!.supervisor, ...Object.values(pids!.programs)]) {
    t.notMatch(await commandOf(pid), dir, `process ${pid} is gone`);
  }
  t.match(cli('down', '--dir', dir), { status: 0, stdout: /^nothing was running/ });
});

t.test('down also ends the programs of a supervisor that was killed', async (t) => {
  const dir = t.testdir();
  t.equal(cli('up', '--dir', dir).status, 0);
  const pids = await pidsIn(dir);
  process.kill(pids!.supervisor, 'SIGKILL');
  t.match(cli('down', '--dir', dir), { status: 0 });
  for (const pid of Object.values(pids!.programs)) t.notMatch(await commandOf(pid), dir);
});

t.test('down touches no process whose id was used again', async (t) => {
  const dir = t.testdir({ 'pids.json': JSON.stringify({ supervisor: process.pid, programs: {} }) });
  t.match(cli('down', '--dir', dir), { status: 0, stdout: /^nothing was running/ });
  await t.rejects(access(join(dir, 'pids.json')), { code: 'ENOENT' });
});
