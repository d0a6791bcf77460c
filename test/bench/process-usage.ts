import { readFile } from 'node:fs/promises';

/** What a process has used so far. */
export type ProcessUsage = {
  /** Resident memory now, and the most there ever was, in MB (10^6 bytes). */
  readonly rssMb: number;
  readonly peakMb: number;
  /** User and system time since its start. */
  readonly cpuSeconds: number;
};

/** Linux counts CPU time in this unit whatever the kernel's own tick is (USER_HZ). */
const TICKS_PER_SECOND = 100;

/** Reads /proc: Linux only. */
export async function processUsage(pid: number): Promise<ProcessUsage> {
  const [status, stat] = await Promise.all([
    readFile(`/proc/${pid}/status`, 'utf8'),
    readFile(`/proc/${pid}/stat`, 'utf8'),
  ]);
  // The second field is the program's name in brackets, which may hold anything.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticks = Number(fields[11]) + Number(fields[12]);
  return {
    rssMb: megabytes(status, 'VmRSS'),
    peakMb: megabytes(status, 'VmHWM'),
    cpuSeconds: ticks / TICKS_PER_SECOND,
  };
}

function megabytes(status: string, field: string): number {
  const kib = new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1];
  return (Number(kib) * 1024) / 1e6;
}
