import { pause, type Clock } from '../clock.ts';
import { reasonOf, RestampError } from '../errors.ts';
import type { KubeClient } from './client.ts';
import { LeaseRecord } from './lease-lock.ts';

export type ElectionOptions = {
  readonly client: Pick<KubeClient, 'send'>;
  readonly clock: Clock;
  /** Namespace and name of the Lease. */
  readonly namespace: string;
  readonly name: string;
  /** Who we are in the Lease: never the same for two that run at once. */
  readonly identity: string;
  /** Where the others reach us while we lead. */
  readonly address?: (() => string | undefined) | undefined;
  /** Called each time leadership begins, and each time it ends: always in turn, never a gain after `stop`. */
  readonly onGain: () => void;
  readonly onLose: () => void;
  /** Called when something went wrong; the election goes on by itself. Must not throw. */
  readonly onTrouble: (error: RestampError) => void;
  /** How long others wait, from the last change of the Lease that they saw, before they take it: 15 s. */
  readonly leaseMs?: number;
  /** Leadership ends this long after the last renewal that succeeded was sent: 10 s. */
  readonly renewMs?: number;
  /** About how often the Lease is renewed, or looked at: 2 s. */
  readonly retryMs?: number;
  /** 0 to 1, for jitter. */
  readonly random?: () => number;
};

/** How often one try looks again at a Lease that changes under its hands. */
const LOOKS = 3;
const JITTER = 0.2;

/**
 * Leader election on a coordination.k8s.io/v1 Lease, by the rules of client-go's leaderelection package: the
 * holder renews it; another takes it when it has not changed for the lease duration as the taker measured it.
 *
 * A leader counts from when it sent its last renewal, others from when they saw it, and `renewMs` is less than
 * `leaseMs`: so it has stopped before another can begin, whatever requests hang and whatever wall clocks say.
 * That holds for a Lease that somebody deletes too, for all who knew its holder.
 * Time in which the whole machine sleeps is not counted; what a leader does must bear that (DESIGN 5).
 * It needs the rights get, create and update, and unlike client-go's it goes on after a loss.
 */
export class LeaderElection {
  readonly #options: Required<Omit<ElectionOptions, 'address'>> & Pick<ElectionOptions, 'address'>;
  readonly #record: LeaseRecord;
  readonly #stopping = new AbortController();
  #running: Promise<void> | undefined;
  readonly #looked = Promise.withResolvers<undefined>();
  #trouble: RestampError | undefined;
  #leading = false;
  /** When leadership ends, unless it is renewed. */
  #deadline = 0;
  #cancelDeadline: () => void = () => undefined;

  /** Fails with RESTAMP_CONFIG_INVALID if the times cannot keep two leaders apart, or without an identity. */
  constructor(options: ElectionOptions) {
    const times = { leaseMs: 15_000, renewMs: 10_000, retryMs: 2_000 };
    this.#options = { ...times, random: Math.random, ...options };
    const { leaseMs, renewMs, retryMs, identity } = this.#options;
    const invalid = (detail: string) =>
      new RestampError('RESTAMP_CONFIG_INVALID', `leader election: ${detail}`);
    if (identity === '') throw invalid('the identity is empty');
    if (!(leaseMs > renewMs && renewMs > retryMs * (1 + JITTER) && retryMs > 0))
      throw invalid(`${leaseMs} ms, ${renewMs} ms and ${retryMs} ms are not lease > renew > 1.2 × retry`);
    // Half the deadline, as client-go: a request that hangs leaves time for another.
    this.#record = new LeaseRecord({ ...this.#options, timeoutMs: renewMs / 2 });
  }

  /** Begins to stand for election; once only. */
  start(): void {
    this.#running ??= this.#run();
  }

  /**
   * Ends leadership at once and then releases the Lease, so that the next look of another takes it: what the
   * leader has under way should have ended before. Ends within `renewMs` × 3 even if requests hang; never rejects.
   */
  async stop(): Promise<void> {
    if (!this.#stopped()) {
      this.#stopping.abort();
      this.#lose();
      this.#record.cancel();
      this.#running = this.#running?.then(() => this.#release());
    }
    await this.#running;
  }

