import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import t from 'tap';
import { createHmacKeys, hmacKey, parseHmacKeys, serialiseHmacKeys } from '../../../certs/keys.ts';
import { hasCode } from '../../../src/errors.ts';
import { leaksIn } from '../../support/certs/canary.ts';

const WHERE = 'Secret apps/restamp, data key hmac.json';

const thrownBy = (text: string): unknown => {
  try {
    parseHmacKeys(text, WHERE);
  } catch (error) {
    return error;
  }
  return undefined;
};

t.test('createHmacKeys makes 32 random bytes and no former key', async (t) => {
  const [one, other] = [createHmacKeys(), createHmacKeys()];
  t.equal(one.current.key.length, 32);
  t.same(one.former, []);
  t.notOk(one.current.key.equals(other.current.key));
});

t.test('hmacKey derives the same id from the same key, for ever', async (t) => {
  // Maps on workloads name this id: were it derived in another way, every map would be unreadable.
  t.equal(hmacKey(Buffer.alloc(32)).id, '76549963');
  t.match(hmacKey(randomBytes(32)).id, /^[0-9a-f]{8}$/);
});

t.test('parseHmacKeys reads what serialiseHmacKeys wrote', async () => {
  const key = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => hmacKey(Buffer.from(bytes)));
  fc.assert(
    fc.property(fc.record({ current: key, former: fc.array(key, { maxLength: 4 }) }), (keys) => {
      const read = parseHmacKeys(serialiseHmacKeys(keys), WHERE);
      const plain = ({ id, key: bytes }: { id: string; key: Buffer }) => `${id} ${bytes.toString('hex')}`;
      return (
        plain(read.current) === plain(keys.current) &&
        read.former.map(plain).join() === keys.former.map(plain).join()
      );
    }),
  );
});

t.test('parseHmacKeys refuses what is damaged, says where and what, and shows nothing of it', async (t) => {
  const keys = { ...createHmacKeys(), former: [createHmacKeys().current] };
  const text = serialiseHmacKeys(keys);
  const base64 = keys.current.key.toString('base64');
  const former = keys.former[0]!.key.toString('base64');
  const wrongBit = Buffer.from(keys.current.key);
  wrongBit.writeUInt8(wrongBit.readUInt8(31) ^ 1, 31);
  const cases: [name: string, text: string, reason: string][] = [
    ['cut short', text.slice(0, -1), 'it is not JSON'],
    ['the bare key', base64, 'it is not JSON'],
    ['null', 'null', 'it is not an object'],
    ['a list', `["${base64}"]`, 'it is not an object'],
    ['a later version', text.replace('"v":1', '"v":2'), 'it is not of version 1'],
    ['no former keys', text.replace('"former"', '"later"'), 'former is not a list'],
    ['no current key', text.replace('"current"', '"later"'), 'current is damaged'],
    ['a key that is no text', text.replace(`"${base64}"`, '7'), 'current is damaged'],
    ['one bit', text.replace(base64, wrongBit.toString('base64')), 'current is damaged'],
    ['another id', text.replace(keys.current.id, '00000000'), 'current is damaged'],
    ['a short former key', text.replace(former, former.slice(4)), 'former[0] is damaged'],
    ['a former key that is null', text.replace(/"former":.*/, '"former":[null]}'), 'former[0] is damaged'],
  ];
  for (const [name, damaged, reason] of cases) {
    const error = thrownBy(damaged);
    t.ok(hasCode(error, 'RESTAMP_CERTS_KEY_UNREADABLE'), name);
    t.match(error, { detail: `${WHERE}: ${reason}` }, name);
    t.same(leaksIn(error, [keys.current.key, keys.former[0]!.key]), [], name);
  }
});

t.test('parseHmacKeys refuses a key of another length even with a fitting id', async (t) => {
  const short = hmacKey(Buffer.alloc(16, 7));
  const error = thrownBy(serialiseHmacKeys({ current: short, former: [] }));
  t.ok(hasCode(error, 'RESTAMP_CERTS_KEY_UNREADABLE'));
});
