import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pidsIn } from './build/folder.ts';
import { belongsTo, untilEnded } from './processes.ts';

/** Longer than the supervisor gives its programs. */
const supervisorMs = 40_000;
const programMs = 5_000;

/** Ends a process if it still belongs to the folder: politely, then by force. */
const end = async (pid: number, dir: string, politeMs: number): Promise<void> => {
  if (!(await belongsTo(pid, dir))) return;
  process.kill(pid, 'SIGTERM');
  process.kill(pid, 'SIGCONT');
  if (await untilEnded(pid, dir, politeMs)) return;
  if (await belongsTo(pid, dir)) process.kill(pid, 'SIGKILL');
  if (!(await untilEnded(pid, dir, programMs))) throw new Error(`Process ${pid} did not end.`);
};

/**
 * Ends the control plane that runs in `dir`, and what is left of one whose supervisor was killed; resolves when every process is
 * gone. False if nothing ran. Only processes whose command line names the folder are touched: ids are used again.
 */
export const stopControlPlane = async (dir: string): Promise<boolean> => {
  const pids = await pidsIn(dir);
  if (pids === undefined) return false;
  const ran = await belongsTo(pids.supervisor, dir);
  await end(pids.supervisor, dir, supervisorMs);
  for (const pid of Object.values(pids.programs).reverse()) await end(pid, dir, programMs);
  await rm(join(dir, 'pids.json'), { force: true });
  return ran;
};
