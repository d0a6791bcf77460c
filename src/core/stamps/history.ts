import { isCount, isTime, MAX_KEYS, readRollSource, type RollSource } from '../objects/roll-source.ts';

/** Why one roll happened. */
export type RollEntry = {
  /** RFC 3339: when the workload was patched. */
  readonly rolled: string;
  /** All that were stale, or the first of them; `more` counts the rest. */
  readonly sources: readonly RollSource[];
  readonly more?: number;
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

/**
 * When the data of a source were written for which a workload is rolled now; undefined where its times do not tell: an
 * Update that only takes keys away moves none, so that a time before the last roll is that of an older change.
 */
export function changeTime(
  source: { readonly created: number; readonly dataTime: number | undefined } | undefined,
  lastRoll: string | undefined,
): number | undefined {
  const at = source?.dataTime ?? source?.created;
  const rolled = Date.parse(parseHistory(lastRoll)[0]?.rolled ?? '');
  // Both are told in whole seconds, one of them by another clock.
  return at !== undefined && at < Math.floor(rolled / 1000) * 1000 ? undefined : at;
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
  const { rolled, sources, more, waited } = (entry ?? {}) as Readonly<Record<string, unknown>>;
  if (!isTime(rolled) || !Array.isArray(sources)) return [];
  const why = Array.isArray(waited) ? waited.filter((one) => typeof one === 'string').slice(0, MAX_KEYS) : [];
  const read = sources.map(readRollSource).filter((one) => one !== undefined);
  const rest = isCount(more) ? { more } : {};
  return [{ rolled, sources: read, ...rest, ...(why.length === 0 ? {} : { waited: why }) }];
}

/**
 * The new text of `restamp.dev/last-roll`: newest first, at most 10 entries, and at most 8 KiB or `room` bytes. The new
 * entry is cut before it is left out, so that the text changes with each roll; undefined where not even that has room.
 */
export function addToHistory(
  text: string | undefined,
  entry: RollEntry,
  room = MAX_BYTES,
): string | undefined {
  const bytes = Math.min(room, MAX_BYTES);
  const newest = fitSources(entry, bytes - BRACKETS);
  return newest && newestOf([newest, ...parseHistory(text)].slice(0, MAX_ENTRIES), bytes);
}

/** A history without its oldest entries, as far as there is no room for them; undefined where there is for none. */
export function shortenHistory(text: string | undefined, room: number): string | undefined {
  if (text === undefined || Buffer.byteLength(text) <= room) return text;
  return newestOf(parseHistory(text), room);
}

function newestOf(entries: readonly RollEntry[], bytes: number): string | undefined {
  const kept = [...entries];
  while (kept.length > 0 && bytesOf(kept) > bytes) kept.pop();
  return kept.length === 0 ? undefined : JSON.stringify(kept);
}

const BRACKETS = Buffer.byteLength('[]');

/**
 * What names sources, as it fits into `room` bytes of JSON: the first sources, and in `more` how many were left out.
 * Where not even one fits, that one without keys and actors; undefined where nothing does.
 */
export function fitSources<T extends Pick<RollEntry, 'sources' | 'more'>>(
  told: T,
  room: number,
): T | undefined {
  if (bytesOf(told) <= room) return told;
  const { sources, more = 0 } = told;
  const cut = (kept: readonly RollSource[]): T => ({
    ...told,
    sources: kept,
    more: more + sources.length - kept.length,
  });
  let left = room - bytesOf({ ...told, sources: [], more: more + sources.length });
  let count = 0;
  for (const source of sources) {
    // A comma follows.
    left -= bytesOf(source) + 1;
    if (left < 0) break;
    count += 1;
  }
  const slim = sources.slice(0, 1).map(({ source, cause, changed }) => ({ source, cause, changed }));
  const shorter = count > 0 ? [cut(sources.slice(0, count))] : [cut(slim), cut([])];
  return shorter.find((one) => bytesOf(one) <= room);
}

function bytesOf(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value));
}
