import type { Clock } from '../clock.ts';
import type { RollEntry } from '../core/history.ts';
import { readRollSource, type RollSource } from '../core/roll-source.ts';
import { workloadKey, type Workload } from '../core/workload.ts';
import type { HoldReason } from './hold-reasons.ts';

/** What `restamp.dev/held` says: it keeps the actors of a roll that waits for long, over a restart of ours too. */
export type Held = {
  readonly reason: HoldReason;
  /** RFC 3339 */
  readonly since: string;
  readonly detail?: string;
  readonly sources: readonly RollSource[];
};

export type HoldsOptions = {
  readonly clock: Clock;
  readonly audit: (fields: Readonly<Record<string, unknown>>, message: string) => void;
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

/** Why each stale workload waits: told once in the audit log, and kept on the workload where it takes long. */
export class Holds {
  readonly #options: HoldsOptions;
  readonly #held = new Map<string, Held>();

  constructor(options: HoldsOptions) {
    this.#options = options;
  }

  hold(workload: Workload, reason: HoldReason, detail: string, entry: RollEntry): void {
    const { clock, audit, onChange } = this.#options;
    const key = workloadKey(workload);
    const known = this.#held.get(key);
    const same = known?.reason === reason;
    const grown = same && known.sources.length < entry.sources.length;
    if (same && !grown) return;
    const since = same ? known.since : new Date(clock.now()).toISOString();
    this.#held.set(key, { reason, since, ...(detail === '' ? {} : { detail }), sources: entry.sources });
    const { kind, namespace, name } = workload;
    if (!same)
      audit(
        { audit: 'held', reason, detail, kind, namespace, name, sources: entry.sources },
        `${kind} '${name}' in namespace '${namespace}' is stale and held: ${reason}`,
      );
    const wasLong = known !== undefined && !SHORT.has(known.reason);
    if (!SHORT.has(reason) || wasLong) onChange(key);
  }

  /** The workload is rolled, fresh or gone; returns why it waited. */
  release(key: string): Held | undefined {
    const held = this.#held.get(key);
    this.#held.delete(key);
    return held;
  }

  get(key: string): Held | undefined {
    return this.#held.get(key);
  }

  /** The text of `restamp.dev/held`; undefined where there should be none. */
  annotation(key: string): string | undefined {
    const held = this.#held.get(key);
    return held === undefined || SHORT.has(held.reason) ? undefined : JSON.stringify(held);
  }
}

/** The sources that `restamp.dev/held` names; what cannot be read names none. */
export function heldSources(text: string | undefined): RollSource[] {
  try {
    const { sources } = (JSON.parse(text ?? 'null') ?? {}) as { readonly sources?: unknown };
    if (!Array.isArray(sources)) return [];
    return sources.map(readRollSource).filter((one) => one !== undefined);
  } catch {
    return [];
  }
}
