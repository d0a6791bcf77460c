import { ABSENT, isDigest, type Digest } from '../objects/digest.ts';
import { isRecord } from '../api/shape.ts';
import { isLegalName, parseStampKey } from '../api/source.ts';

/** One entry of the map: a source as the workload's pods were rolled, or as it was when first seen. */
export type Stamp = {
  /** Keyed digest, or `-` for a source that does not exist. */
  readonly h: Digest;
  /** The source's uid and resourceVersion at that time: hints that save a read, never facts. */
  readonly uid?: string;
  readonly rv?: string;
  /** The keys that the digest covers, sorted; absent means all. */
  readonly f?: readonly string[];
  /** What pods of older templates may still hold, until the rollout is complete (DESIGN 3.7). */
  readonly was?: Digest;
};

/** The map `restamp.dev/stamps` on a workload. The format is final (DESIGN 4). */
export type StampMap = {
  /** Raised by each write of the map; tells an old map from a newer one. */
  readonly n: number;
  /** Id of the HMAC key of all digests in it. */
  readonly key: string;
  /** RFC 3339 time of the last request that was obeyed. */
  readonly req?: string;
  readonly s: ReadonlyMap<string, Stamp>;
};

/** Why a stored map is no map (DESIGN 2.2); counted by these words. */
export type Unreadable = 'damaged' | 'version' | 'key' | 'foreign';

const VERSION = 1;
/** The longest map that is written, in bytes; the API server allows 256 KiB of annotations in all. */
export const STAMPS_LIMIT_BYTES = 64 * 1024;

/** What the map says that it was made for: `<namespace>/<Kind>/<name>`. A copy on another object is no map. */
export function mapOwner(workload: { namespace: string; kind: string; name: string }): string {
  return `${workload.namespace}/${workload.kind}/${workload.name}`;
}

/** The text of a map for `owner`; entries are sorted, so that equal maps are equal texts. */
export function formatStamps(map: StampMap, owner: string): string {
  const s = Object.fromEntries([...map.s].sort(([a], [b]) => (a < b ? -1 : 1)));
  const req = map.req === undefined ? {} : { req: map.req };
  return JSON.stringify({ v: VERSION, n: map.n, key: map.key, for: owner, ...req, s });
}

/**
 * Reads a stored map. Anything but a whole map of this version, for this owner, under a known key is no map:
 * it is taken as a reason to take baselines again, never as a reason to roll.
 */
export function parseStamps(text: string, owner: string, keyIds: ReadonlySet<string>): StampMap | Unreadable {
  if (Buffer.byteLength(text) > STAMPS_LIMIT_BYTES) return 'damaged';
  let raw: unknown;
  try {
    raw = JSON.parse(text);
  } catch {
    return 'damaged';
  }
  if (!isRecord(raw)) return 'damaged';
  if (raw['v'] !== VERSION) return typeof raw['v'] === 'number' ? 'version' : 'damaged';
  const { n, key, for: madeFor, req, s } = raw;
  if (!Number.isSafeInteger(n) || (n as number) < 0 || typeof key !== 'string' || !isRecord(s))
    return 'damaged';
  if (typeof madeFor !== 'string' || !(req === undefined || typeof req === 'string')) return 'damaged';
  const stamps = parseEntries(s);
  if (stamps === undefined) return 'damaged';
  if (madeFor !== owner) return 'foreign';
  if (!keyIds.has(key)) return 'key';
  return { n: n as number, key, ...(req === undefined ? {} : { req }), s: stamps };
}

function parseEntries(entries: Readonly<Record<string, unknown>>): Map<string, Stamp> | undefined {
  const stamps = new Map<string, Stamp>();
  for (const [name, entry] of Object.entries(entries)) {
    const stamp = parseStamp(entry);
    const source = parseStampKey(name);
    if (stamp === undefined || source === undefined) return undefined;
    // There is no object of an illegal name to compare with, and nobody asks the API server for one.
    if (isLegalName(source.name)) stamps.set(name, stamp);
    else if (stamp.h === ABSENT) stamps.set(name, { h: ABSENT });
  }
  return stamps;
}

