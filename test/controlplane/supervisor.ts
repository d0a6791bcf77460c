/**
 * The process that owns the programs of one control plane: `node supervisor.ts DIR [--remove]`. It ends them, in reverse order of
 * starting, when its starter is gone (the IPC channel closes, for whatever reason), unless it was told to detach; and on SIGTERM.
 * With --remove it then removes DIR. DIR is an argument also so that a person sees in `ps` whose it is.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, renameSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';

/** How to run one program. */
export type ProgramSpec = {
  readonly name: string;
  readonly file: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly log: string;
  /** How many times it is started again if it exits unasked. */
  readonly respawns: number;
};

/** What the starter asks for; each is answered by a Reply with its id. */
export type Request = { readonly id: number } & (
  | { readonly ask: 'start'; readonly spec: ProgramSpec }
  | { readonly ask: 'signal'; readonly name: string; readonly signal: 'SIGSTOP' | 'SIGCONT' }
  | { readonly ask: 'end'; readonly name: string; readonly signal: 'SIGTERM' | 'SIGKILL' }
  | { readonly ask: 'detach' }
  | { readonly ask: 'stop' }
);

/** The answer to a Request. */
export type Reply = { readonly id: number; readonly pid?: number; readonly error?: string };

/** Sent whenever a program exits that was not asked to and is not started again. */
export type Exit = { readonly exit: string; readonly how: string };

/** Sent whenever a program got a new process. */
export type Respawn = { readonly respawn: string; readonly pid: number };

/** What the file `pids.json` of the folder says while its supervisor lives (or after that one was killed). */
export type Pids = { readonly supervisor: number; readonly programs: Readonly<Record<string, number>> };

type Running = {
  spec: ProgramSpec;
  child: ChildProcess;
  exited: Promise<unknown>;
  wanted: boolean;
  left: number;
};

const [dir = '', flag] = process.argv.slice(2);
const running = new Map<string, Running>();
/** How long a program may take to end when asked politely. */
const politeMs = 5_000;
let detached = false;
let stopping: Promise<void> | undefined;

const tell = (message: Reply | Exit | Respawn): void => {
  if (process.connected) process.send?.(message, () => undefined);
};

const pidsFile = join(dir, 'pids.json');

/** For who comes later and finds only the folder (`down`). */
const writePids = (): void => {
  const programs = Object.fromEntries([...running].map(([name, { child }]) => [name, child.pid ?? 0]));
  writeFileSync(`${pidsFile}.new`, JSON.stringify({ supervisor: process.pid, programs } satisfies Pids));
  renameSync(`${pidsFile}.new`, pidsFile);
};

const launch = async (spec: ProgramSpec, left: number): Promise<number> => {
  const log = openSync(spec.log, 'a', 0o600);
  const child = spawn(spec.file, [...spec.args], {
    cwd: dir,
    env: { ...process.env, ...spec.env },
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  const exited = new Promise((resolve) => child.once('exit', resolve).once('error', resolve));
  const program: Running = { spec, child, exited, wanted: true, left };
  child.once('exit', (code, signal) => {
    if (running.get(spec.name) !== program) return;
    running.delete(spec.name);
    if (!program.wanted || stopping !== undefined) return;
    if (program.left > 0) {
      void launch(spec, program.left - 1).then(
        (pid) => tell({ respawn: spec.name, pid }),
        () => undefined,
      );
    } else tell({ exit: spec.name, how: signal ?? `code ${code ?? '?'}` });
  });
  running.set(spec.name, program);
  await once(child, 'spawn').catch((error: unknown) => {
    running.delete(spec.name);
    throw error;
  });
  writePids();
  return child.pid ?? 0;
};

const end = async (program: Running, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> => {
  program.wanted = false;
  program.child.kill(signal);
  // A frozen program sees SIGTERM only when it goes on.
  program.child.kill('SIGCONT');
  const hard = setTimeout(() => program.child.kill('SIGKILL'), politeMs);
  await program.exited;
  clearTimeout(hard);
};

const stopAll = async (): Promise<void> => {
  for (const program of [...running.values()].reverse()) await end(program, 'SIGTERM');
  await rm(pidsFile, { force: true });
  if (flag === '--remove') await rm(dir, { recursive: true, force: true, maxRetries: 3 });
};

const stop = (): Promise<void> => (stopping ??= stopAll());

const find = (name: string): Running => {
  const program = running.get(name);
  if (program === undefined) throw new Error(`${name} is not running`);
  return program;
};

const answer = async (request: Request): Promise<Omit<Reply, 'id'>> => {
  switch (request.ask) {
    case 'start':
      if (stopping !== undefined) throw new Error('the control plane is stopping');
      if (running.has(request.spec.name)) throw new Error(`${request.spec.name} is already running`);
      return { pid: await launch(request.spec, request.spec.respawns) };
    case 'signal':
      find(request.name).child.kill(request.signal);
      return {};
    case 'end':
      await end(find(request.name), request.signal);
      return {};
    case 'detach':
      detached = true;
      return {};
    case 'stop':
      await stop();
      return {};
  }
};

const quit = (): void => {
  void stop().finally(() => process.exit());
};

writePids();
process.on('message', (request: Request) => {
  answer(request).then(
    (reply) => tell({ id: request.id, ...reply }),
    (error: unknown) => tell({ id: request.id, error: String(error) }),
  );
});
process.on('disconnect', () => {
  if (!detached || stopping !== undefined) quit();
});
process.on('SIGTERM', quit);
process.on('SIGINT', quit);
process.on('uncaughtException', quit);
