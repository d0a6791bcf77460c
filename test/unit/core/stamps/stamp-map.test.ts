import fc from 'fast-check';
import t from 'tap';
import { ABSENT } from '../../../../src/core/objects/digest.ts';
import {
  formatStamps,
  mapOwner,
  parseStamps,
  sameStamps,
  type Stamp,
  type StampMap,
} from '../../../../src/core/stamps/stamp-map.ts';

const OWNER = 'prod/Deployment/api';
const KEYS = new Set(['k1', 'k0']);
const H = 'fsjCft6c6UQL5st0iqU1fA';
const OTHER = '4V4oCDoIv8vbQNZdIW7RCA';

const parse = (value: unknown): StampMap | string =>
  parseStamps(typeof value === 'string' ? value : JSON.stringify(value), OWNER, KEYS);
const good = { v: 1, n: 3, key: 'k1', for: OWNER, s: { 'cm/app': { h: H, uid: 'u', rv: '7' } } };
const withStamp = (stamp: unknown, name = 'cm/app'): unknown => ({ ...good, s: { [name]: stamp } });
const mapOf = (s: Record<string, Stamp>, rest: Partial<StampMap> = {}): StampMap => ({
  n: 3,
  key: 'k1',
  ...rest,
  s: new Map(Object.entries(s)),
});

const digests = fc.oneof(fc.constant(ABSENT), fc.stringMatching(/^[A-Za-z0-9_-]{22}$/));
const stamps: fc.Arbitrary<Stamp> = fc.record(
  {
    h: digests,
    uid: fc.uuid(),
    rv: fc.nat().map(String),
    f: fc.array(fc.string({ maxLength: 4 })),
    was: digests,
  },
  { requiredKeys: ['h'] },
);
const names = fc
  .tuple(
    fc.constantFrom('cm', 'secret'),
    fc.oneof(
      fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,8}[a-z0-9](\.[a-z0-9])?)?$/),
      fc.constant('constructor'),
    ),
  )
  .map((parts) => parts.join('/'));
const maps: fc.Arbitrary<StampMap> = fc
  .record(
    {
      n: fc.maxSafeNat(),
      key: fc.constantFrom('k0', 'k1'),
      req: fc.constant('2026-11-22T10:00:00Z'),
      s: fc.uniqueArray(fc.tuple(names, stamps), { selector: ([name]) => name }),
    },
    { requiredKeys: ['n', 'key', 's'] },
  )
  .map(({ s, ...rest }) => ({ ...rest, s: new Map(s) }));

t.test('parseStamps reads back what formatStamps wrote', async () => {
  fc.assert(
    fc.property(maps, (map) => {
      const back = parse(formatStamps(map, OWNER));
      return (
        typeof back === 'object' &&
        back.n === map.n &&
        back.key === map.key &&
        back.req === map.req &&
        back.s.size === map.s.size &&
        [...map.s].every(([name, stamp]) => JSON.stringify(back.s.get(name)) === JSON.stringify(stamp)) &&
        sameStamps(map, back)
      );
    }),
    { numRuns: 2000 },
  );
});

t.test(
  'formatStamps writes the final format, entries sorted, so that equal maps are equal texts',
  async (t) => {
    const s = {
      'secret/db': { h: ABSENT },
      'cm/b': { h: H, uid: 'u', rv: '7' },
      'cm/a': { h: OTHER, f: ['k'], was: H },
    };
    const text =
      `{"v":1,"n":3,"key":"k1","for":"${OWNER}","req":"2026-11-22T10:00:00Z","s":` +
      `{"cm/a":{"h":"${OTHER}","f":["k"],"was":"${H}"},"cm/b":{"h":"${H}","uid":"u","rv":"7"},"secret/db":{"h":"-"}}}`;
    const req = '2026-11-22T10:00:00Z';
    t.equal(formatStamps(mapOf(s, { req }), OWNER), text);
    t.equal(formatStamps({ ...mapOf({}, { req }), s: new Map(Object.entries(s).reverse()) }, OWNER), text);
    t.equal(formatStamps(mapOf({}), OWNER), `{"v":1,"n":3,"key":"k1","for":"${OWNER}","s":{}}`);
  },
);

t.test('mapOwner names the one object that a map is for', async (t) => {
  t.equal(mapOwner({ namespace: 'prod', kind: 'Deployment', name: 'api' }), OWNER);
});

