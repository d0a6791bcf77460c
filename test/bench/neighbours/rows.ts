import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Row } from '../report.ts';
import type { LoadName } from './loads.ts';

type Cost = Readonly<Record<'stall' | 'cpu' | 'wall', number>>;

const MOST_STALL_MS = 50;

/** Runs a load in a process of its own; the figures that it prints. */
async function run<T>(name: LoadName): Promise<T> {
  const path = fileURLToPath(new URL('loads.ts', import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, ['--expose-gc', path, name]);
  return JSON.parse(stdout) as T;
}

const atMost = (most: number): Row['goal'] => ({ most, text: `≤ ${most}` });

/** What workloads and namespaces of one tenant cost the others: the rolling side alone, its API server in memory. */
export async function neighbourRows(say: (line: string) => void): Promise<Row[]> {
  const measured = async <T>(name: LoadName): Promise<T> => {
    const figures = await run<T>(name);
    say(`neighbours: ${name}: ${JSON.stringify(figures)}`);
    return figures;
  };
  const idle = await measured<Cost>('idle');
  // The loop of a Node that does nothing waits for the machine too.
  const stall = (of: Cost) => ({ floor: idle.stall, restamp: Math.max(0, of.stall - idle.stall) });
  const patterns = await measured<Cost>('patterns');
  const spread = await measured<Cost>('spread');
  const pods = await measured<Cost>('pods');
  const names = await measured<Cost & { rss: number }>('names');
  const namespaces = await measured<{ kib: number; states: number; changes: number }>('namespaces');
  const alone = await measured<{ ms: number }>('alone');
  const beside = await measured<{ ms: number }>('beside');
  const pace = await measured<{ first: number; last: number }>('pace');
  return [
    {
      work: 'a sweep, 10 workloads of `.*` beside 2,000 sources: longest stall (less the floor: Node alone)',
      unit: 'ms',
      ...stall(patterns),
      goal: atMost(MOST_STALL_MS),
    },
    { work: '… CPU', unit: 's', restamp: patterns.cpu, goal: atMost(2) },
    {
      work: 'a sweep, 5,000 workloads, 20,000 sources, 1,000 namespaces: CPU',
      unit: 's',
      restamp: spread.cpu,
      goal: atMost(5),
    },
    {
      work: 'a rotation of one SecretProviderClass, 100 workloads of 50 pods: CPU',
      unit: 's',
      restamp: pods.cpu,
      goal: atMost(5),
    },
    {
      work: '20 workloads that list 46,656 names: longest stall (less the floor)',
      unit: 'ms',
      ...stall(names),
      goal: atMost(MOST_STALL_MS),
    },
    { work: '… memory', unit: 'MB', restamp: names.rss, goal: atMost(200) },
    {
      work: '20,000 namespaces come and go: heap kept for each',
      unit: 'KiB',
      restamp: namespaces.kib,
      goal: atMost(0.3),
      note: `What is left of them: ${namespaces.states} states, ${namespaces.changes} changes`,
    },
    {
      work: 'a roll beside 5,000 stale workloads of another namespace (floor: alone)',
      unit: 'ms',
      floor: alone.ms,
      restamp: beside.ms,
      goal: { most: 2 * alone.ms, text: '≤ 2 × floor' },
    },
    {
      work: '100 stale workloads at a start, 5 a second: the last one',
      unit: 's',
      restamp: pace.last,
      goal: { least: 18, most: 25, text: '18 to 25' },
      note: `The first of them: after ${pace.first.toFixed(2)} s`,
    },
  ];
}
