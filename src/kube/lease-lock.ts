import type { Clock } from '../clock.ts';
import { ADDRESS, annotation } from '../core/api/annotations.ts';
import { hasCode, RestampError } from '../errors.ts';
import type { Call, KubeClient } from './client.ts';

export type LeaseRecordOptions = {
  readonly client: Pick<KubeClient, 'send'>;
  readonly clock: Clock;
  readonly namespace: string;
  readonly name: string;
  readonly identity: string;
  /** Where the others reach us while it is ours. */
  readonly address?: (() => string | undefined) | undefined;
  readonly leaseMs: number;
  /** How long one request may take. */
  readonly timeoutMs: number;
};

/** Why a request is aborted that nobody has given up. */
const LATE = new DOMException('no answer in time', 'TimeoutError');

type LeaseSpec = {
  readonly holderIdentity?: string;
  readonly leaseDurationSeconds?: number;
  readonly acquireTime?: string;
  readonly renewTime?: string;
  readonly leaseTransitions?: number;
};

/** What is read of a coordination.k8s.io/v1 Lease; whatever else is in it is sent back as it came. */
type Lease = {
  readonly metadata: Readonly<Record<string, unknown>> & {
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly spec?: LeaseSpec;
};

/** The record as it was last seen to change, by our own clock. */
type Seen = { readonly print: string; readonly spec: LeaseSpec; readonly at: number };

/**
 * A Lease as one candidate sees and writes it, under an optimistic lock. Whether it has run out is judged by how
 * long it was seen not to change; its times are written for people and never compared. Fails with RESTAMP_KUBE_*.
 */
export class LeaseRecord {
  readonly #options: LeaseRecordOptions;
  #request: AbortController | undefined;
  /** As it is stored, to be written without a look; undefined if there is none. */
  #lease: Lease | undefined;
  #seen: Seen | undefined;
  #writes = 0;

  constructor(options: LeaseRecordOptions) {
    this.#options = options;
  }

  /** Who held it when it was last seen; empty if nobody did. */
  get holder(): string {
    return this.#seen?.spec.holderIdentity ?? '';
  }

  /** Where its holder is reached, if it has said so. */
  get holderAddress(): string | undefined {
    return annotation(this.#lease?.metadata.annotations, ADDRESS);
  }

  /** Whether it is stored, and ours. */
  get isOurs(): boolean {
    return this.#lease !== undefined && this.holder === this.#options.identity;
  }

  /** Whether it may be taken: nobody's, ours, or not renewed for as long as its holder said. */
  get isFree(): boolean {
    return this.holder === '' || this.holder === this.#options.identity || this.leftMs <= 0;
  }

  /** Milliseconds until it has been still for as long as its holder said. */
  get leftMs(): number {
    if (this.#seen === undefined) return 0;
    const { leaseDurationSeconds } = this.#seen.spec;
    const durationMs =
      leaseDurationSeconds === undefined ? this.#options.leaseMs : leaseDurationSeconds * 1000;
    return this.#seen.at + durationMs - this.#options.clock.monotonic();
  }

  /** Reads it. That there is none is no error. */
  async look(): Promise<void> {
    try {
      this.#see(await this.#send('GET'));
    } catch (error) {
      if (!hasCode(error, 'RESTAMP_KUBE_NOT_FOUND')) throw error;
      this.#see(undefined);
    }
  }

  /** Makes it ours, or renews it. */
  take(): Promise<void> {
    const { identity, leaseMs } = this.#options;
    const { spec = {} } = this.#lease ?? {};
    const now = this.#microTime();
    const ours = spec.holderIdentity === identity;
    const transitions = spec.leaseTransitions ?? 0;
    const taken = {
      holderIdentity: identity,
      leaseDurationSeconds: Math.ceil(leaseMs / 1000),
      acquireTime: ours ? (spec.acquireTime ?? now) : now,
      renewTime: now,
      leaseTransitions: ours || this.#lease === undefined ? transitions : transitions + 1,
    };
    return this.#write(taken, this.#options.address?.());
  }

  /** Makes it nobody's, in client-go's form. */
  release(): Promise<void> {
    const now = this.#microTime();
    const nobodys = { holderIdentity: '', leaseDurationSeconds: 1, acquireTime: now, renewTime: now };
    return this.#write(nobodys, undefined);
  }

  /** Ends the request that is under way; whether a write is stored is unknown then. */
  cancel(): void {
    this.#request?.abort();
  }

  async #write(spec: LeaseSpec, address: string | undefined): Promise<void> {
    const { namespace, name } = this.#options;
    const type = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease' };
    const { [ADDRESS]: former, ...others } = this.#lease?.metadata.annotations ?? {};
    const annotations = address === undefined ? others : { ...others, [ADDRESS]: address };
    const noted = former === undefined && address === undefined ? {} : { annotations };
    if (this.#lease === undefined)
      this.#see(await this.#send('POST', { ...type, metadata: { namespace, name, ...noted }, spec }));
    else {
      const metadata = { ...this.#lease.metadata, ...noted };
      this.#see(
        await this.#send('PUT', {
          ...type,
          ...this.#lease,
          metadata,
          spec: { ...this.#lease.spec, ...spec },
        }),
      );
    }
  }

  #see(lease: Lease | undefined): void {
    this.#lease = lease;
    // The holder of a Lease that was deleted may not know it yet: what was seen of it still counts.
    if (lease === undefined) return;
    const { spec = {} } = lease;
    const print = JSON.stringify(spec);
    if (print !== this.#seen?.print) this.#seen = { print, spec, at: this.#options.clock.monotonic() };
  }

  /** Sends one request; it fails when it takes too long, even if nothing heeds the signal. */
  async #send(method: Call['method'], body?: Lease): Promise<Lease> {
    const { client, clock, namespace, name, timeoutMs } = this.#options;
    const all = `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases`;
    const path = method === 'POST' ? all : `${all}/${name}`;
    const abort = new AbortController();
    const late = Promise.withResolvers<never>();
    abort.signal.addEventListener('abort', () =>
      late.reject(new RestampError('RESTAMP_KUBE_UNAVAILABLE', `${method} ${path}: no answer in time`)),
    );
    const cancelTimer = clock.after(timeoutMs, () => abort.abort(LATE));
    this.#request = abort;
    try {
      const call = { method, path, signal: abort.signal, ...(body === undefined ? {} : { body }) };
      return (await Promise.race([client.send(call), late.promise])) as Lease;
    } finally {
      cancelTimer();
      this.#request = undefined;
    }
  }

  /**
   * The wall clock as a MicroTime. Its last three digits count our writes: a write that changes nothing is not
   * stored, so nobody would see a renewal while the wall clock stands still.
   */
  #microTime(): string {
    this.#writes = (this.#writes + 1) % 1000;
    const digits = String(this.#writes).padStart(3, '0');
    return new Date(this.#options.clock.now()).toISOString().replace('Z', `${digits}Z`);
  }
}
