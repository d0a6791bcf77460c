import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import type { Clock } from '../clock.ts';
import type { RestampError } from '../errors.ts';
import type { KubeClient } from '../kube/client.ts';
import { LeaderElection } from '../kube/leader-election.ts';
import type { Log } from '../telemetry/log.ts';
import type { assembleMutator } from './controller.ts';

/** Whether this process may roll: all replicas answer, watch and judge, but only the leader writes (DESIGN 6). */
export type Leadership = {
  readonly isLeader: boolean;
  /** Where another one that leads is reached, if it has said so. */
  readonly leaderAddress?: string | undefined;
  /** Ends when it is known that this process can stand for election. */
  readonly looked: Promise<unknown>;
  /** Why it could not, when it last tried. */
  readonly trouble?: RestampError | undefined;
  start(): void;
  /** Gives the Lease back, so that the next one need not wait for its end. */
  stop(): Promise<void>;
};

export type LeadershipOptions = {
  readonly config: {
    readonly leaderElect: boolean;
    readonly leaseMs: number;
    /** Name of the Lease. */
    readonly instance: string;
    readonly podName: string | undefined;
  };
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly log: Log;
  readonly namespace: string;
  readonly roll: Pick<ReturnType<typeof assembleMutator>, 'mutator' | 'queue' | 'baselines' | 'remakes'>;
  readonly onTrouble: (error: RestampError) => void;
  /** Where the others reach us. */
  readonly address?: (() => string | undefined) | undefined;
  /** This process leads from now on, or does not any more. */
  readonly onLeading?: (leading: boolean) => void;
};

/** The proportions of client-go's 15 s, 10 s and 2 s. */
const RENEW_SHARE = 10 / 15;
const RETRY_SHARE = 2 / 15;

/** Without leader election this process always leads: then nothing else may run beside it. */
export function createLeadership(options: LeadershipOptions): Leadership {
  const { config, client, clock, log, namespace, roll, onTrouble, onLeading } = options;
  const name = config.instance;
  if (!config.leaderElect)
    return {
      isLeader: true,
      looked: Promise.resolve(),
      start: () => {
        void roll.remakes.resume();
        onLeading?.(true);
      },
      stop: () => Promise.resolve(),
    };
  const setActive = (active: boolean): void => {
    roll.queue.setActive(active);
    roll.baselines.setActive(active);
  };
  const turn = (active: boolean): void => {
    setActive(active);
    // What the former leader had begun may have been lost with it; who leads no more waits for no answers of its own.
    roll.mutator.recover();
  };
  setActive(false);
  const identity = `${config.podName ?? hostname()}_${randomUUID()}`;
  return new LeaderElection({
    client,
    clock,
    namespace,
    name,
    identity,
    address: options.address,
    leaseMs: config.leaseMs,
    renewMs: config.leaseMs * RENEW_SHARE,
    retryMs: config.leaseMs * RETRY_SHARE,
    onTrouble,
    onGain: () => {
      log.info({ lease: `${namespace}/${name}`, identity }, 'Leading: this process rolls');
      turn(true);
      void roll.remakes.resume();
      onLeading?.(true);
    },
    onLose: () => {
      log.warn({ lease: `${namespace}/${name}`, identity }, 'No longer leading');
      turn(false);
      roll.remakes.release();
      onLeading?.(false);
    },
  });
}
