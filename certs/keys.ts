import { createHash, randomBytes } from 'node:crypto';
import { RestampError } from '../src/errors.ts';

/** A key of the stamps, or of the addresses of reviews: 32 random bytes. `id` is derived from them, and tells nothing about them. */
export type HmacKey = { readonly id: string; readonly key: Buffer };

/** Stamps are made with `current`; those of `former` are still read until no map names their key. So it is with addresses. */
export type HmacKeys = { readonly current: HmacKey; readonly former: readonly HmacKey[] };

const KEY_BYTES = 32;
const VERSION = 1;
/** So that the id equals no other digest of the same bytes. */
const ID_LABEL = 'restamp.dev/hmac-key-id\0';

/** Makes a first key, with no former ones. */
export function createHmacKeys(): HmacKeys {
  return { current: hmacKey(randomBytes(KEY_BYTES)), former: [] };
}

/** Gives a key its id: eight hex digits. */
export function hmacKey(key: Buffer): HmacKey {
  return { id: createHash('sha256').update(ID_LABEL).update(key).digest('hex').slice(0, 8), key };
}

/** The text that `parseHmacKeys` reads. It holds the keys: it belongs in the Secret and nowhere else. */
export function serialiseHmacKeys(keys: HmacKeys): string {
  const entry = ({ id, key }: HmacKey): object => ({ id, key: key.toString('base64') });
  return JSON.stringify({ v: VERSION, current: entry(keys.current), former: keys.former.map(entry) });
}

/**
 * Reads what `serialiseHmacKeys` wrote. Anything else is RESTAMP_CERTS_KEY_UNREADABLE, which says `where` the
 * text was found and what is wrong, and holds nothing of the text.
 */
export function parseHmacKeys(text: string, where: string): HmacKeys {
  const fail = (reason: string): never => {
    throw new RestampError('RESTAMP_CERTS_KEY_UNREADABLE', `${where}: ${reason}`);
  };
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // The parser's own message quotes the text, so it is not passed on (test/unit/certs/keys.test.ts).
    return fail('it is not JSON');
  }
  if (!isObject(value)) return fail('it is not an object');
  if (value['v'] !== VERSION) return fail(`it is not of version ${VERSION}`);
  const former = value['former'];
  if (!Array.isArray(former)) return fail('former is not a list');
  const read = (entry: unknown, name: string): HmacKey => readKey(entry) ?? fail(`${name} is damaged`);
  return {
    current: read(value['current'], 'current'),
    former: former.map((entry, index) => read(entry, `former[${index}]`)),
  };
}

/** The id doubles as a checksum: a key that lost or changed a bit must not pass for another key. */
function readKey(entry: unknown): HmacKey | undefined {
  if (!isObject(entry) || typeof entry['key'] !== 'string') return undefined;
  const found = hmacKey(Buffer.from(entry['key'], 'base64'));
  return found.key.length === KEY_BYTES && found.id === entry['id'] ? found : undefined;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