  /** Whether this one leads now; false from the deadline on, even if the timer for it is late. */
  get isLeader(): boolean {
    return this.#leading && this.#options.clock.monotonic() < this.#deadline;
  }

  /** Ends when the Lease was read, and taken if it was free, for the first time: the rights for that are there. */
  get looked(): Promise<undefined> {
    return this.#looked.promise;
  }

  /** Why the last try has failed. */
  get trouble(): RestampError | undefined {
    return this.#trouble;
  }

  /** Who held the Lease when it was last seen; empty if nobody did. */
  get leader(): string {
    return this.#record.holder;
  }

  /** Where another one that leads is reached; undefined if it has not said so, or if we lead. */
  get leaderAddress(): string | undefined {
    return this.leader === '' || this.leader === this.#options.identity
      ? undefined
      : this.#record.holderAddress;
  }

  async #run(): Promise<void> {
    const { clock, renewMs, onTrouble } = this.#options;
    while (!this.#stopped()) {
      let asked = 0;
      try {
        await this.#attempt();
        this.#trouble = undefined;
        this.#looked.resolve(undefined);
      } catch (error) {
        if (this.#stopped()) return;
        const trouble = this.#asTrouble(error);
        this.#trouble = trouble;
        asked = Math.min((trouble.retryAfter ?? 0) * 1000, renewMs);
        onTrouble(trouble);
      }
      await pause(clock, Math.max(this.#pauseMs(), asked), this.#stopping.signal);
    }
  }

  /** Takes or renews the Lease if that is possible now. A leader tries without a look first. */
  async #attempt(): Promise<void> {
    const { clock, identity } = this.#options;
    for (let look = 1; ; look += 1) {
      try {
        if (look > 1 || !this.isLeader) await this.#record.look();
        if (this.leader !== identity && this.leader !== '') this.#lose();
        if (this.#stopped() || !this.#record.isFree) return;
        const sent = clock.monotonic();
        await this.#record.take();
        this.#hold(sent);
        return;
      } catch (error) {
        if (look === LOOKS || !hasMoved(error)) throw error;
      }
    }
  }

  /** The Lease was ours when that was sent. */
  #hold(sent: number): void {
    const { clock, renewMs, onGain } = this.#options;
    const now = clock.monotonic();
    const deadline = sent + renewMs;
    if (now >= this.#deadline) this.#lose();
    if (this.#stopped() || now >= deadline) return;
    this.#cancelDeadline();
    this.#deadline = deadline;
    this.#cancelDeadline = clock.after(deadline - now, () => this.#lose());
    if (this.#leading) return;
    this.#leading = true;
    this.#tell(onGain);
  }

  #lose(): void {
    this.#cancelDeadline();
    if (!this.#leading) return;
    this.#leading = false;
    this.#tell(this.#options.onLose);
  }

  /** A write without an answer may have been stored, so the Lease is looked at whether we led or not. */
  async #release(): Promise<void> {
    for (let look = 1; ; look += 1) {
      try {
        await this.#record.look();
        if (this.#record.isOurs) await this.#record.release();
        return;
      } catch (error) {
        if (look < LOOKS && hasMoved(error)) continue;
        this.#options.onTrouble(this.#asTrouble(error));
        return;
      }
    }
  }

  /** Until the next try: the retry time with jitter, or less where the Lease of another runs out before. */
  #pauseMs(): number {
    const { retryMs, random } = this.#options;
    const retry = retryMs * (1 + JITTER * (2 * random() - 1));
    return this.#record.isFree ? retry : Math.min(retry, this.#record.leftMs);
  }

  /** What throws in a callback must not end the election. */
  #tell(run: () => void): void {
    try {
      run();
    } catch (error) {
      this.#options.onTrouble(this.#asTrouble(error));
    }
  }

  #asTrouble(error: unknown): RestampError {
    if (error instanceof RestampError) return error;
    const { namespace, name } = this.#options;
    const detail = `Lease ${namespace}/${name}: ${reasonOf(error)}`;
    return new RestampError('RESTAMP_KUBE_PROTOCOL', detail, { cause: error });
  }

  #stopped(): boolean {
    return this.#stopping.signal.aborted;
  }
}

/** The Lease is another than the one that was seen. */
function hasMoved(error: unknown): boolean {
  return error instanceof RestampError && error.retry === 'look-again';
}
