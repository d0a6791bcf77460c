import { fileURLToPath } from 'node:url';
import type { Connection } from '../../controlplane/connection.ts';
import { startRestamp, type LogLine, type Restamp } from '../../e2e/support/restamp-process.ts';
import { Proxy, type Speech } from './proxy.ts';
import { Random } from '../random.ts';

const FLAGS = [
  '--lease-duration=3s',
  '--quiet-period=200ms',
  '--longest-delay=2s',
  '--baselines-per-second=100',
  '--roll-limit=0',
  '--recovery-rolls-per-second=50',
  '--sweep-interval=5s',
  '--is-Argo-Rollouts=true',
  '--enable-csi-integration=true',
  '--log-level=info',
];
const START_MS = 120_000;
const DRIFT = fileURLToPath(new URL('../../support/drift.ts', import.meta.url));
const DRIFT_MS = 150_000;

/** What all replicas of a run have in common. */
export type Setting = {
  /** The namespaces that they look at, the first of which names the installation. */
  readonly namespaces: readonly string[];
  readonly admission: 'on' | 'off';
  readonly baseline: 'annotation' | 'memory';
};

/** How far its clock was ahead, in milliseconds. */
type Run = { readonly restamp: Restamp; readonly drift: number };

/** One of two Restamps of the same installation, with a line of its own to the API server and a clock of its own. */
export class Replica {
  readonly proxy: Proxy;
  /** How often it ended without being asked to, its own failures to start aside. */
  deaths = 0;
  readonly #cp: Connection;
  readonly #setting: Setting;
  readonly #random: Random;
  readonly #runs: Run[] = [];
  #restamp: Restamp | undefined;

  private constructor(cp: Connection, setting: Setting, random: Random, proxy: Proxy) {
    this.#cp = cp;
    this.#setting = setting;
    this.#random = random;
    this.proxy = proxy;
  }

  static async open(
    cp: Connection,
    setting: Setting,
    seed: number,
    { name, speech }: { readonly name: string; readonly speech: Speech },
  ): Promise<Replica> {
    const proxy = await Proxy.open(cp, name, new Random(seed, `line ${name}`), speech);
    const replica = new Replica(cp, setting, new Random(seed, `clock ${name}`), proxy);
    await replica.start();
    return replica;
  }

  /** Starts it, as often as it takes: in a cluster the kubelet does that. */
  async start(): Promise<void> {
    const deadline = performance.now() + START_MS;
    const { namespaces, admission, baseline } = this.#setting;
    const drift = this.#random.between(-DRIFT_MS, DRIFT_MS);
    for (;;)
      try {
        this.#restamp = await startRestamp(this.#cp, {
          namespaces,
          admission,
          flags: [...FLAGS, `--baseline=${baseline}`, `--kubeconfig=${this.proxy.kubeconfig}`],
          env: { NODE_OPTIONS: `--import=${DRIFT}`, CHAOS_DRIFT_MS: String(drift) },
        });
        this.#runs.push({ restamp: this.#restamp, drift });
        return;
      } catch (error) {
        if (performance.now() > deadline) throw error;
      }
  }

  /** What it said, each time that it ran; `true` is the time by a clock that is right. */
  get lines(): LogLine[] {
    return this.#runs.flatMap(({ restamp, drift }, run) =>
      restamp.lines.map((line) => ({
        run,
        true: new Date(Date.parse(String(line['time'])) - drift),
        ...line,
      })),
    );
  }

  /** SIGKILL. */
  async kill(): Promise<void> {
    this.#count();
    await this.#restamp?.kill();
    this.#restamp = undefined;
  }

  /** Starts it again if it has ended by itself; says so. */
  async revive(): Promise<void> {
    if (this.#count()) await this.start();
  }

  /** Resolves with this replica as soon as it has made a roll that it had not made before; fails after `timeoutMs`. */
  async rolling(timeoutMs: number): Promise<this> {
    const restamp = this.#restamp;
    const old = new Set<LogLine>(restamp?.lines);
    await restamp?.until((line) => line.audit === 'roll' && !old.has(line), timeoutMs);
    return this;
  }

  /** SIGTERM, and the end of its line. */
  async close(): Promise<void> {
    await this.#restamp?.stop();
    this.proxy.close();
  }

  /** Whether it has ended by itself. */
  #count(): boolean {
    if (this.#restamp === undefined || isAlive(this.#restamp.pid)) return false;
    this.deaths += 1;
    process.stderr.write(`Restamp ended unasked: ${JSON.stringify(this.#restamp.lines.slice(-5))}\n`);
    this.#restamp = undefined;
    return true;
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
