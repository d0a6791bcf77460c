import { sameStamps, type StampMap } from './stamp-map.ts';

/** The map of one workload uid, as one process knows it (DESIGN 2.2). */
export type KnownMap = {
  /** What counts: the stored one, with what is in memory alone. What was never written does not raise its counter. */
  readonly map: StampMap;
  /** The last good one that this process saw stored, or wrote; undefined if there was none. */
  readonly stored: StampMap | undefined;
};

/** What is known beside a stored map. */
export type Storing = {
  /** The pods were started anew since the map before: they run what was stored then. */
  readonly restarted: boolean;
  /** A map that this process was writing, whole: what is stored may be this, cut to fit. */
  readonly writing: StampMap | undefined;
};

/** Takes in what is in memory alone: it counts until a map is stored that was not there before. */
export function keepInMemory(known: KnownMap | undefined, map: StampMap): KnownMap {
  const stored = known?.stored;
  return { map: { ...map, n: stored?.n ?? 0 }, stored };
}

/**
 * Takes in a map that is stored. It supersedes what is known, whoever wrote it, unless its counter is below that of the
 * last one that was stored: `kubectl replace` and `rollout undo` bring an older one back while no webhook looks.
 *
 * What memory has beside it may not have fitted in, and stays. Of pods that were started anew nothing is known that
 * the map does not say, but by who wrote it.
 */
export function takeStored(
  known: KnownMap | undefined,
  stored: StampMap,
  { restarted, writing }: Storing,
): KnownMap {
  const last = known?.stored;
  if (known !== undefined && last !== undefined && (stored.n < last.n || isSameMap(stored, last)))
    return known;
  const whole = writing !== undefined && isPartOf(stored, writing) ? writing : undefined;
  const more = whole ?? (restarted ? undefined : known?.map);
  const left = more?.key === stored.key ? [...more.s].filter(([key]) => !stored.s.has(key)) : [];
  const map = left.length === 0 ? stored : { ...stored, s: new Map([...stored.s, ...left]) };
  return { map, stored };
}

/** Whether two stored maps are one. Nobody writes an entry without raising the counter. */
export function isSameMap(a: StampMap, b: StampMap): boolean {
  return a.n === b.n && sameStamps(a, b);
}

/** Whether a stored map is one that was to be written, perhaps without what did not fit. */
function isPartOf(stored: StampMap, whole: StampMap): boolean {
  const said = (key: string): boolean => stored.s.get(key)?.h === whole.s.get(key)?.h;
  return stored.n === whole.n && stored.key === whole.key && [...stored.s.keys()].every(said);
}
