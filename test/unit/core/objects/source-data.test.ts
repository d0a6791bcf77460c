import fc from 'fast-check';
import t from 'tap';
import { diffKeys, diffNames, sourceData } from '../../../../src/core/objects/source-data.ts';
import { dataOf } from '../../../support/core/core-objects.ts';

const cm = (data: object, binaryData: object = {}) => dataOf('cm', { data, binaryData });

t.test('sourceData reads both sections, by type', async (t) => {
  const found = sourceData('secret', { data: { a: '1' }, binaryData: { b: '2' }, stringData: { c: '3' } });
  t.equal(found.type, 'secret');
  t.same([...found.data], [['a', '1']]);
  t.same([...found.binaryData], [['b', '2']]);
});

t.test('sourceData takes a section that is missing, null or no object for an empty one', async (t) => {
  for (const object of [
    {},
    { data: null, binaryData: null },
    { data: 'text' },
    { data: 1 },
    null,
    undefined,
    'text',
    [],
  ]) {
    const { data, binaryData } = sourceData('cm', object);
    t.equal(data.size + binaryData.size, 0, JSON.stringify(object));
  }
});

t.test('sourceData leaves out what is no text', async (t) => {
  t.same([...cm({ a: 1, b: null, c: { d: 'e' }, f: ['g'], h: 'i' }).data], [['h', 'i']]);
});

t.test('sourceData reads keys that every object inherits, as any other', async (t) => {
  const text = '{"data":{"__proto__":"p","constructor":"c","toString":"t"}}';
  const { data } = sourceData('cm', JSON.parse(text));
  t.same([...data].sort(), [
    ['__proto__', 'p'],
    ['constructor', 'c'],
    ['toString', 't'],
  ]);
  const inherited = JSON.parse('{"__proto__":{"data":{"a":"1"}}}') as object;
  t.equal(sourceData('cm', inherited).data.size, 0);
  t.equal(sourceData('cm', Object.create({ data: { a: '1' } })).data.size, 0, 'nor is a section inherited');
});

t.test('diffKeys tells added, removed and changed keys, sorted', async (t) => {
  const before = cm({ same: '1', z: '1', b: '1', gone2: '1', gone1: '1' });
  const after = cm({ same: '1', z: '2', b: '2', new2: '1', new1: '' });
  t.same(diffKeys(before, after), {
    added: ['new1', 'new2'],
    removed: ['gone1', 'gone2'],
    changed: ['b', 'z'],
  });
  t.same(diffKeys(before, before), { added: [], removed: [], changed: [] });
});

t.test('diffKeys sees changes of binaryData', async (t) => {
  t.same(diffKeys(cm({}, { a: 'AA==' }), cm({}, { a: 'AQ==', b: '' })), {
    added: ['b'],
    removed: [],
    changed: ['a'],
  });
  t.same(diffKeys(cm({}, { a: 'AA==' }), cm({})), { added: [], removed: ['a'], changed: [] });
});

t.test('diffKeys calls a key changed that moves between the sections, even with the same text', async (t) => {
  const moved = { added: [], removed: [], changed: ['a'] };
  t.same(diffKeys(cm({ a: 'AA==' }), cm({}, { a: 'AA==' })), moved);
  t.same(diffKeys(cm({}, { a: 'AA==' }), cm({ a: 'AA==' })), moved);
});

t.test('diffKeys knows __proto__ for the legal key that it is', async (t) => {
  const proto = (value: string) => sourceData('cm', JSON.parse(`{"data":{"__proto__":"${value}"}}`));
  t.same(diffKeys(proto('1'), proto('2')).changed, ['__proto__']);
  t.same(diffKeys(cm({}), proto('1')).added, ['__proto__']);
  t.same(diffKeys(proto('1'), cm({})).removed, ['__proto__']);
  t.same(diffKeys(cm({}), cm({ constructor: '1' })).added, ['constructor']);
});

t.test('diffKeys names each key that differs once, and no other', async () => {
  const section = fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd'), fc.constantFrom('', '1', '2'));
  fc.assert(
    fc.property(section, section, section, section, (data, binary, otherData, otherBinary) => {
      const diff = diffKeys(cm(data, binary), cm(otherData, otherBinary));
      const state = (key: string, one: object, other: object): string =>
        JSON.stringify(
          [Object.entries(one), Object.entries(other)].map((list) => list.filter(([name]) => name === key)),
        );
      const differing = ['a', 'b', 'c', 'd'].filter(
        (key) => state(key, data, binary) !== state(key, otherData, otherBinary),
      );
      return JSON.stringify(diffNames(diff)) === JSON.stringify(differing);
    }),
    { numRuns: 1000 },
  );
});

t.test('diffNames puts all names of a diff into one sorted list', async (t) => {
  t.same(diffNames({ added: ['c'], removed: ['a'], changed: ['d', 'b'] }), ['a', 'b', 'c', 'd']);
});
