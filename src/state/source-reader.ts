import { orOver, pause, type Clock } from '../clock.ts';
import type { ReloaderKeys } from '../core/api/annotations.ts';
import { selects, type Selector } from '../core/api/label-selector.ts';
import type { Current } from '../core/stamps/plan.ts';
import { sourceKey, type SourceRef } from '../core/api/source.ts';
import type { SourceMeta, SourceObject } from '../core/objects/source-metadata.ts';
import { hasCode, isUnanswered, type RestampError } from '../errors.ts';
import type { Faults } from '../faults.ts';
import { digestSource, type KeyRing } from './digested-source.ts';
import { FailureRow } from '../flowcontrol/backoff.ts';
import { moment } from './moment.ts';
import { Turns } from '../flowcontrol/limiter.ts';

/** Reads one source from the API server; undefined where it does not exist. */
export type ReadSource = (ref: SourceRef) => Promise<SourceObject | undefined>;

/** A source as it was read last: digests, never data. */
export type SourceState = (
  | (Extract<Current, { state: 'missing' }> & {
      readonly meta?: undefined;
      /** Of one that is filtered out. */
      readonly resourceVersion?: string;
    })
  | (Extract<Current, { state: 'present' }> & { readonly meta: SourceMeta; readonly lever: string })
) & {
  /** Moments between which the API server has answered: what was heard of before the first asks for no other read. */
  readonly began: number;
  readonly ended: number;
};

/** What a read must be good for. */
export type Need = {
  /** The moment of what it must show; now, if it is not given. */
  readonly since?: number | undefined;
  /** A selection of keys that a digest is wanted of. */
  readonly selection?: readonly string[] | undefined;
};

export type SourceReaderOptions = {
  readonly read: ReadSource;
  readonly ring: KeyRing;
  readonly keys: ReloaderKeys;
  /** Sources without these labels count as filtered out. */
  readonly selector: Selector;
  readonly clock: Clock;
  /** A read has ended: look again at everything that depends on this source. */
  readonly onRead: (ref: SourceRef, state: SourceState, before: SourceState | undefined) => void;
  /** It cannot be read, and that will not be over soon: look again at what depends on it without it. */
  readonly onUnreadable: (ref: SourceRef) => void;
  /** How long reads of a source may fail, while others do not, before it counts as unreadable; a refusal counts at once. */
  readonly patienceMs: number;
  /** Whether the API server may have just started: then it refuses everybody, until it has read all rights. */
  readonly isSettling: () => boolean;
  readonly onTrouble: (error: RestampError) => void;
  readonly faults: Faults;
};

/** The first judgement of a large cluster asks for thousands; rolls and the Lease need the API server as well. */
const READS_AT_ONCE = 32;

const NEVER = new AbortController().signal;

/**
 * Reads the sources of dependencies, once for each stored change, digests them and forgets the data. A change
 * that arrives during a read is read again after it, and each read is told of, so that a source that never rests
 * is not read for nothing; a failed read is tried again until it succeeds.
 */
export class SourceReader {
  readonly #options: SourceReaderOptions;
  readonly #states = new Map<string, SourceState>();
  /** Selections of keys that maps hold digests of, by source. */
  readonly #selections = new Map<string, Map<string, readonly string[]>>();
  readonly #reading = new Map<string, Reading>();
  /** Who waits for the end of a read, by source. */
  readonly #awaited = new Map<string, PromiseWithResolvers<boolean> & { waiters: number }>();
  readonly #turns = new Turns(READS_AT_ONCE);
  /** When the last read has succeeded, on the monotonic clock. */
  #answered = -Infinity;
  /** Ends the pauses of those that have failed since. */
  readonly #asleep = new Set<() => void>();
  #stopped = false;

  constructor(options: SourceReaderOptions) {
    this.#options = options;
  }

  stop(): void {
    this.#stopped = true;
    this.#turns.stop();
  }

  /** Of how many sources it is known what was read last. */
  get size(): number {
    return this.#states.size;
  }

  /** How many reads wait for their turn. */
  get waiting(): number {
    return this.#turns.waiting;
  }

