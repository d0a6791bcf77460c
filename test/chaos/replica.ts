import type { Connection } from '../controlplane/connection.ts';
import { startRestamp, type LogLine, type Restamp } from '../e2e/restamp.ts';
import { Proxy } from './proxy.ts';
import type { Random } from './random.ts';

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

/** One of two Restamps of the same installation, with a line of its own to the API server. */
export class Replica {
  readonly proxy: Proxy;
  /** How often it ended without being asked to, its own failures to start aside. */
  deaths = 0;
  readonly #cp: Connection;
  readonly #ns: string;
  readonly #runs: Restamp[] = [];
  #restamp: Restamp | undefined;

  private constructor(cp: Connection, ns: string, proxy: Proxy) {
    this.#cp = cp;
    this.#ns = ns;
    this.proxy = proxy;
  }

  static async open(cp: Connection, ns: string, name: string, random: Random): Promise<Replica> {
    const replica = new Replica(cp, ns, await Proxy.open(cp, name, random));
    await replica.start();
    return replica;
  }

  /** Starts it, as often as it takes: in a cluster the kubelet does that. */
  async start(): Promise<void> {
    const deadline = performance.now() + START_MS;
    for (;;)
      try {
        this.#restamp = await startRestamp(this.#cp, {
          namespaces: [this.#ns],
          flags: [...FLAGS, `--kubeconfig=${this.proxy.kubeconfig}`],
        });
        this.#runs.push(this.#restamp);
        return;
      } catch (error) {
        if (performance.now() > deadline) throw error;
      }
  }

  /** What it said, each time that it ran. */
  get lines(): LogLine[] {
    return this.#runs.flatMap(({ lines }) => lines);
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
