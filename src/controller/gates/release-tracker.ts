import type { Clock } from '../../clock.ts';

type Known = { last: number; readonly writes: Map<string, number> };

/** No release is waited for longer than this after the source was written, however often it is written. */
const LONGEST_MS = 60_000;
/** A release that was not written for so long has ended. */
const ENDED_MS = 120_000;

/** When the tools last wrote what belongs to each release: a source waits for the workload's write (DESIGN 3.4). */
export class Releases {
  readonly #clock: Clock;
  readonly #known = new Map<string, Known>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** A release tool has written an object of a release; `object` is its key. */
  wrote(release: string, object: string): void {
    const now = this.#clock.monotonic();
    for (const [one, { last }] of this.#known) if (now - last > ENDED_MS) this.#known.delete(one);
    const known = this.#known.get(release) ?? { last: now, writes: new Map<string, number>() };
    known.last = now;
    known.writes.set(object, now);
    this.#known.set(release, known);
  }

  /**
   * Milliseconds to wait for the release's write of a workload after its write of a source; zero if it has come,
   * or if the release has been quiet for `quietMs`.
   */
  waitMs(release: string, source: string, workload: string, quietMs: number): number {
    const known = this.#known.get(release);
    const sourceAt = known?.writes.get(source);
    if (known === undefined || sourceAt === undefined) return 0;
    if ((known.writes.get(workload) ?? -Infinity) >= sourceAt) return 0;
    return Math.max(0, Math.min(known.last + quietMs, sourceAt + LONGEST_MS) - this.#clock.monotonic());
  }
}
