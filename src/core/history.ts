/** One source in the history of a workload. */
export type RollSource = {
  /** Stamp key: `cm/app`. */
  readonly source: string;
  readonly cause: string;
  /** Names of changed keys, at most {@link MAX_KEYS}; `more` counts the rest. Absent where nobody saw the write. */
  readonly keys?: readonly string[];
  readonly more?: number;
  /** Who changed it, and by which field manager; absent where nobody saw the write. */
  readonly by?: string;
  readonly manager?: string;
  /** RFC 3339: when the change was seen. */
  readonly changed: string;
};

/** Why one roll happened. */
export type RollEntry = {
  /** RFC 3339: when the workload was patched. */
  readonly rolled: string;
  readonly sources: readonly RollSource[];
  /** Why it waited, if it did: names of holds. */
  readonly waited?: readonly string[];
};

const MAX_ENTRIES = 10;
const MAX_KEYS = 20;
const MAX_BYTES = 8 * 1024;

/** Shortens a list of key names to what the history keeps. */
export function shortKeys(keys: readonly string[]): { keys: readonly string[]; more?: number } {
  return keys.length <= MAX_KEYS ? { keys } : { keys: keys.slice(0, MAX_KEYS), more: keys.length - MAX_KEYS };
}

/** Reads `restamp.dev/last-roll`, newest first; what cannot be read is an empty history. */
export function parseHistory(text: string | undefined): RollEntry[] {
  try {
    const entries: unknown = JSON.parse(text ?? '[]');
    return Array.isArray(entries) ? entries.filter(isEntry) : [];
  } catch {
    return [];
  }
}

function isEntry(entry: unknown): entry is RollEntry {
  const { rolled, sources } = (entry ?? {}) as Readonly<Record<string, unknown>>;
  return typeof rolled === 'string' && Array.isArray(sources);
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
