import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';

/** Whether a process with this id exists (it may be another one than the one that was meant). */
export const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
};

/** The command line of a process; empty if there is none, or if it has ended and nobody has asked how. */
export const commandOf = async (pid: number): Promise<string> => {
  if (!isAlive(pid)) return '';
  if (process.platform === 'linux') {
    return (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).replaceAll('\0', ' ');
  }
  const { stdout } = await promisify(execFile)('ps', ['-ww', '-o', 'args=', '-p', String(pid)]).catch(() => ({
    stdout: '',
  }));
  return stdout;
};

/** Whether the process still is the one whose command line names `folder`: ids are used again. */
export const belongsTo = async (pid: number, folder: string): Promise<boolean> =>
  (await commandOf(pid)).includes(folder);

const pollMs = 30;

/** Resolves when the process no longer runs for `folder`; false if it still does after `timeoutMs`. Not for own children. */
export const untilEnded = async (pid: number, folder: string, timeoutMs: number): Promise<boolean> => {
  const end = performance.now() + timeoutMs;
  while (await belongsTo(pid, folder)) {
    if (performance.now() > end) return false;
    await delay(pollMs);
  }
  return true;
};