function parseStamp(entry: unknown): Stamp | undefined {
  if (!isRecord(entry)) return undefined;
  const { h, uid, rv, f, was } = entry;
  const texts = [uid, rv].every((value) => value === undefined || typeof value === 'string');
  const digests = [h, was === undefined ? h : was].every(
    (value) => typeof value === 'string' && isDigest(value),
  );
  const keys = f === undefined || (Array.isArray(f) && f.every((key) => typeof key === 'string'));
  if (!texts || !digests || !keys) return undefined;
  // What nobody knows is not written again: it may be large, or deeper than can be written at all.
  const known: Partial<Record<keyof Stamp, unknown>> = { h, uid, rv, f, was };
  return Object.fromEntries(Object.entries(known).filter(([, value]) => value !== undefined)) as Stamp;
}

/**
 * What an entry keeps of `old` when it is made current as `h`: as long as a rollout is under way, pods of an older
 * template go on with older data, and an undo can bring that template back.
 */
export function wasBefore(old: Stamp | undefined, h: Digest, settled: boolean): { readonly was?: Digest } {
  if (old === undefined || old.f !== undefined) return {};
  const known = settled ? [old.h] : [old.was, old.h];
  const was = known.find((one) => one !== undefined && one !== h);
  return was === undefined ? {} : { was };
}

/** Whether two maps say the same, apart from counters and from hints, which are never written alone. */
export function sameStamps(a: StampMap, b: StampMap): boolean {
  if (a.key !== b.key || a.req !== b.req || a.s.size !== b.s.size) return false;
  if (a.s === b.s) return true;
  for (const [name, stamp] of a.s) {
    const other = b.s.get(name);
    if (other === undefined || !saysTheSame(other, stamp)) return false;
  }
  return true;
}

/** Whether two entries are equal, hints too. */
export function isSameStamp(a: Stamp, b: Stamp): boolean {
  return a.uid === b.uid && a.rv === b.rv && saysTheSame(a, b);
}

function saysTheSame(a: Stamp, b: Stamp): boolean {
  return a === b || (a.h === b.h && a.was === b.was && sameKeys(a.f, b.f));
}

/** As JSON, because `undefined` is a legal key and no selection is not the selection of that key. */
function sameKeys(a: readonly string[] | undefined, b: readonly string[] | undefined): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b);
}

/**
 * A map that fits into its annotation: what is `expendable` is left out first, from the end of the alphabet, until
 * the text has at most {@link STAMPS_LIMIT_BYTES}, or `room` bytes. `left` names what is not in it; undefined if nothing
 * helps.
 */
export function fitStamps(
  map: StampMap,
  owner: string,
  expendable: (stampKey: string) => boolean,
  room = STAMPS_LIMIT_BYTES,
): { readonly map: StampMap; readonly text: string; readonly left: readonly string[] } | undefined {
  const text = formatStamps(map, owner);
  const limit = Math.min(room, STAMPS_LIMIT_BYTES);
  if (Buffer.byteLength(text) <= limit) return { map, text, left: [] };
  const candidates = [...map.s.keys()].filter(expendable).sort();
  const left: string[] = [];
  let excess = Buffer.byteLength(text) - limit;
  while (excess > 0) {
    const key = candidates.pop();
    if (key === undefined) return undefined;
    left.push(key);
    // The entry, its name in quotes, the colon and a comma.
    excess -= Buffer.byteLength(JSON.stringify(map.s.get(key))) + Buffer.byteLength(JSON.stringify(key)) + 2;
  }
  const gone = new Set(left);
  const fitted = { ...map, s: new Map([...map.s].filter(([key]) => !gone.has(key))) };
  return { map: fitted, text: formatStamps(fitted, owner), left };
}