  /** What was read last; undefined if nothing was, or if `digest` could not answer for this selection. */
  state(ref: SourceRef, selection?: readonly string[]): SourceState | undefined {
    const state = this.#states.get(sourceKey(ref));
    // What was read before anybody asked for the selection has no digest of it, and must not look changed.
    const unanswered =
      selection !== undefined &&
      state?.state === 'present' &&
      state.digest(this.#options.ring.current, selection) === '';
    return unanswered ? undefined : state;
  }

  /** Whether reads of this source have failed for so long that nobody should wait for it. They are tried again. */
  unreadable(ref: SourceRef): boolean {
    return this.#reading.get(sourceKey(ref))?.unreadable ?? false;
  }

  /** Whether every read of this source has been refused for so long that it is no mood of an API server that starts. */
  refused(ref: SourceRef): boolean {
    const { clock, patienceMs } = this.#options;
    const since = this.#reading.get(sourceKey(ref))?.refusedSince;
    return since !== undefined && clock.monotonic() - since >= patienceMs;
  }

  /** Forgets a source on which nothing depends any more. */
  forget(ref: SourceRef): void {
    this.#states.delete(sourceKey(ref));
    this.#selections.delete(sourceKey(ref));
  }

  /** What was read, or is being read, says nothing any more: the API server has gone back to an older state. */
  outdate(ref: SourceRef): void {
    const key = sourceKey(ref);
    this.#states.delete(key);
    const reading = this.#reading.get(key);
    if (reading !== undefined) reading.since = moment();
  }

  /** The API server is heard again: what has failed since it last was need not wait until it is tried again. */
  wake(): void {
    for (const wake of this.#asleep) wake();
    this.#asleep.clear();
  }

  /**
   * Reads a source: at once, or again after the read that is under way if that one began too early. `onRead`
   * tells when it is done.
   */
  refresh(ref: SourceRef, need: Need = {}): void {
    this.#want(ref, sourceKey(ref), need).isKept = true;
  }

  /**
   * The same as {@link refresh}, before all that nobody waits for; ends when the source has been read, when it is
   * found to be unreadable, or when `over` aborts, and tells whether it has been read. What nobody else has asked for is
   * not tried again after that.
   */
  async read(ref: SourceRef, need: Need = {}, over: AbortSignal = NEVER): Promise<boolean> {
    const key = sourceKey(ref);
    const awaited = this.#awaited.get(key) ?? { ...Promise.withResolvers<boolean>(), waiters: 0 };
    awaited.waiters += 1;
    this.#awaited.set(key, awaited);
    const { unreadable } = this.#want(ref, key, need);
    this.#turns.hurry(key);
    const isRead = !unreadable && (await orOver(awaited.promise, over)) === true;
    awaited.waiters -= 1;
    if (awaited.waiters === 0 && this.#awaited.get(key) === awaited) this.#awaited.delete(key);
    return isRead;
  }

  /** The read under way that will be good for this, begun now if there is none. */
  #want(ref: SourceRef, key: string, need: Need): Reading {
    const selections = this.#selections.get(key) ?? new Map<string, readonly string[]>();
    const isNew = need.selection !== undefined && !selections.has(String(need.selection));
    if (need.selection !== undefined)
      this.#selections.set(key, selections.set(String(need.selection), need.selection));
    const since = isNew ? moment() : (need.since ?? moment());
    const known = this.#reading.get(key);
    if (known !== undefined) {
      known.since = Math.max(known.since, since);
      return known;
    }
    const reading: Reading = {
      since,
      isKept: false,
      row: new FailureRow(),
      failingSince: undefined,
      unreadable: false,
      refusedSince: undefined,
    };
    this.#reading.set(key, reading);
    void this.#read(ref, key, reading);
    return reading;
  }

  async #read(ref: SourceRef, key: string, reading: Reading): Promise<void> {
    while (!this.#stopped) {
      let state: SourceState;
      try {
        const fetched = this.#turns.run(key, () => {
          // What is heard of during the wait, the read will show.
          return this.#fetch(ref, key, moment());
        });
        if (this.#awaited.has(key)) this.#turns.hurry(key);
        state = await fetched;
      } catch (error) {
        await this.#fail(ref, reading, error);
        if (this.#isWanted(key, reading)) continue;
        this.#reading.delete(key);
        return;
      }
      this.#answered = this.#options.clock.monotonic();
      this.wake();
      reading.row.end();
      reading.failingSince = reading.refusedSince = undefined;
      reading.unreadable = false;
      const again = reading.since > state.began;
      if (!again) this.#reading.delete(key);
      this.#publish(ref, key, state, !again);
      if (!again) return;
    }
  }

  async #fail(ref: SourceRef, reading: Reading, thrown: unknown): Promise<void> {
    const { clock, patienceMs, isSettling, onTrouble, onUnreadable, faults } = this.#options;
    const error = faults.caught(sourceKey(ref), thrown);
    if (error === thrown) onTrouble(error);
    const now = clock.monotonic();
    reading.failingSince ??= now;
    const refused = error.code === 'RESTAMP_KUBE_FORBIDDEN';
    reading.refusedSince = refused ? (reading.refusedSince ?? now) : undefined;
    // While nothing is answered, it is not this source that fails.
    const tooLong = now - reading.failingSince >= patienceMs && this.#answered > reading.failingSince;
    const isRefused = refused && (!isSettling() || this.refused(ref));
    if (!reading.unreadable && (tooLong || isRefused)) {
      reading.unreadable = true;
      this.#endWait(sourceKey(ref), false);
      this.#tell(ref, () => onUnreadable(ref));
    }
    if (!this.#isWanted(sourceKey(ref), reading)) return;
    const over = new AbortController();
    const wake = (): void => over.abort();
    if (isUnanswered(error) && this.#answered <= reading.failingSince) this.#asleep.add(wake);
    await pause(clock, reading.row.next(error), over.signal);
    this.#asleep.delete(wake);
  }

  /** A review that is over waits for nothing any more, and may have named what nobody else will ask for. */
  #isWanted(key: string, reading: Reading): boolean {
    return reading.isKept || this.#awaited.has(key);
  }

  #endWait(key: string, isRead: boolean): void {
    this.#awaited.get(key)?.resolve(isRead);
    this.#awaited.delete(key);
  }

