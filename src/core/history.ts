import { isTime, MAX_KEYS, readRollSource, type RollSource } from './roll-source.ts';

/** Why one roll happened. */
export type RollEntry = {
  /** RFC 3339: when the workload was patched. */
  readonly rolled: string;
  readonly sources: readonly RollSource[];
  /** Why it waited, if it did: names of holds. */
  readonly waited?: readonly string[];
};

const MAX_ENTRIES = 10;
const MAX_BYTES = 8 * 1024;

/** Shortens a list of key names to what the history keeps; `unnamed` are those that are known by their number alone. */
export function shortKeys(keys: readonly string[], unnamed = 0): { keys: readonly string[]; more?: number } {
  const more = unnamed + Math.max(keys.length - MAX_KEYS, 0);
  return more === 0 ? { keys } : { keys: keys.slice(0, MAX_KEYS), more };
}

/** Reads `restamp.dev/last-roll`, newest first; what cannot be read is an empty history, and no entry. */
export function parseHistory(text: string | undefined): RollEntry[] {
  try {
    const entries: unknown = JSON.parse(text ?? '[]');
    return Array.isArray(entries) ? entries.flatMap(readEntry).slice(0, MAX_ENTRIES) : [];
  } catch {
    return [];
  }
}

function readEntry(entry: unknown): RollEntry[] {
  const { rolled, sources, waited } = (entry ?? {}) as Readonly<Record<string, unknown>>;
  if (!isTime(rolled) || !Array.isArray(sources)) return [];
  const why = Array.isArray(waited) ? waited.filter((one) => typeof one === 'string').slice(0, MAX_KEYS) : [];
  const read = sources.map(readRollSource).filter((one) => one !== undefined);
  return [{ rolled, sources: read, ...(why.length === 0 ? {} : { waited: why }) }];
}

/** The new text of `restamp.dev/last-roll`: newest first, at most 10 entries and 8 KiB; undefined if none fits. */
export function addToHistory(text: string | undefined, entry: RollEntry): string | undefined {
  const entries = [entry, ...parseHistory(text)].slice(0, MAX_ENTRIES);
  while (entries.length > 0) {
    const next = JSON.stringify(entries);
    if (Buffer.byteLength(next) <= MAX_BYTES) return next;
    entries.pop();
  }
  return undefined;
}
