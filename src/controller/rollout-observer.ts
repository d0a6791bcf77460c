import type { Clock } from '../clock.ts';
import {
  rolloutRemains,
  rolloutStatus,
  type FailReason,
  type RolloutFacts,
  type WaitReason,
} from '../core/objects/rollout.ts';

/** How a rollout went, as far as it has gone. After a failure or a wait, `completed` may still come. */
export type RolloutOutcome =
  /** `seconds` since the roll. */
  | { readonly is: 'completed'; readonly seconds: number }
  | { readonly is: 'failed'; readonly reason: FailReason }
  | { readonly is: 'waiting'; readonly reason: WaitReason };

export type RolloutObserverOptions = {
  readonly clock: Clock;
  /** How long a StatefulSet or DaemonSet may be without progress: 10 minutes, as for Deployments. */
  readonly deadlineMs?: number;
  /** Hears each outcome once for each roll. Must not throw. */
  readonly onOutcome: (key: string, outcome: RolloutOutcome) => void;
  /** How many rollouts are followed at once; beyond that the one rolled longest ago is given up. */
  readonly limit?: number;
};

type Watched = {
  facts: RolloutFacts;
  readonly rolledAt: number;
  /** From when the deadline counts: the roll, its last progress, or the end of a wait. */
  since: number;
  /** The fewest steps that it had before it. */
  least: number;
  waiting: boolean;
  readonly reported: Set<string>;
  cancelTimer: () => void;
};

const DEADLINE_MS = 600_000;
const LIMIT = 20_000;

/**
 * Follows rollouts from their roll to their completion. It is told of each state of a workload and keeps a few
 * numbers of the last one; a workload is forgotten when its rollout is complete.
 */
export class RolloutObserver {
  readonly #options: Required<RolloutObserverOptions>;
  readonly #watched = new Map<string, Watched>();
  /** What was seen of workloads whose roll is on its way: an event may overtake the answer to the patch. */
  readonly #rolling = new Map<string, RolloutFacts | undefined>();

  constructor(options: RolloutObserverOptions) {
    this.#options = { deadlineMs: DEADLINE_MS, limit: LIMIT, ...options };
  }

  /** A workload is about to be rolled: `rolled` or `notRolled` follows. */
  rolling(key: string): void {
    this.#rolling.set(key, undefined);
  }

  /** The roll that was about to be was none. One before it is still followed. */
  notRolled(key: string): void {
    this.#rolling.delete(key);
  }

  /** A workload has been rolled: `facts` are of the state that this stored. An earlier roll of it counts no more. */
  rolled(key: string, facts: RolloutFacts): void {
    const { clock, limit } = this.#options;
    const now = clock.monotonic();
    const seen = this.#rolling.get(key);
    this.forget(key);
    const oldest = this.#watched.size >= limit ? this.#watched.keys().next().value : undefined;
    if (oldest !== undefined) this.forget(oldest);
    const watched: Watched = {
      facts,
      rolledAt: now,
      since: now,
      least: Infinity,
      waiting: false,
      reported: new Set(),
      cancelTimer: () => undefined,
    };
    this.#watched.set(key, watched);
    this.#judge(key, watched);
    if (seen?.uid === facts.uid) this.look(key, seen);
  }

  /** Whether a rollout of this workload is followed or about to be: if not, `look` need not be called. */
  follows(key: string): boolean {
    return this.#watched.has(key) || this.#rolling.has(key);
  }

  /** The workload was seen. A state older than the one known is ignored, another object of its name ends it. */
  look(key: string, facts: RolloutFacts): void {
    if (this.#rolling.has(key)) this.#rolling.set(key, facts);
    const watched = this.#watched.get(key);
    if (watched === undefined) return;
    const known = watched.facts;
    if (facts.uid !== known.uid) {
      this.forget(key);
      return;
    }
    if (facts.generation < known.generation) return;
    // Another spec is another way to go.
    if (facts.generation > known.generation) watched.least = Infinity;
    watched.facts = facts;
    const remains = rolloutRemains(facts);
    if (remains < watched.least) {
      watched.least = remains;
      watched.since = this.#options.clock.monotonic();
    }
    this.#judge(key, watched);
  }

  /** The workload is gone, or its rollouts are no concern of ours any more. */
  forget(key: string): void {
    this.#watched.get(key)?.cancelTimer();
    this.#watched.delete(key);
    this.#rolling.delete(key);
  }

  /** How many rollouts are followed. */
  get size(): number {
    return this.#watched.size;
  }

  /** Ends all; nothing is reported after. */
  stop(): void {
    for (const key of [...this.#watched.keys()]) this.forget(key);
  }

  #judge(key: string, watched: Watched): void {
    const { clock, deadlineMs } = this.#options;
    const { facts } = watched;
    const now = clock.monotonic();
    // Nobody was to make progress while it waited.
    if (watched.waiting) watched.since = now;
    const status = rolloutStatus(facts, { elapsedMs: now - watched.since, deadlineMs });
    watched.waiting = status.is === 'waiting';
    watched.cancelTimer();
    if (status.is === 'complete') {
      this.#watched.delete(key);
      this.#report(key, watched, { is: 'completed', seconds: (now - watched.rolledAt) / 1000 });
    } else if (status.is !== 'progressing') this.#report(key, watched, status);
    else if (facts.deadline === 'ours') {
      // None is left for what is held back before its controller has seen it: that never fails.
      const left = watched.since + deadlineMs - now;
      if (left > 0) watched.cancelTimer = clock.after(left, () => this.#judge(key, watched));
    }
  }

  #report(key: string, { reported }: Watched, outcome: RolloutOutcome): void {
    const print = `${outcome.is} ${'reason' in outcome ? outcome.reason : ''}`;
    if (reported.has(print)) return;
    reported.add(print);
    this.#options.onOutcome(key, outcome);
  }
}
