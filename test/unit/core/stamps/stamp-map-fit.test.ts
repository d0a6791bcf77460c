import fc from 'fast-check';
import t from 'tap';
import {
  fitStamps,
  formatStamps,
  STAMPS_LIMIT_BYTES,
  type Stamp,
  type StampMap,
} from '../../../../src/core/stamps/stamp-map.ts';

const OWNER = 'prod/Deployment/api';
const stamp: Stamp = {
  h: 'fsjCft6c6UQL5st0iqU1fA',
  uid: '0b1e7f9c-9c53-4f57-9f43-6a2a0b6d1c55',
  rv: '123456',
};

/** A map with `count` entries, `cm/s0000` and so on. */
function mapOf(count: number): StampMap {
  const names = Array.from({ length: count }, (_, at) => `cm/s${String(at).padStart(4, '0')}`);
  return { n: 1, key: 'k1', req: 'r', s: new Map(names.map((name) => [name, stamp])) };
}
const bytesOf = (map: StampMap): number => Buffer.byteLength(formatStamps(map, OWNER));
/** A map whose text has exactly this many bytes. */
function mapOfBytes(bytes: number): StampMap {
  const map = mapOf(100);
  const filler = { ...stamp, f: [''] };
  const s = new Map([...map.s, ['cm/filler', filler]] as const);
  const missing = bytes - bytesOf({ ...map, s });
  return { ...map, s: new Map([...s, ['cm/filler', { ...filler, f: ['k'.repeat(missing)] }]]) };
}
const always = (): boolean => true;
const never = (): boolean => false;

t.test('STAMPS_LIMIT_BYTES is a quarter of what the API server gives to all annotations', async (t) => {
  t.equal(STAMPS_LIMIT_BYTES, 65_536);
});

t.test('fitStamps leaves a map alone that fits, to the last byte', async (t) => {
  for (const map of [mapOf(3), mapOfBytes(65_536)])
    t.same(fitStamps(map, OWNER, always), { map, text: formatStamps(map, OWNER), left: [] });
});

t.test('fitStamps leaves out one entry for one byte too many: the last of the alphabet', async (t) => {
  const map = mapOfBytes(65_537);
  const fitted = fitStamps(map, OWNER, always)!;
  t.same(fitted.left, ['cm/s0099']);
  t.notOk(fitted.map.s.has('cm/s0099'));
  t.equal(fitted.map.s.size, map.s.size - 1);
  t.has(fitted.map, { n: 1, key: 'k1', req: 'r' });
  t.equal(fitted.text, formatStamps(fitted.map, OWNER));
});

t.test('fitStamps never leaves out what is not expendable', async (t) => {
  const even = (key: string): boolean => /[02468]$/.test(key);
  const fitted = fitStamps(mapOf(700), OWNER, even)!;
  t.ok(fitted.left.length > 0);
  t.ok(fitted.left.every(even));
  t.same(fitted.left, [...fitted.left].sort().reverse(), 'from the end of the alphabet');
  t.equal(fitStamps(mapOf(700), OWNER, never), undefined);
  t.equal(
    fitStamps(mapOf(700), OWNER, (key) => key === 'cm/s0001'),
    undefined,
    'too few to help',
  );
});

t.test('fitStamps takes no more entries out than it must', async () => {
  const sizes = fc.array(fc.integer({ min: 0, max: 3000 }), { minLength: 20, maxLength: 60 });
  fc.assert(
    fc.property(sizes, (lengths) => {
      const entries = lengths.map(
        (length, at) => [`secret/x${at}é`, { ...stamp, f: ['"'.repeat(length)] }] as const,
      );
      const map: StampMap = { n: 1, key: 'k1', s: new Map(entries) };
      const fitted = fitStamps(map, OWNER, always)!;
      const last = fitted.left.at(-1);
      const oneMore = {
        ...fitted.map,
        s: new Map([...map.s].filter(([key]) => key === last || fitted.map.s.has(key))),
      };
      return (
        Buffer.byteLength(fitted.text) <= STAMPS_LIMIT_BYTES &&
        fitted.map.s.size + fitted.left.length === map.s.size &&
        (last === undefined || bytesOf(oneMore) > STAMPS_LIMIT_BYTES)
      );
    }),
    { numRuns: 200 },
  );
});
