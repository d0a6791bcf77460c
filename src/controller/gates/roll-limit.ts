import type { Clock } from '../../clock.ts';
import { leversNamed } from '../../core/template/lever-index.ts';
import type { Workload } from '../../core/objects/workload.ts';

const HOUR_MS = 3_600_000;
/** So many times may another manager take a lever away before it is left to it for a while. */
const REVERTS = 2;
const CONTESTED_MS = 600_000;

type Lever = { readonly container: string; readonly name: string; readonly value: string };
type Rate = {
  rolls: number[];
  levers: readonly Lever[];
  bare: string;
  reverts: number;
  contender?: string;
  /** Who was seen to write the workload last. */
  lastSeen?: string;
  until: number;
};

/** How often each workload was rolled, and whether what a roll wrote has stayed. */
export class RollRates {
  readonly #clock: Clock;
  readonly #limit: number;
  readonly #rates = new Map<string, Rate>();

  /** `limit`: rolls of one workload in an hour; zero means any number. */
  constructor(clock: Clock, limit: number) {
    this.#clock = clock;
    this.#limit = limit;
  }

  /** A workload has been rolled by these levers; `bare` is the digest of the rest of its template. */
  rolled(key: string, levers: readonly Lever[], bare: string): void {
    const now = this.#clock.monotonic();
    const rate = this.#rates.get(key) ?? { rolls: [], levers, bare, reverts: 0, until: 0 };
    rate.rolls = [...rate.rolls.filter((at) => now - at < HOUR_MS), now];
    rate.levers = levers;
    rate.bare = bare;
    this.#rates.set(key, rate);
  }

  /** A roll is stored, and its answer, with the levers that it wrote, is on its way: those of the last one are no measure. */
  rolling(key: string): void {
    const rate = this.#rates.get(key);
    if (rate !== undefined) rate.levers = [];
  }

  /**
   * A workload was written, by `writer` or, perhaps in another replica, by us. True if somebody else took our levers away
   * and changed nothing else of its template.
   */
  saw(
    key: string,
    workload: Pick<Workload, 'levers' | 'bare'>,
    writer: string | undefined,
    byUs = false,
  ): boolean {
    const rate = this.#rates.get(key);
    if (rate === undefined || rate.levers.length === 0) return false;
    const has = (wanted: Lever): boolean =>
      leversNamed(workload.levers, wanted.name).some(
        ({ container, value }) => container === wanted.container && value === wanted.value,
      );
    if (rate.levers.every(has)) return false;
    if (byUs || workload.bare !== rate.bare) {
      // A newer roll has taken their place; or it is a new template: what it lacks, it lacks on purpose.
      rate.levers = [];
      return false;
    }
    rate.levers = [];
    rate.reverts += 1;
    rate.contender = rate.lastSeen ?? writer ?? 'an unknown manager';
    if (rate.reverts < REVERTS) return true;
    rate.until = this.#clock.monotonic() + CONTESTED_MS;
    rate.reverts = 0;
    return true;
  }

  /** Admission saw `writer` write a workload: who only takes something away owns no field that could tell later. */
  seen(key: string, writer: string): void {
    const rate = this.#rates.get(key);
    if (rate !== undefined) rate.lastSeen = writer;
  }

  forget(key: string): void {
    this.#rates.delete(key);
  }

  /** Milliseconds until one more roll is within the limit; zero if it is now. */
  waitMs(key: string): number {
    const rolls = this.#rates.get(key)?.rolls ?? [];
    const now = this.#clock.monotonic();
    const recent = rolls.filter((at) => now - at < HOUR_MS);
    const oldest = recent.at(-this.#limit);
    return this.#limit === 0 || oldest === undefined ? 0 : oldest + HOUR_MS - now;
  }

  /** Milliseconds for which a workload is left to the manager that reverts us; zero if there is none. */
  contestedMs(key: string): number {
    return Math.max(0, (this.#rates.get(key)?.until ?? 0) - this.#clock.monotonic());
  }

  /** The manager that took our levers away. */
  contender(key: string): string | undefined {
    return this.#rates.get(key)?.contender;
  }
}
