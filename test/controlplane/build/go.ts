import { spawn } from 'node:child_process';

/** What a run of Go needs to know. */
export type GoContext = {
  readonly env: NodeJS.ProcessEnv;
  /** What a person can do when there is no Go, or when it fails. */
  readonly remedy: string;
};

/** A line at least this often: a log that stands still for minutes looks dead. */
const heartbeatMs = 15_000;

const goEnv = (env: NodeJS.ProcessEnv): NodeJS.ProcessEnv => ({
  ...env,
  CGO_ENABLED: '0',
  // Flags and workspaces of the person's own projects have no say in this one.
  GOFLAGS: '',
  GOWORK: 'off',
  GO111MODULE: 'on',
});

/** Runs Go in `cwd`; returns what it printed. Throws with the last lines of its errors. */
export const go = (args: readonly string[], cwd: string, context: GoContext): Promise<string> =>
  new Promise((resolve, reject) => {
    let out = '';
    let err = '';
    const child = spawn('go', args, { cwd, env: goEnv(context.env), stdio: ['ignore', 'pipe', 'pipe'] });
    child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (err = (err + chunk.toString()).slice(-8_000)));
    child.on('error', (error: NodeJS.ErrnoException) => {
      reject(error.code === 'ENOENT' ? new Error(context.remedy, { cause: error }) : error);
    });
    child.on('close', (code) => {
      if (code === 0) resolve(out);
      else reject(new Error(`go ${args[0] ?? ''} failed:\n${err.trimEnd()}\n\n${out}${context.remedy}`));
    });
  });

/** Runs `work` and says when it began, that it still goes on, and how long it took. */
export const timed = async <T>(
  what: string,
  say: (line: string) => void,
  work: () => Promise<T>,
): Promise<T> => {
  const start = performance.now();
  const seconds = (): string => `${Math.round((performance.now() - start) / 1000)} s`;
  say(`${what} ...`);
  const heartbeat = setInterval(() => say(`${what}: ${seconds()} so far`), heartbeatMs);
  try {
    const result = await work();
    say(`${what}: done in ${seconds()}`);
    return result;
  } finally {
    clearInterval(heartbeat);
  }
};
