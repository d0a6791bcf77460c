import type { Clock } from '../../clock.ts';
import { fitSources, type RollEntry } from '../../core/stamps/history.ts';
import { readRollSource, type RollSource } from '../../core/objects/roll-source.ts';
import { workloadKey, type Workload } from '../../core/objects/workload.ts';
import type { HoldReason } from './hold-reasons.ts';
import type { Seals } from './hold-seals.ts';

/** What `restamp.dev/held` says: it keeps the actors of a roll that waits for long, over a restart of ours too. */
export type Held = {
  readonly reason: HoldReason;
  /** RFC 3339 */
  readonly since: string;
  readonly detail?: string;
  /** What is stale, or the first of it; `more` counts the rest. */
  readonly sources: readonly RollSource[];
  readonly more?: number;
};

/** What is kept and told of one hold, in bytes: as much as of the history. */
const MAX_BYTES = 8 * 1024;
const MAX_DETAIL = 500;

export type HoldsOptions = {
  readonly clock: Clock;
  readonly audit: (fields: Readonly<Record<string, unknown>>, message: string) => void;
  readonly seals: Pick<Seals, 'of'>;
  /** The annotation of this workload should be written. */
  readonly onChange: (key: string) => void;
};

/** These waits are short, or their annotation could not be written either (DESIGN 4). */
const SHORT: ReadonlySet<HoldReason> = new Set([
  'quiet',
  'release',
  'rejected',
  'unavailable',
  'terminating',
  'standby',
]);

const FAILURES: ReadonlySet<HoldReason> = new Set(['rejected', 'unavailable']);

/** Why each stale workload waits: told once in the audit log, and kept on the workload where it takes long. */
export class Holds {
  readonly #options: HoldsOptions;
  readonly #held = new Map<string, Held>();
  /** Which failures were told since the last other hold: they may take turns. */
  readonly #failed = new Map<string, ReadonlySet<HoldReason>>();

  constructor(options: HoldsOptions) {
    this.#options = options;
  }

  hold(workload: Workload, reason: HoldReason, detail: string, entry: RollEntry): void {
    const { clock, audit, onChange } = this.#options;
    const key = workloadKey(workload);
    const known = this.#held.get(key);
    const same = known?.reason === reason;
    const grown = same && countOf(known) < countOf(entry);
    if (same && !grown) return;
    const since = same ? known.since : new Date(clock.now()).toISOString();
    const why = detail.slice(0, MAX_DETAIL);
    const whole: Held = { reason, since, ...(why === '' ? {} : { detail: why }), sources: entry.sources };
    const held = fitSources(whole, MAX_BYTES) ?? { ...whole, sources: [], more: entry.sources.length };
    this.#held.set(key, held);
    const { kind, namespace, name } = workload;
    const { sources, more } = held;
    if (!same && this.#isNews(key, reason))
      audit(
        {
          audit: 'held',
          reason,
          detail: why,
          kind,
          namespace,
          name,
          sources,
          ...(more === undefined ? {} : { more }),
        },
        `${kind} '${name}' in namespace '${namespace}' is stale and held: ${reason}`,
      );
    const wasLong = known !== undefined && !SHORT.has(known.reason);
    if (!SHORT.has(reason) || wasLong) onChange(key);
  }

  /** The workload is rolled, fresh or gone; returns why it waited. */
  release(key: string): Held | undefined {
    const held = this.#held.get(key);
    this.#held.delete(key);
    this.#failed.delete(key);
    return held;
  }

  #isNews(key: string, reason: HoldReason): boolean {
    const told = this.#failed.get(key);
    if (FAILURES.has(reason)) this.#failed.set(key, new Set(told).add(reason));
    else this.#failed.delete(key);
    return told?.has(reason) !== true;
  }

  get(key: string): Held | undefined {
    return this.#held.get(key);
  }

  /**
   * The text of `restamp.dev/held`, in `room` bytes at most; undefined where there should be none, or not even one fits.
   * Each source bears the seal of what is told of it.
   */
  annotation(workload: Workload, room = MAX_BYTES): string | undefined {
    const held = this.#held.get(workloadKey(workload));
    if (held === undefined || SHORT.has(held.reason)) return undefined;
    const sources = held.sources.map((one) => {
      const told = readRollSource(one) ?? one;
      return { ...told, seal: this.#options.seals.of(workload, told) };
    });
    const fitted = fitSources({ ...held, sources }, Math.min(room, MAX_BYTES));
    return fitted && JSON.stringify(fitted);
  }
}

function countOf({ sources, more = 0 }: Pick<Held, 'sources' | 'more'>): number {
  return sources.length + more;
}

/** What `restamp.dev/held` says of its sources, and the seal of each; what cannot be read says nothing. */
export function heldSources(
  text: string | undefined,
): { readonly told: RollSource; readonly seal: unknown }[] {
  try {
    const { sources } = (JSON.parse(text ?? 'null') ?? {}) as { readonly sources?: unknown };
    if (!Array.isArray(sources)) return [];
    return sources.flatMap((one: unknown) => {
      const told = readRollSource(one);
      return told === undefined ? [] : [{ told, seal: (one as { readonly seal?: unknown }).seal }];
    });
  } catch {
    return [];
  }
}
