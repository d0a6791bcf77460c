import fc from 'fast-check';
import t from 'tap';
import { keepInMemory, takeStored, type KnownMap } from '../../../../src/core/stamps/known-map.ts';
import type { StampMap } from '../../../../src/core/stamps/stamp-map.ts';

const mapOf = (n: number, entries: Readonly<Record<string, string>>, key = 'k1'): StampMap => ({
  n,
  key,
  s: new Map(Object.entries(entries).map(([name, letter]) => [name, { h: letter.repeat(22) }])),
});
const said = ({ map }: KnownMap): Record<string, string> =>
  Object.fromEntries([...map.s].map(([name, { h }]): [string, string] => [name, h[0]!]).sort());
const quiet = { restarted: false, writing: undefined };
const take = (known: KnownMap | undefined, map: StampMap, more: Partial<typeof quiet> = {}): KnownMap =>
  takeStored(known, map, { ...quiet, ...more });

t.test('what was never written does not count against what is stored', async (t) => {
  let known = take(undefined, mapOf(4, { 'cm/app': 'a' }));
  for (const letter of ['b', 'c', 'd'])
    known = keepInMemory(known, { ...mapOf(9, { 'cm/app': letter }), n: 99 });
  t.equal(known.map.n, 4, 'all replicas that saw the same map write the same counter next');
  t.same(said(known), { 'cm/app': 'd' });
  known = take(known, mapOf(5, { 'cm/app': 'e' }));
  t.same(said(known), { 'cm/app': 'e' });
  t.same(said(take(keepInMemory(undefined, mapOf(7, { 'cm/app': 'b' })), mapOf(1, { 'cm/app': 'a' }))), {
    'cm/app': 'a',
  });
});

t.test('an older stored map is none, and one that is shown again changes nothing', async (t) => {
  const known = keepInMemory(take(undefined, mapOf(4, { 'cm/app': 'a' })), mapOf(0, { 'cm/app': 'b' }));
  t.equal(take(known, mapOf(3, { 'cm/app': 'c' })), known);
  t.equal(take(known, mapOf(4, { 'cm/app': 'a' })), known);
  t.same(said(take(known, mapOf(4, { 'cm/app': 'c' }))), { 'cm/app': 'c' }, 'the same counter, another map');
});

t.test('what did not fit into a stored map stays, unless the pods were started anew', async (t) => {
  const known = keepInMemory(
    take(undefined, mapOf(4, { 'cm/a': 'a' })),
    mapOf(0, { 'cm/a': 'a', 'cm/z': 'z' }),
  );
  const next = mapOf(5, { 'cm/a': 'b' });
  t.same(said(take(known, next)), { 'cm/a': 'b', 'cm/z': 'z' });
  t.same(said(take(known, next, { restarted: true })), { 'cm/a': 'b' });
  t.same(
    said(take(known, mapOf(5, { 'cm/a': 'b' }, 'k2'))),
    { 'cm/a': 'b' },
    'digests of two keys are no map',
  );
});

t.test('our own write is known whole, though it was cut and the pods were started anew', async (t) => {
  const known = take(undefined, mapOf(4, { 'cm/a': 'a' }));
  const writing = mapOf(5, { 'cm/a': 'b', 'cm/z': 'z' });
  const restarted = true;
  t.same(said(takeStored(known, mapOf(5, { 'cm/a': 'b' }), { restarted, writing })), {
    'cm/a': 'b',
    'cm/z': 'z',
  });
  for (const foreign of [mapOf(6, { 'cm/a': 'b' }), mapOf(5, { 'cm/a': 'c' }), mapOf(5, { 'cm/b': 'b' })])
    t.same(
      said(takeStored(known, foreign, { restarted, writing })),
      said(take(known, foreign, { restarted })),
    );
});

t.test('replicas that have seen the last map agree, whatever each kept in memory before', async (t) => {
  const letter = fc.constantFrom('a', 'b', 'c');
  const step = fc.oneof(
    fc.record({ do: fc.constant('keep' as const), who: fc.nat(2), letter }),
    fc.record({ do: fc.constant('write' as const), who: fc.nat(2), letter }),
    fc.record({ do: fc.constant('replace' as const), back: fc.nat(5) }),
  );
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 40 }), (steps) => {
      const known: (KnownMap | undefined)[] = [undefined, undefined, undefined];
      const written: StampMap[] = [];
      for (const one of steps) {
        if (one.do === 'keep')
          known[one.who] = keepInMemory(known[one.who], mapOf(0, { 'cm/a': one.letter }));
        else {
          if (one.do === 'write')
            written.push(mapOf((known[one.who]?.map.n ?? 0) + 1, { 'cm/a': one.letter }));
          // `replace`: somebody stores an older one, or the same one again.
          const stored = one.do === 'write' ? written.at(-1) : written.at(-1 - one.back);
          if (stored === undefined) continue;
          for (const who of [0, 1, 2]) known[who] = take(known[who], stored);
          if (one.do === 'write' && new Set(known.map((each) => JSON.stringify(said(each!)))).size > 1)
            return false;
        }
      }
      // Counters of what was stored only rise, so that the newest map is known from all others.
      return written.every(({ n }, at) => at === 0 || n > written[at - 1]!.n);
    }),
    { numRuns: 300 },
  );
  t.pass('300 histories');
});
