import { spawn } from 'node:child_process';
import { readdir, readFile, readlink } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { configMapPath, deployment, deploymentPath, eachAtOnce, upTo } from '../crowd.ts';
import { processUsage } from '../process-usage.ts';
import type { Row } from '../report.ts';
import type { Stand } from '../stand.ts';
import type { Contender } from '../subject.ts';
import type { BareWatches } from './bare-watches.ts';

const NAMESPACES = 1_000;
const WORKLOADS = 5;
const CONFIG_MAPS = 20;
const AT_ONCE = 32;
const SWEEP_MS = 60_000;
const MOST_CONNECTIONS = 80;
const MOST_CPU_SECONDS = 5;

/**
 * What it costs to watch very many namespaces by their names, each kind of object in each of them by itself. The floor is a
 * client that opens the same watches and parses what they show.
 */
export async function namespaceRows({ controlPlane, say }: Stand, restamp: Contender): Promise<Row[]> {
  const { api, url, ca, adminToken: token } = controlPlane;
  const names = upTo(NAMESPACES).map((index) => `team-${index}`);
  await eachAtOnce(names, AT_ONCE, async (name) => {
    await api('POST', '/api/v1/namespaces', { metadata: { name } });
    for (const index of upTo(CONFIG_MAPS))
      await api('POST', configMapPath(name), {
        metadata: { name: index === 0 ? 'app' : `config-${index}` },
        data: { A: '1' },
      });
    for (const index of upTo(WORKLOADS))
      await api('POST', deploymentPath(name), deployment(`app-${index}`, { optedIn: true, replicas: 0 }));
  });
  say(`namespaces: ${NAMESPACES} are filled`);
  const floor = await bare({ url, ca, token, namespaces: names, windowMs: SWEEP_MS });
  say(`namespaces: the watches alone: ${JSON.stringify(floor)}`);
  const subject = await restamp.start(controlPlane, [
    `--namespaces=${names.join(',')}`,
    `--sweep-interval=${SWEEP_MS / 1000}s`,
    '--baselines-per-second=1000',
  ]);
  try {
    // The first maps are written, and one sweep is over.
    await sleep(SWEEP_MS);
    const before = await processUsage(subject.pid);
    await sleep(SWEEP_MS);
    const after = await processUsage(subject.pid);
    return [
      {
        work: `connections to the API server, ${NAMESPACES} --namespaces`,
        unit: 'connections',
        restamp: await connections(subject.pid, Number(new URL(url).port)),
        goal: { most: MOST_CONNECTIONS, text: `≤ ${MOST_CONNECTIONS}` },
      },
      {
        work: '… CPU of one sweep, 5,000 workloads and 20,000 sources in them, lists included',
        unit: 's',
        floor: floor.cpu,
        restamp: after.cpuSeconds - before.cpuSeconds,
        goal: { most: MOST_CPU_SECONDS, text: `≤ ${MOST_CPU_SECONDS}` },
      },
      {
        work: '… from its start until it is ready',
        unit: 's',
        floor: floor.seconds,
        restamp: (subject.ready?.ms ?? 0) / 1000,
      },
      { work: '… CPU until then', unit: 's', restamp: subject.ready?.usage.cpuSeconds ?? 0 },
      { work: '… memory', unit: 'MB', floor: floor.rss, restamp: after.peakMb },
    ];
  } finally {
    await subject.stop();
  }
}

/** The watches alone, in a process of their own. */
async function bare(watches: BareWatches): Promise<Readonly<Record<'seconds' | 'cpu' | 'rss', number>>> {
  const path = fileURLToPath(new URL('bare-watches.ts', import.meta.url));
  const child = spawn(process.execPath, [path], { stdio: ['pipe', 'pipe', 'inherit'] });
  const kill = (): void => void child.kill('SIGKILL');
  process.once('exit', kill);
  child.stdin.end(JSON.stringify(watches));
  const said = await text(child.stdout);
  process.off('exit', kill);
  return JSON.parse(said) as Awaited<ReturnType<typeof bare>>;
}

/** How many established connections a process has to a port, by /proc: Linux only. */
async function connections(pid: number, port: number): Promise<number> {
  const files = await readdir(`/proc/${pid}/fd`);
  const links = await Promise.all(files.map((file) => readlink(`/proc/${pid}/fd/${file}`).catch(() => '')));
  const inodes = new Set(links.map((link) => /^socket:\[(\d+)\]$/.exec(link)?.[1]));
  const tables = await Promise.all(['tcp', 'tcp6'].map((name) => readFile(`/proc/net/${name}`, 'utf8')));
  const ESTABLISHED = '01';
  const end = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  return tables
    .flatMap((table) => table.split('\n'))
    .map((line) => line.trim().split(/\s+/))
    .filter(
      ([, , remote = '', state, , , , , , inode]) =>
        state === ESTABLISHED && remote.endsWith(end) && inodes.has(inode),
    ).length;
}
