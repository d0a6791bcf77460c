import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Agent } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { text } from 'node:stream/consumers';
import { createCrowd } from '../crowd.ts';
import { processUsage } from '../process-usage.ts';
import { median, type Row } from '../report.ts';
import type { Stand } from '../stand.ts';
import { isReady, type Contender } from '../subject.ts';
import { doorAddress, post, reviewOf, type DoorAddress } from './door.ts';

const NAMESPACE = 'flooded';
const MIB = 1024 * 1024;
/** What a container with 512 Mi gives Node. */
const HEAP = '--max-old-space-size=256';
const MOST_MB = 350;
const MOST_SECONDS = 5;
const LARGE = 64;
const LARGE_BYTES = 1_500_000;
const ROUNDS = 5;
const MOST_P99_MS = 80;
const QUIET_MS = 3_000;

type Flood = (door: DoorAddress, agent: Agent) => Promise<unknown>;
const times = <T>(count: number, make: () => T): T[] => Array.from({ length: count }, make);

/** What ended a replica once. Each is as heavy as the largest body that is taken. */
const FLOODS: Readonly<Record<string, Flood>> = {
  'empty objects': (door, agent) => post(door, `[${'{},'.repeat(5_500_000)}{}]`, { agent }),
  'eight million levels': (door, agent) => post(door, '['.repeat(8_000_000), { agent }),
  'a million keys': (door, agent) => {
    const keys = Array.from({ length: 1_200_000 }, (_none, at) => `"k${at}":0`);
    return post(door, `{${keys.join(',')}}`, { agent });
  },
  'forty slow bodies of 15 MiB, of no announced length': (door, agent) =>
    Promise.all(
      times(40, () => {
        const chunk = Buffer.alloc(MIB, ' ');
        return post(
          door,
          times(15, () => chunk),
          { agent, headers: { 'transfer-encoding': 'chunked' } },
        );
      }),
    ),
  'fifty users whose name has 8 MiB': (door, agent) =>
    Promise.all(times(50, () => post(door, reviewOf(NAMESPACE, 1_000, 'u'.repeat(8 * MIB)), { agent }))),
};

/** What floods of the admission server do to it, and to small reviews beside them; the floor has none. */
export async function floodRows({ controlPlane, say }: Stand, restamp: Contender): Promise<Row[]> {
  await createCrowd(controlPlane, { namespace: NAMESPACE, size: 1, optedIn: true, replicas: 0 });
  const subject = await restamp.start(controlPlane, [], [HEAP]);
  const agent = new Agent({ keepAlive: false });
  try {
    const door = await doorAddress(controlPlane);
    const before = await processUsage(subject.pid);
    const recoveries: number[] = [];
    const recovered = async (name: string): Promise<void> => {
      const ended = performance.now();
      while (!(await isReady(subject.opsUrl))) {
        if (performance.now() - ended > 60_000) throw new Error(`not ready a minute after ${name}`);
        await sleep(20);
      }
      recoveries.push((performance.now() - ended) / 1000);
      const { rssMb, peakMb } = await processUsage(subject.pid);
      say(`floods: ${name}: ${rssMb.toFixed(0)} MB, at most ${peakMb.toFixed(0)} MB`);
    };
    for (const [name, flood] of Object.entries(FLOODS)) {
      await flood(door, agent);
      await recovered(name);
    }
    await idleConnections(door, 2_000);
    await recovered('two thousand idle connections');
    const quiet = await smallReviews(door, () => sleep(QUIET_MS));
    const large = reviewOf(NAMESPACE, LARGE_BYTES);
    const beside = await smallReviews(door, async () => {
      for (let round = 0; round < ROUNDS; round += 1)
        await Promise.all(times(LARGE, () => post(door, large, { agent })));
    });
    await recovered('large reviews');
    return [
      {
        work: 'floods of bodies and connections, heap of a 512 Mi container: most memory (floor: before)',
        unit: 'MB',
        floor: before.rssMb,
        restamp: (await processUsage(subject.pid)).peakMb,
        goal: { most: MOST_MB, text: `≤ ${MOST_MB}` },
      },
      {
        work: '… ready again after the last byte, the slowest',
        unit: 's',
        restamp: Math.max(...recoveries),
        goal: { most: MOST_SECONDS, text: `≤ ${MOST_SECONDS}` },
      },
      {
        work: `small reviews beside ${LARGE} of 3 MB at once, p99 (floor: alone)`,
        unit: 'ms',
        floor: p99(quiet),
        restamp: p99(beside),
        goal: { most: MOST_P99_MS, text: `≤ ${MOST_P99_MS}` },
      },
      { work: '… p50', unit: 'ms', floor: median(quiet), restamp: median(beside) },
    ];
  } finally {
    agent.destroy();
    await subject.stop();
  }
}

/** Opens connections that ask for nothing, keeps them for a while, and closes them. */
async function idleConnections(door: DoorAddress, count: number): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: count, maxFreeSockets: count });
  await Promise.all(times(count, () => post(door, '{}', { agent })));
  await sleep(2_000);
  agent.destroy();
}

/** How long small reviews took while `work` went on, in milliseconds. */
async function smallReviews(door: DoorAddress, work: () => Promise<unknown>): Promise<number[]> {
  const path = fileURLToPath(new URL('reviewer.ts', import.meta.url));
  const child = spawn(process.execPath, [path], { stdio: ['pipe', 'pipe', 'inherit'] });
  const kill = (): void => void child.kill('SIGKILL');
  process.once('exit', kill);
  const said = text(child.stdout);
  await once(child, 'spawn');
  child.stdin.write(`${JSON.stringify({ ...door, namespace: NAMESPACE })}\n`);
  await sleep(1_000);
  await work();
  child.stdin.end();
  process.off('exit', kill);
  return (JSON.parse(await said) as { times: number[] }).times;
}

function p99(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length * 0.99)] ?? 0;
}
