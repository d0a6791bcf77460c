import type { HasTeardown } from '../../controlplane/shared.ts';
import { startBalancer, type Balancer } from './balancer.ts';
import { get } from './metrics.ts';
import { startRestamp, type LogLine, type Restamp } from './restamp-process.ts';
import type { Stage } from './environment.ts';

/** Three Restamps of one installation behind one address. */
export class Trio {
  readonly balancer: Balancer;
  readonly #stage: Stage;
  readonly #flags: readonly string[];
  readonly #all: Restamp[] = [];
  readonly #ports = new Map<Restamp, number>();

  private constructor(stage: Stage, balancer: Balancer, flags: readonly string[]) {
    this.#stage = stage;
    this.balancer = balancer;
    this.#flags = flags;
  }

  /** Starts all three at once; they end with `t`. */
  static async open(t: HasTeardown, stage: Stage, flags: readonly string[] = []): Promise<Trio> {
    const trio = new Trio(stage, await startBalancer(t), flags);
    t.teardown(() => Promise.all(trio.#all.map((one) => one.stop())));
    await Promise.all([trio.start(), trio.start(), trio.start()]);
    return trio;
  }

  /** Starts one more. */
  async start(flags: readonly string[] = []): Promise<Restamp> {
    const restamp = await startRestamp(this.#stage.cp, {
      namespaces: [this.#stage.ns],
      flags: [
        ...this.#flags,
        `--admission-url=${this.balancer.url}`,
        '--replica-address=127.0.0.1',
        ...flags,
      ],
    });
    const port = Number(new URL(restamp.admissionUrl).port);
    this.balancer.backends.push(port);
    this.#all.push(restamp);
    this.#ports.set(restamp, port);
    return restamp;
  }

  /** Those that run. */
  get running(): Restamp[] {
    return this.#all.filter((one) => this.#ports.has(one));
  }

  /** The log of all that ever ran. */
  get lines(): LogLine[] {
    return this.#all.flatMap(({ lines }) => lines);
  }

  /** The one that rolls, now or soon. */
  async leader(): Promise<Restamp> {
    const { cp, ns } = this.#stage;
    const lease = `/apis/coordination.k8s.io/v1/namespaces/restamp/leases/${ns}`;
    for (let version = ''; ;) {
      const { metadata } = await cp.untilObject(lease, (one) => one.metadata.resourceVersion !== version);
      version = metadata.resourceVersion;
      for (const one of this.running) if (get(await metricsOf(one), 'restamp_leader') === 1) return one;
    }
  }

  /** Ends one by SIGTERM, or by SIGKILL; returns the exit code. */
  async end(restamp: Restamp, how: 'stop' | 'kill'): Promise<number | undefined> {
    const port = this.#ports.get(restamp);
    this.#ports.delete(restamp);
    const code = await restamp[how]();
    // Another program may be given its port from now on.
    this.balancer.backends = this.balancer.backends.filter((one) => one !== port);
    return code ?? undefined;
  }

  /** How many reviews each of those that run has answered. */
  reviews(): Promise<number[]> {
    return Promise.all(
      this.running.map(async (one) => {
        return get(await metricsOf(one), 'restamp_admission_seconds_count', { outcome: 'allowed' });
      }),
    );
  }
}

export async function metricsOf({ opsUrl }: Restamp): Promise<string> {
  return (await fetch(`${opsUrl}/metrics`)).text();
}
