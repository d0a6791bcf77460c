import fc from 'fast-check';
import t from 'tap';
import { jsonEqual } from '../../../../src/core/api/json-equal.ts';

t.test('jsonEqual finds equal what is equal, in whatever order its keys are', async (t) => {
  t.ok(jsonEqual({ a: 1, b: { c: [1, null], d: 'x' } }, { b: { d: 'x', c: [1, null] }, a: 1 }));
  fc.assert(fc.property(fc.jsonValue(), (value) => jsonEqual(value, JSON.parse(JSON.stringify(value)))));
});

t.test('jsonEqual sees every difference', async (t) => {
  const pairs: readonly (readonly [unknown, unknown])[] = [
    [{ a: 1 }, { a: 2 }],
    [{ a: 1 }, { b: 1 }],
    [{ a: 1 }, { a: 1, b: 1 }],
    [{ a: undefined }, {}],
    [{ a: undefined }, { b: undefined }],
    [
      [1, 2],
      [2, 1],
    ],
    [[1], [1, 1]],
    [[], {}],
    [['x'], { 0: 'x' }],
    [null, {}],
    [null, undefined],
    [0, ''],
    ['1', 1],
    [{ toString: 1 }, { a: 1 }],
    [JSON.parse('{"__proto__":1}'), { a: 1 }],
    [JSON.parse('{"__proto__":{"a":1}}'), JSON.parse('{"__proto__":{"a":2}}')],
  ];
  for (const [one, other] of pairs) {
    t.notOk(jsonEqual(one, other), `${JSON.stringify(one)} and ${JSON.stringify(other)}`);
    t.notOk(jsonEqual(other, one));
  }
});
