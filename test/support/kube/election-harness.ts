import { setImmediate } from 'node:timers/promises';
import type { Clock } from '../../../src/clock.ts';
import { RestampError } from '../../../src/errors.ts';
import { LeaderElection, type ElectionOptions } from '../../../src/kube/leader-election.ts';
import type { FakeClock } from '../fake-clock.ts';
import type { Fate, MemoryLeases, Network } from './memory-leases.ts';

export const START = Date.UTC(2026, 10, 22);
export const PROMPT: Fate = { there: 0, back: 0 };
export const HANGS: Fate = { there: Infinity, back: Infinity };
export const OUTAGE = new RestampError('RESTAMP_KUBE_UNAVAILABLE', 'down');

export type Candidate = LeaderElection & { readonly said: string[]; readonly troubles: RestampError[] };

/** A candidate on a server in memory, with the default times and, unless `random` is given, pauses without jitter. */
export function candidate(
  clock: Clock,
  leases: MemoryLeases,
  options: Partial<ElectionOptions> & { readonly identity: string; readonly network?: Network },
): Candidate {
  const said: string[] = [];
  const troubles: RestampError[] = [];
  const election = new LeaderElection({
    client: leases.clientFor(options.identity, options.network),
    clock,
    namespace: 'own',
    name: 'restamp',
    onGain: () => said.push('gain'),
    onLose: () => said.push('lose'),
    onTrouble: (error) => troubles.push(error),
    random: () => 0.5,
    ...options,
  });
  return Object.assign(election, { said, troubles });
}

/** Lets time pass in steps of 100 ms, and all that is pending happen after each. */
export async function pass(clock: FakeClock, ms: number, each: () => void = () => undefined): Promise<void> {
  await setImmediate();
  for (let left = ms; left > 0; left -= 100) {
    clock.advance(Math.min(left, 100));
    await setImmediate();
    each();
  }
}

/** Stores a Lease that its holder, `gone`, will never renew. */
export function leaveBehind(leases: MemoryLeases, spec: object = {}): void {
  leases.stored = {
    metadata: { name: 'restamp', resourceVersion: '7' },
    spec: {
      holderIdentity: 'gone',
      leaseDurationSeconds: 15,
      acquireTime: '2026-11-21T00:00:00.000000Z',
      renewTime: '2026-11-21T00:00:00.000000Z',
      leaseTransitions: 4,
      ...spec,
    },
  };
}
