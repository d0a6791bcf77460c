import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import type { HasTeardown } from '../controlplane/shared.ts';

export type ProgramOptions = {
  readonly file: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** An address on loopback that answers as soon as the program is ready; without one nobody waits. */
  readonly ready?: string;
};

const START_MS = 60_000;
const PAUSE_MS = 100;
const KEPT = 4_000;

/** Runs a program beside the control plane until the test ends; resolves when it is ready, else throws the end of its log. */
export const startProgram = async (t: HasTeardown, options: ProgramOptions): Promise<void> => {
  const { file, args, env, ready } = options;
  const child = spawn(file, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  let log = '';
  for (const output of [child.stdout, child.stderr])
    output.on('data', (chunk: Buffer) => (log = (log + chunk.toString()).slice(-KEPT)));
  const ended = once(child, 'exit');
  await once(child, 'spawn');
  // A test file that dies before its end leaves nothing behind.
  process.once('exit', () => child.kill('SIGKILL'));
  t.teardown(async () => {
    child.kill('SIGTERM');
    await ended;
  });
  if (ready === undefined) return;
  const end = performance.now() + START_MS;
  for (;;) {
    const answer = await fetch(ready).catch(() => undefined);
    await answer?.body?.cancel();
    if (answer?.ok === true) return;
    if (child.exitCode !== null || performance.now() > end)
      throw new Error(`${file} is not ready at ${ready}; its log ends:\n${log}`);
    await pause(PAUSE_MS);
  }
};
