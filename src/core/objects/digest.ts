import { createHash, createHmac } from 'node:crypto';
import type { SourceData } from './source-data.ts';

/** A keyed digest in the map: 128 bits of HMAC-SHA-256 as 22 characters of base64url. */
export type Digest = string;

/** What stands in the map for a source that does not exist (DESIGN 2.5). */
export const ABSENT: Digest = '-';

const DIGEST_BYTES = 16;
const DIGEST_FORM = /^[A-Za-z0-9_-]{22}$/;

export function isDigest(text: string): boolean {
  return text === ABSENT || DIGEST_FORM.test(text);
}

/**
 * Reloader's hash, byte for byte (reloader.md 5): SHA-1, in hex, of the sorted `key=value` strings joined
 * by `;`. Values of Secrets are their decoded bytes; `binaryData` stays base64 text. The sort takes the
 * whole string in, so `a-b=…` comes before `a=…`.
 */
export function reloaderHash(source: SourceData): string {
  const entries: Buffer[] = [];
  for (const [key, value] of source.data)
    entries.push(
      Buffer.concat([
        Buffer.from(`${key}=`),
        Buffer.from(value, source.type === 'secret' ? 'base64' : 'utf8'),
      ]),
    );
  for (const [key, value] of source.binaryData) entries.push(Buffer.from(`${key}=${value}`));
  entries.sort((a, b) => a.compare(b));
  const hash = createHash('sha1');
  entries.forEach((entry, index) => {
    if (index > 0) hash.update(';');
    hash.update(entry);
  });
  return hash.digest('hex');
}

const LEVER_LABEL = 'restamp.dev/lever\0';
/** As long as a SHA-1 in hex, so that whoever looks at levers finds what it looks for. */
const LEVER_DIGITS = 40;

/**
 * The value of a lever that tells nothing of the data to who has not our key, where SHA-1 lets a short secret be guessed:
 * 40 hex digits, which follow from our own digest of the whole source.
 */
export function keyedLever(key: Buffer, digest: Digest): string {
  return createHmac('sha256', key).update(LEVER_LABEL).update(digest).digest('hex').slice(0, LEVER_DIGITS);
}

/** What a digest is made for: a key of ours, and the source, so that equal secrets do not look equal. */
export type DigestContext = { readonly key: Buffer; readonly source: string };

/**
 * Our own digest of a source, of all keys or of those in `selection`. Every part is written with its
 * length, so that no two different contents give one text (Reloader's hash has such pairs).
 */
export function keyedDigest(
  context: DigestContext,
  source: SourceData,
  selection?: readonly string[],
): Digest {
  const hmac = createHmac('sha256', context.key);
  const put = (text: string): void => {
    hmac.update(`${Buffer.byteLength(text)}:`);
    hmac.update(text);
  };
  put(context.source);
  const wanted = selection === undefined ? undefined : new Set(selection);
  for (const [name, values] of [
    ['data', source.data],
    ['binaryData', source.binaryData],
  ] as const) {
    for (const key of [...values.keys()].sort()) {
      if (wanted !== undefined && !wanted.has(key)) continue;
      put(name);
      put(key);
      put(values.get(key) ?? '');
    }
  }
  return hmac.digest().subarray(0, DIGEST_BYTES).toString('base64url');
}
