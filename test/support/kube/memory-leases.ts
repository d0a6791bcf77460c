import type { Clock } from '../../../src/clock.ts';
import { RestampError, type ErrorCode } from '../../../src/errors.ts';
import type { Call, KubeClient } from '../../../src/kube/client.ts';

export type StoredLease = {
  readonly metadata: {
    readonly name: string;
    readonly resourceVersion: string;
    readonly labels?: object;
    readonly annotations?: object;
  };
  readonly spec: {
    readonly holderIdentity?: string;
    readonly leaseDurationSeconds?: number;
    readonly acquireTime?: string;
    readonly renewTime?: string;
    readonly leaseTransitions?: number;
    readonly strategy?: string;
  };
};

/** How one request fares: milliseconds until it arrives and until its answer is back; Infinity is never. */
export type Fate = { readonly there: number; readonly back: number } | RestampError;
export type Network = (call: Call) => Fate;

export type MemoryLeases = {
  stored: StoredLease | undefined;
  /** `who method` of each request that arrived, in order. */
  readonly calls: string[];
  /** Each spec that was stored, in order. */
  readonly specs: StoredLease['spec'][];
  /** Changes what is stored as somebody else would. */
  edit(change: { readonly spec?: StoredLease['spec']; readonly labels?: object }): void;
  /** A client that heeds no abort signal: what it has sent arrives. */
  clientFor(who: string, network?: Network): Pick<KubeClient, 'send'>;
};

/** One Lease as an API server keeps it: a PUT has to match the resourceVersion, one that changes nothing is not stored. */
export function memoryLeases(clock: Clock): MemoryLeases {
  let version = 0;
  const fail = (code: ErrorCode): never => {
    throw new RestampError(code, 'Lease');
  };
  const store = (lease: StoredLease): StoredLease => {
    const same = JSON.stringify(lease) === JSON.stringify(leases.stored);
    if (!same) version += 1;
    leases.stored = { ...lease, metadata: { ...lease.metadata, resourceVersion: String(version) } };
    leases.specs.push(lease.spec);
    return leases.stored;
  };
  const arrive = ({ method, body }: Call): StoredLease => {
    const { stored } = leases;
    // What is sent is a copy, as on a wire.
    const sent = body === undefined ? undefined : (JSON.parse(JSON.stringify(body)) as StoredLease);
    if (method === 'POST') return stored === undefined ? store(sent!) : fail('RESTAMP_KUBE_CONFLICT');
    if (stored === undefined) return fail('RESTAMP_KUBE_NOT_FOUND');
    if (method === 'GET') return stored;
    return sent?.metadata.resourceVersion === stored.metadata.resourceVersion
      ? store(sent)
      : fail('RESTAMP_KUBE_CONFLICT');
  };
  const after = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      if (ms === 0) resolve();
      else if (ms !== Infinity) clock.after(ms, resolve);
    });
  const leases: MemoryLeases = {
    stored: undefined,
    calls: [],
    specs: [],
    edit: ({ spec, labels }) => {
      const { metadata, spec: before } = leases.stored!;
      store({ metadata: { ...metadata, ...(labels === undefined ? {} : { labels }) }, spec: spec ?? before });
    },
    clientFor: (who, network = () => ({ there: 0, back: 0 })) => ({
      send: async (call) => {
        const fate = network(call);
        if (fate instanceof RestampError) throw fate;
        await after(fate.there);
        leases.calls.push(`${who} ${call.method}`);
        let answer: () => StoredLease;
        try {
          const lease = arrive(call);
          answer = () => lease;
        } catch (error) {
          answer = () => {
            throw error;
          };
        }
        await after(fate.back);
        return answer();
      },
    }),
  };
  return leases;
}