  /** Takes a state in and tells of it; `last`: no other read follows, which is what somebody may await. */
  #publish(ref: SourceRef, key: string, state: SourceState, last: boolean): void {
    const before = this.#states.get(key);
    // The reads of a source follow each other, so this one shows what came later, even if its version is lower.
    this.#states.set(key, state);
    if (last) this.#endWait(key, true);
    this.#tell(ref, () => this.#options.onRead(ref, state, before));
  }

  /** An exception of whoever is told is no failed read: the source would be read without end. */
  #tell(ref: SourceRef, run: () => void): void {
    this.#options.faults.contain(sourceKey(ref), run);
  }

  async #fetch(ref: SourceRef, key: string, began: number): Promise<SourceState> {
    let object: SourceObject | undefined;
    try {
      object = await this.#options.read(ref);
    } catch (error) {
      if (!hasCode(error, 'RESTAMP_KUBE_NOT_FOUND')) throw error;
    }
    const times = { began, ended: moment() };
    if (object === undefined) return { state: 'missing', ...times };
    const { resourceVersion, labels } = object.metadata;
    if (!selects(this.#options.selector, labels))
      return { state: 'missing', filtered: true, resourceVersion, ...times };
    return { ...digestSource(this.#options, ref, object, this.#selections.get(key)?.values()), ...times };
  }
}

type Reading = {
  /** What it must show, which others raise while it is awaited. */
  since: number;
  /** Somebody keeps what it brings: it is tried until it succeeds. */
  isKept: boolean;
  row: FailureRow;
  /** When the first of the tries failed that have failed in a row, on the monotonic clock. */
  failingSince: number | undefined;
  unreadable: boolean;
  /** When the first of the tries was refused that were refused in a row. */
  refusedSince: number | undefined;
};
