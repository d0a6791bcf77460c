import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { access, watch } from 'node:fs/promises';
import { createServer } from 'node:net';
import t, { type Test } from 'tap';
import type * as Module from './controlplane.ts';
import { startControlPlane } from './controlplane.ts';
import { pidsIn } from './build/folder.ts';
import { findPorts, takenPorts } from './ports.ts';
import { untilEnded } from './processes.ts';
import type { Pids } from './supervisor.ts';

const controlPlaneUrl = new URL('controlplane.ts', import.meta.url).href;
const endMs = 15_000;

/** Another process that starts a control plane, as a test file does, and then does not end by itself. */
const startElsewhere = (t: Test, options: object): ChildProcess => {
  const script = `
    import { startControlPlane } from ${JSON.stringify(controlPlaneUrl)};
    const { dir, pids, supervisorPid } = await startControlPlane(${JSON.stringify(options)});
    console.log(JSON.stringify({ dir, supervisor: supervisorPid, programs: Object.fromEntries(pids) }));
    setInterval(() => undefined, 60_000);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.teardown(() => child.kill('SIGKILL'));
  return child;
};

const allEnded = async (t: Test, { supervisor, programs }: Pids, dir: string): Promise<void> => {
  for (const pid of [supervisor, ...Object.values(programs)]) {
    t.ok(await untilEnded(pid, dir, endMs), `process ${pid} ended`);
  }
};

// A busy machine takes several times as long as an idle one.
t.setTimeout(180_000);

t.test('nothing is left running after the test process was killed', async (t) => {
  const child = startElsewhere(t, {});
  const [line] = (await once(child.stdout!, 'data')) as [Buffer];
  const started = JSON.parse(line.toString()) as Pids & { dir: string };
  t.equal(Object.keys(started.programs).length, 5);
  child.kill('SIGKILL');
  await allEnded(t, started, started.dir);
  await t.rejects(access(started.dir), { code: 'ENOENT' }, 'its temporary folder is gone');
});

t.test('nothing is left running after the test process was killed in the middle of a start', async (t) => {
  const dir = t.testdir();
  const child = startElsewhere(t, { dir });
  let pids: Pids | undefined;
  for await (const { filename } of watch(dir)) {
    if (filename === 'pids.json') pids = await pidsIn(dir);
    if (pids !== undefined && 'kube-apiserver' in pids.programs) break;
  }
  child.kill('SIGKILL');
  await allEnded(t, pids!, dir);
});

t.test('two control planes run side by side', async (t) => {
  const [one, two] = await Promise.all([startControlPlane(), startControlPlane()]);
  t.teardown(one.stop);
  t.teardown(two.stop);
  t.not(one.url, two.url);
  const name = await one.freshNamespace('side');
  await t.rejects(two.api('GET', `/api/v1/namespaces/${name}`), { message: /: 404 / });
});

t.test('a control plane continues where it was ended, also on other ports', async (t) => {
  const dir = t.testdir();
  const first = await startControlPlane({ dir, programs: [] });
  const name = await first.freshNamespace('kept');
  await t.rejects(startControlPlane({ dir }), { message: /A control plane is running in/ });
  await first.stop();
  const second = await startControlPlane({ dir, programs: [] });
  t.teardown(second.stop);
  t.equal((await second.api('GET', `/api/v1/namespaces/${name}`)).metadata.name, name);
  t.equal(second.adminToken, first.adminToken);
});

t.test('a port that somebody takes at the last moment costs a second attempt, not the start', async (t) => {
  const base = await findPorts(5);
  const server = createServer((socket) => socket.destroy());
  t.teardown(() => server.close());
  await once(server.listen(base + 4, '127.0.0.1'), 'listening');
  t.same(await takenPorts(base, 5), [base + 4]);
  const bases = [base, await findPorts(5)];
  const mocked = await t.mockImport<typeof Module>('./controlplane.ts', {
    './ports.ts': { findPorts: async () => bases.shift(), takenPorts },
  });
  const said: string[] = [];
  const controlPlane = await mocked.startControlPlane({ onProgress: (line) => said.push(line) });
  t.teardown(controlPlane.stop);
  t.match(said.join('\n'), 'a port was taken');
  t.same(bases, []);
});
