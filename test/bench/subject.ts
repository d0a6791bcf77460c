import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fstatSync, openSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Connection } from '../controlplane/connection.ts';
import type { AuditLine } from './audit-trail.ts';
import { processUsage, type ProcessUsage } from './process-usage.ts';

/** A program that can be measured: it rolls Deployments when ConfigMaps change. */
export type Contender = {
  readonly name: 'restamp' | 'peer';
  /** Whether it sent this request. */
  readonly sent: (line: AuditLine) => boolean;
  readonly start: (
    controlPlane: Connection,
    flags?: readonly string[],
    /** Flags of Node; only of Restamp. */
    nodeFlags?: readonly string[],
  ) => Promise<Subject>;
};

/** One run of it. */
export type Subject = {
  readonly pid: number;
  /** Of the ops server; only of Restamp. */
  readonly opsUrl: string;
  /** From the start of the process until it said that it is ready; none if it never says so. */
  readonly ready: { readonly ms: number; readonly usage: ProcessUsage } | undefined;
  readonly stop: () => Promise<void>;
};

const READY_MS = 60_000;
const STOP_MS = 10_000;

/** The bundle, with every default but the quiet period, which its users set to trade speed for fewer rolls. */
export function restamp(bundle: string): Contender {
  return {
    name: 'restamp',
    sent: ({ user }) => user === 'restamp',
    start: async (controlPlane, flags = [], nodeFlags = []) => {
      const started = performance.now();
      const { child, said } = launch(
        controlPlane,
        process.execPath,
        [
          ...nodeFlags,
          bundle,
          `--kubeconfig=${controlPlane.kubeconfigFor('restamp')}`,
          '--admission-url=https://127.0.0.1:0',
          '--admission-listen=127.0.0.1:0',
          '--ops-listen=127.0.0.1:0',
          '--quiet-period=0',
          // The maps of the workloads under test are written before anything is measured, and that soon.
          '--baselines-per-second=100',
          ...flags,
        ],
        {},
      );
      const pid = child.pid ?? 0;
      let opsUrl = '';
      while (opsUrl === '' || !(await isReady(opsUrl))) {
        const ops = /"?Listening"? ops=(\S+)/.exec(said())?.[1];
        opsUrl = ops === undefined ? '' : `http://${ops}`;
        if (child.exitCode !== null || performance.now() - started > READY_MS)
          throw new Error('Restamp did not become ready');
        await sleep(10);
      }
      const ready = { ms: performance.now() - started, usage: await processUsage(pid) };
      return { pid, opsUrl, ready, stop: () => end(child) };
    },
  };
}

/** Another program that does the same work, with its defaults. Its metrics port 9090 must be free. */
export function peer(path: string): Contender {
  return {
    name: 'peer',
    sent: ({ agent }) => agent.startsWith(`${basename(path)}/`),
    start: async (controlPlane) => {
      const { child } = launch(controlPlane, path, [], { KUBECONFIG: controlPlane.kubeconfig });
      await sleep(2_000);
      if (child.exitCode !== null) throw new Error(`${path} has ended with code ${child.exitCode}`);
      return { pid: child.pid ?? 0, opsUrl: '', ready: undefined, stop: () => end(child) };
    },
  };
}

function launch(
  { dir }: Connection,
  file: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): { readonly child: ChildProcess; /** What it has logged so far. */ readonly said: () => string } {
  const path = join(dir, 'logs', `${basename(args.find((arg) => !arg.startsWith('-')) ?? file)}.log`);
  const log = openSync(path, 'a');
  const start = fstatSync(log).size;
  const child = spawn(file, [...args], { stdio: ['ignore', log, log], env: { ...process.env, ...env } });
  // Nothing that is measured outlives the bench, however that ends.
  const kill = (): void => void child.kill('SIGKILL');
  process.once('exit', kill);
  child.once('exit', () => process.off('exit', kill));
  return { child, said: () => readFileSync(path).subarray(start).toString() };
}

/** Whether the ops server there says that it is ready. */
export async function isReady(opsUrl: string): Promise<boolean> {
  try {
    return (await fetch(`${opsUrl}/readyz`)).status === 200;
  } catch {
    return false;
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  const late = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
  await ended;
  clearTimeout(late);
}
