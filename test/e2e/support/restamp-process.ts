import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Connection } from '../../controlplane/connection.ts';

/** One line of Restamp's JSON log. */
export type LogLine = { readonly level: string; readonly msg: string; readonly audit?: string } & Readonly<
  Record<string, unknown>
>;

export type RestampOptions = {
  /** Flags beside those that every test needs. */
  readonly flags?: readonly string[];
  /** Variables beside those of the test. */
  readonly env?: Readonly<Record<string, string>>;
  /** Only these namespaces, so that test files beside each other do not meet; none leaves it to the flags. */
  readonly namespaces: readonly string[];
  /** The name of the installation; that of the first namespace unless given. */
  readonly instance?: string;
  /** `off`: no webhook. */
  readonly admission?: 'on' | 'off';
};

/** A running Restamp, under the identity `restamp` and the shipped role. */
export type Restamp = {
  readonly pid: number;
  readonly lines: readonly LogLine[];
  readonly admissionUrl: string;
  readonly opsUrl: string;
  /** The first line, past or to come, that fits; fails after `timeoutMs` and shows the end of the log. */
  until(fits: (line: LogLine) => boolean, timeoutMs?: number): Promise<LogLine>;
  /** Lines that tell of a roll in a namespace. */
  rolls(namespace: string): LogLine[];
  /** SIGTERM, and waits for the end; returns the exit code. */
  stop(): Promise<number | null>;
  /** SIGKILL. */
  kill(): Promise<void>;
};

/** How long a start may take, and how long a line is awaited: a busy machine takes several times as long as an idle one. */
const startMs = 60_000;
const untilMs = 30_000;
const main = fileURLToPath(new URL('./restamp-child.ts', import.meta.url));

/** Starts Restamp against a control plane and waits until it is ready. */
export async function startRestamp(controlPlane: Connection, options: RestampOptions): Promise<Restamp> {
  const { namespaces, flags = [], admission = 'on' } = options;
  return startServer({
    kubeconfig: controlPlane.kubeconfigFor('restamp'),
    admission,
    flags: [
      `--instance=${options.instance ?? namespaces[0] ?? 'restamp'}`,
      ...(namespaces.length === 0 ? [] : [`--namespaces=${namespaces.join(',')}`]),
      `--admission=${admission}`,
      '--quiet-period=200ms',
      '--baselines-per-second=50',
      '--lease-duration=3s',
      '--log-format=json',
      '--log-level=debug',
      ...flags,
    ],
    env: { ...process.env, ...options.env } as Readonly<Record<string, string>>,
  });
}

/** A server with these flags alone, beside the addresses that a test must choose. */
export type ServerOptions = {
  readonly kubeconfig: string;
  readonly admission: 'on' | 'off';
  readonly flags: readonly string[];
  /** Its whole environment; that of the test unless given. */
  readonly env?: Readonly<Record<string, string>>;
};

/** Starts the server and waits until it is ready. */
export async function startServer(options: ServerOptions): Promise<Restamp> {
  const { kubeconfig, admission, flags, env } = options;
  const child: ChildProcess = spawn(
    process.execPath,
    [
      main,
      `--kubeconfig=${kubeconfig}`,
      ...(admission === 'on'
        ? ['--admission-url=https://127.0.0.1:0', '--admission-listen=127.0.0.1:0']
        : []),
      '--ops-listen=127.0.0.1:0',
      ...flags,
    ],
    { stdio: ['pipe', 'pipe', 'pipe'], ...(env === undefined ? {} : { env }) },
  );
  const lines: LogLine[] = [];
  const waiting = new Set<() => void>();
  const look = (): void => {
    for (const one of [...waiting]) one();
  };
  for (const input of [child.stderr, child.stdout])
    if (input !== null)
      createInterface({ input }).on('line', (text) => {
        lines.push(parse(text));
        look();
      });
  const ended = once(child, 'exit').then(([code]) => code as number | null);
  void ended.then(look);

  function until(fits: (line: LogLine) => boolean, timeoutMs = untilMs): Promise<LogLine> {
    return new Promise((resolve, reject) => {
      const end = (): string =>
        lines
          .slice(-15)
          .map((line) => JSON.stringify(line))
          .join('\n');
      const timer = setTimeout(() => {
        waiting.delete(check);
        reject(new Error(`no such line within ${timeoutMs} ms; the log ends:\n${end()}`));
      }, timeoutMs);
      const check = (): void => {
        const line = lines.find(fits);
        const gone = child.exitCode !== null || child.signalCode !== null;
        if (line === undefined && !gone) return;
        clearTimeout(timer);
        waiting.delete(check);
        if (line !== undefined) resolve(line);
        else reject(new Error(`Restamp has ended; its log ends:\n${end()}`));
      };
      waiting.add(check);
      check();
    });
  }
  const ready = admission === 'on' ? 'Webhook registered' : 'Restamp is watching';
  // The text format has the message in quotes.
  await until(({ msg }) => msg === ready || msg.includes(`msg="${ready}"`), startMs).catch(
    (error: unknown) => {
      child.kill('SIGKILL');
      throw error;
    },
  );
  // Each port is taken by the server itself: one that was found free before may be somebody else's by then.
  const { admission: door, ops } = Object.assign({}, ...lines.map(listening)) as ReturnType<typeof listening>;
  return {
    pid: child.pid ?? 0,
    lines,
    admissionUrl: `https://${String(door)}`,
    opsUrl: `http://${String(ops)}`,
    until,
    rolls: (namespace) => lines.filter((line) => line.audit === 'roll' && line['namespace'] === namespace),
    stop: () => {
      child.kill('SIGTERM');
      return ended;
    },
    kill: async () => {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

/** The addresses in a line that tells of them, in either format of the log. */
function listening(line: LogLine): Readonly<Record<string, unknown>> {
  if (line.msg === 'Listening') return line;
  if (!line.msg.includes('msg="Listening"')) return {};
  const pairs = [...line.msg.matchAll(/(\w+)=(\S+)/g)];
  return Object.fromEntries(pairs.map(([, key = '', value]) => [key, value] as const));
}

function parse(text: string): LogLine {
  try {
    return JSON.parse(text) as LogLine;
  } catch {
    return { level: 'text', msg: text };
  }
}
