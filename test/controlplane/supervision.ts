import { fork } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Exit, ProgramSpec, Reply, Request, Respawn } from './supervisor.ts';

/** Strips the id from each variant of a union. */
type Ask = Request extends infer R ? (R extends { id: number } ? Omit<R, 'id'> : never) : never;

/** The starter's side of a supervisor. It never keeps this process alive by itself. */
export type Supervision = {
  readonly pid: number;
  /** The process id of each program that was started, the newest one. */
  readonly pids: ReadonlyMap<string, number>;
  /** Resolves when the program's process exists. */
  readonly start: (spec: ProgramSpec) => Promise<void>;
  readonly signal: (name: string, signal: 'SIGSTOP' | 'SIGCONT') => Promise<void>;
  /** Resolves when the program's process is gone. */
  readonly end: (name: string, signal: 'SIGTERM' | 'SIGKILL') => Promise<void>;
  /** How a program ended that nobody asked to end; undefined while it runs. */
  readonly failure: (name: string) => string | undefined;
  /** From now on the supervisor outlives this process. */
  readonly detach: () => Promise<void>;
  /** Ends every program, then the supervisor. Safe to call again. */
  readonly stop: () => Promise<void>;
};

const file = fileURLToPath(new URL('supervisor.ts', import.meta.url));

/** Starts the supervisor of the folder `dir`; `remove` makes it remove the folder at its end. */
export const startSupervision = async (dir: string, remove: boolean): Promise<Supervision> => {
  const log = openSync(join(dir, 'logs', 'supervisor.log'), 'a', 0o600);
  const child = fork(file, [dir, ...(remove ? ['--remove'] : [])], {
    // Not in our process group: Ctrl-C must reach the programs only through the supervisor, in order.
    detached: true,
    // Loaders of a test runner have no business in a process that outlives its tests.
    execArgv: [],
    env: { ...process.env, NODE_OPTIONS: '' },
    stdio: ['ignore', log, log, 'ipc'],
  });
  closeSync(log);
  await once(child, 'spawn');
  const pids = new Map<string, number>();
  const failures = new Map<string, string>();
  const waiting = new Map<number, { resolve: (reply: Reply) => void; reject: (error: Error) => void }>();
  let nextId = 1;
  let ended = false;
  let stopped: Promise<void> | undefined;

  const idle = (): void => {
    if (waiting.size > 0) return;
    child.unref();
    child.channel?.unref();
  };
  const gone = new Promise<void>((resolve) => {
    child.once('exit', (code, signal) => {
      ended = true;
      for (const { reject } of waiting.values()) {
        reject(new Error(`The supervisor ended: ${signal ?? `code ${code ?? '?'}`}`));
      }
      waiting.clear();
      resolve();
    });
  });
  child.on('message', (message: Reply | Exit | Respawn) => {
    if ('exit' in message) failures.set(message.exit, message.how);
    else if ('respawn' in message) pids.set(message.respawn, message.pid);
    else {
      waiting.get(message.id)?.resolve(message);
      waiting.delete(message.id);
      idle();
    }
  });

  const ask = async (request: Ask): Promise<Reply> => {
    if (ended) throw new Error('The supervisor has ended.');
    const id = nextId++;
    child.ref();
    child.channel?.ref();
    const reply = await new Promise<Reply>((resolve, reject) => {
      waiting.set(id, { resolve, reject });
      child.send({ id, ...request }, (error) => {
        if (error !== null) reject(error);
      });
    });
    if (reply.error !== undefined) throw new Error(reply.error);
    return reply;
  };
  const stop = async (): Promise<void> => {
    if (ended) return;
    child.ref();
    if (child.connected) {
      await ask({ ask: 'stop' });
      child.disconnect();
    } else child.kill('SIGTERM');
    child.ref();
    await gone;
  };
  idle();

  return {
    pid: child.pid ?? 0,
    pids,
    start: async (spec) => {
      failures.delete(spec.name);
      const { pid } = await ask({ ask: 'start', spec });
      pids.set(spec.name, pid ?? 0);
    },
    signal: async (name, signal) => {
      await ask({ ask: 'signal', name, signal });
    },
    end: async (name, signal) => {
      await ask({ ask: 'end', name, signal });
      pids.delete(name);
    },
    failure: (name) => (ended ? 'the supervisor ended' : failures.get(name)),
    detach: async () => {
      await ask({ ask: 'detach' });
      child.disconnect();
    },
    stop: () => (stopped ??= stop()),
  };
};