t.test('parseStamps takes a whole map', async (t) => {
  t.same(parse(good), { n: 3, key: 'k1', s: new Map([['cm/app', { h: H, uid: 'u', rv: '7' }]]) });
  t.same(parse({ ...good, s: {} }), { n: 3, key: 'k1', s: new Map() });
  t.has(parse({ ...good, n: 0, key: 'k0' }), { n: 0, key: 'k0' }, 'a former key is a known one');
  t.has(parse({ ...good, later: true }), { n: 3 }, 'a field of a later version does not harm');
});

t.test('parseStamps calls a map damaged that is no whole map', async (t) => {
  const damaged: readonly unknown[] = [
    ...[
      '',
      ' ',
      'null',
      '[]',
      '"text"',
      '1',
      '{',
      JSON.stringify(good).slice(0, -1),
      `${JSON.stringify(good)}x`,
    ],
    ...[{ v: '1' }, { v: null }, { v: true }, { v: undefined }].map((part) => ({ ...good, ...part })),
    ...[{ n: -1 }, { n: 1.5 }, { n: '3' }, { n: null }, { n: 2 ** 53 }].map((part) => ({ ...good, ...part })),
    ...[{ key: 1 }, { key: undefined }, { for: 1 }, { for: undefined }].map((part) => ({ ...good, ...part })),
    ...[{ req: 1 }, { req: null }, { s: [] }, { s: null }, { s: 'x' }].map((part) => ({ ...good, ...part })),
    ...[null, [], 'x', {}, { h: 1 }, { h: null }, { h: '' }].map((stamp) => withStamp(stamp)),
    ...[
      { uid: 1 },
      { rv: 7 },
      { rv: null },
      { f: 'k' },
      { f: [1] },
      { f: null },
      { was: 1 },
      { was: 'x' },
      { was: null },
    ].map((part) => withStamp({ h: H, ...part })),
    ...['app', 'pod/app', 'cm/', '/app', 'cm/a/b', '', '__proto__', 'CM/app'].map((name) =>
      withStamp({ h: H }, name),
    ),
  ];
  for (const text of damaged)
    t.equal(parse(text), 'damaged', typeof text === 'string' ? text : JSON.stringify(text));
});

t.test('parseStamps calls a digest damaged whose shape has changed by one character', async (t) => {
  for (const h of [H.slice(1), `${H}A`, `${H.slice(0, -1)}=`, `${H.slice(0, -1)}+`, ` ${H}`, `${H}\n`, '--'])
    t.equal(parse(withStamp({ h })), 'damaged', JSON.stringify(h));
});

t.test('parseStamps knows a map of another version, owner or key for what it is', async (t) => {
  for (const v of [0, 2, 1.5]) t.equal(parse({ ...good, v }), 'version');
  for (const owner of ['prod/Deployment/copy', 'test/Deployment/api', 'prod/StatefulSet/api', ''])
    t.equal(parse({ ...good, for: owner }), 'foreign');
  t.equal(parse({ ...good, key: 'k9' }), 'key');
  t.equal(parse({ ...good, key: 'constructor' }), 'key');
  t.equal(parse({ ...good, for: 'x', key: 'k9' }), 'foreign', 'a copy is called a copy, whatever its key');
  t.equal(parse({ v: 2, anything: true }), 'version', 'nothing else is asked of another version');
});

t.test('parseStamps is not fooled by hostile JSON', async (t) => {
  t.equal(parse(`{"__proto__":${JSON.stringify(good)}}`), 'damaged');
  t.equal(parse(`{"v":1,"n":1,"key":"k1","for":"${OWNER}","__proto__":{"s":{}}}`), 'damaged');
  t.equal(
    parse(`{"v":1,"n":1,"key":"k1","for":"${OWNER}","s":{"cm/a":{"__proto__":{"h":"${H}"}}}}`),
    'damaged',
  );
  t.equal(parse(`${'['.repeat(100_000)}${']'.repeat(100_000)}`), 'damaged');
  t.equal(parse(`{"v":1,"s":${'{"a":'.repeat(50_000)}1${'}'.repeat(50_000)}}`), 'damaged');
  const proto = parse(`{"v":1,"n":1,"key":"k1","for":"${OWNER}","s":{"cm/__proto__":{"h":"-"}}}`);
  t.same(proto, { n: 1, key: 'k1', s: new Map([['cm/__proto__', { h: '-' }]]) });
});

