import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { editLabels, populate } from './population.ts';
import { processUsage, type ProcessUsage } from './process-usage.ts';
import type { Row } from './report.ts';
import type { Stand } from './stand.ts';
import type { Contender } from './subject.ts';

const EDITS = 6_000;
const MOST_MB = 120;
const MOST_CPU_SECONDS = 3;
/** A process that uses less than this share of a core for so long has settled. */
const STILL_MS = 3_000;
const STILL_SHARE = 0.02;

type Figures = { readonly started: ProcessUsage; readonly edited: ProcessUsage };

/** What a program weighs beside a large cluster in which it has little to do, at rest and after a lot of noise. */
export async function memoryRows(
  { controlPlane, say }: Stand,
  contenders: { readonly restamp: Contender; readonly peer: Contender | undefined },
): Promise<Row[]> {
  await populate(controlPlane, say);
  const measure = async (contender: Contender): Promise<Figures> => {
    const subject = await contender.start(controlPlane);
    try {
      const started = await settled(subject.pid);
      say(`memory: ${contender.name} after start ${shown(started)}`);
      await editLabels(controlPlane, EDITS);
      const edited = await settled(subject.pid);
      say(`memory: ${contender.name} after ${EDITS} label edits ${shown(edited)}`);
      return { started, edited };
    } finally {
      await subject.stop();
    }
  };
  const restamp = await measure(contenders.restamp);
  const peer = contenders.peer === undefined ? undefined : await measure(contenders.peer);
  const alone = await nodeAlone();
  const most = { most: MOST_MB, text: `≤ ${MOST_MB}` };
  const size = '5,900 Secrets, 3,200 ConfigMaps, 520 Deployments';
  return [
    {
      work: `memory beside ${size}: after start`,
      unit: 'MB',
      peer: peer?.started.rssMb,
      floor: alone.rssMb,
      restamp: restamp.started.rssMb,
      goal: most,
    },
    {
      work: `… after ${EDITS.toLocaleString('en')} label edits`,
      unit: 'MB',
      peer: peer?.edited.rssMb,
      floor: alone.rssMb,
      restamp: restamp.edited.rssMb,
      goal: most,
    },
    {
      work: '… the most there ever was',
      unit: 'MB',
      peer: peer?.edited.peakMb,
      floor: alone.peakMb,
      restamp: restamp.edited.peakMb,
    },
    {
      work: '… CPU from start to rest',
      unit: 's',
      peer: peer?.started.cpuSeconds,
      floor: alone.cpuSeconds,
      restamp: restamp.started.cpuSeconds,
      goal: { most: MOST_CPU_SECONDS, text: `≤ ${MOST_CPU_SECONDS}` },
    },
    {
      work: `… CPU of the label edits`,
      unit: 's',
      peer: peer === undefined ? undefined : peer.edited.cpuSeconds - peer.started.cpuSeconds,
      restamp: restamp.edited.cpuSeconds - restamp.started.cpuSeconds,
    },
  ];
}

const shown = ({ rssMb, peakMb, cpuSeconds }: ProcessUsage): string =>
  `${rssMb.toFixed(1)} MB, at most ${peakMb.toFixed(1)} MB, ${cpuSeconds.toFixed(2)} s of CPU`;

/** The usage of a process as soon as it has come to rest. */
async function settled(pid: number): Promise<ProcessUsage> {
  for (let before = await processUsage(pid); ;) {
    await sleep(STILL_MS);
    const now = await processUsage(pid);
    if (now.cpuSeconds - before.cpuSeconds < (STILL_MS / 1000) * STILL_SHARE) return now;
    before = now;
  }
}

/** A Node that does nothing. */
async function nodeAlone(): Promise<ProcessUsage> {
  const child = spawn(process.execPath, ['--eval', 'setInterval(() => undefined, 1000)'], {
    stdio: 'ignore',
  });
  try {
    await once(child, 'spawn');
    return await settled(child.pid ?? 0);
  } finally {
    child.kill();
  }
}