t.test('parseStamps takes nothing in of a name that no object can have, but that it is absent', async (t) => {
  for (const name of ['..', '.', 'bad name?x=1', 'App', 'a%2f..', '-app', 'a'.repeat(254), '__proto__']) {
    const there = parse(withStamp({ h: H, uid: 'u', rv: '7' }, `secret/${name}`));
    t.same(there, { n: 3, key: 'k1', s: new Map() }, name);
    const absent = parse(withStamp({ h: '-', uid: 'u', rv: '7', was: H }, `spc/${name}`));
    t.same(absent, { n: 3, key: 'k1', s: new Map([[`spc/${name}`, { h: '-' }]]) }, name);
  }
});

t.test('parseStamps answers any text without throwing', async () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json()), (text) =>
      ['damaged', 'version'].includes(parse(text) as string),
    ),
    { numRuns: 2000 },
  );
});

t.test('sameStamps does not look at counters and hints', async (t) => {
  const one = mapOf({ 'cm/a': { h: H, uid: 'u', rv: '7' } }, { n: 3 });
  t.ok(sameStamps(one, mapOf({ 'cm/a': { h: H, uid: 'v', rv: '8' } }, { n: 9 })));
  t.ok(sameStamps(one, mapOf({ 'cm/a': { h: H } })));
});

t.test('sameStamps sees every other difference', async (t) => {
  const one = mapOf({ 'cm/a': { h: H, f: ['x', 'y'], was: OTHER } }, { req: 'r' });
  const others: readonly StampMap[] = [
    mapOf({ 'cm/a': { h: OTHER, f: ['x', 'y'], was: OTHER } }, { req: 'r' }),
    mapOf({ 'cm/a': { h: H, f: ['x', 'y'], was: H } }, { req: 'r' }),
    mapOf({ 'cm/a': { h: H, f: ['x', 'y'] } }, { req: 'r' }),
    mapOf({ 'cm/a': { h: H, was: OTHER } }, { req: 'r' }),
    mapOf({ 'cm/a': { h: H, f: ['x,y'], was: OTHER } }, { req: 'r' }),
    mapOf({ 'cm/a': { h: H, f: ['y', 'x'], was: OTHER } }, { req: 'r' }),
    mapOf({ 'cm/b': { h: H, f: ['x', 'y'], was: OTHER } }, { req: 'r' }),
    mapOf({ 'cm/a': { h: H, f: ['x', 'y'], was: OTHER }, 'cm/b': { h: H } }, { req: 'r' }),
    mapOf({}, { req: 'r' }),
    mapOf({ 'cm/a': { h: H, f: ['x', 'y'], was: OTHER } }),
    mapOf({ 'cm/a': { h: H, f: ['x', 'y'], was: OTHER } }, { req: 'r', key: 'k0' }),
  ];
  t.ok(sameStamps(one, structuredClone(one)));
  for (const other of others) {
    t.notOk(sameStamps(one, other), formatStamps(other, OWNER));
    t.notOk(sameStamps(other, one));
  }
});

t.test('sameStamps keeps all keys apart from the one key that is called undefined', async (t) => {
  t.notOk(sameStamps(mapOf({ 'cm/a': { h: H } }), mapOf({ 'cm/a': { h: H, f: ['undefined'] } })));
  t.notOk(sameStamps(mapOf({ 'cm/a': { h: H, f: [] } }), mapOf({ 'cm/a': { h: H, f: [''] } })));
});

t.test('what nobody knows in an entry is not written again, however deep it is', async (t) => {
  const deep = '['.repeat(9_000) + ']'.repeat(9_000);
  const text = formatStamps(mapOf({ 'cm/app': { h: H, uid: 'u', rv: '7' } }), OWNER);
  const map = parse(text.replace('"uid"', `"deep":${deep},"__proto__":{"was":"${OTHER}"},"uid"`));
  t.type(map, 'object');
  t.equal(formatStamps(map as StampMap, OWNER), text);
});

t.test('a text that is longer than any map that is written is no map', async (t) => {
  const text = JSON.stringify(good);
  t.type(parse(text + ' '.repeat(64 * 1024 - text.length)), 'object');
  t.equal(parse(text + ' '.repeat(64 * 1024 + 1 - text.length)), 'damaged');
});
