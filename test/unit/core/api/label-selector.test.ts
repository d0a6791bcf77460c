import t from 'tap';
import {
  parseSelector,
  selects,
  selectorText,
  type Selector,
} from '../../../../src/core/api/label-selector.ts';

const parsed = (text: string): Selector => parseSelector(text)!;

t.test('a selector is read as Kubernetes writes it, and in Reloader’s older forms', async (t) => {
  const cases: readonly (readonly [text: string, ...Selector])[] = [
    [''],
    [' , '],
    ['env=prod', { key: 'env', operator: 'In', values: ['prod'] }],
    ['env == prod', { key: 'env', operator: 'In', values: ['prod'] }],
    ['env=', { key: 'env', operator: 'In', values: [''] }],
    ['env!=prod', { key: 'env', operator: 'NotIn', values: ['prod'] }],
    ['env in (a, b)', { key: 'env', operator: 'In', values: ['a', 'b'] }],
    ['env notin (a)', { key: 'env', operator: 'NotIn', values: ['a'] }],
    ['example.org/env', { key: 'example.org/env', operator: 'Exists' }],
    ['!env', { key: 'env', operator: 'DoesNotExist' }],
    ['env:prod', { key: 'env', operator: 'In', values: ['prod'] }],
    ['env:*', { key: 'env', operator: 'Exists' }],
    ['env=*', { key: 'env', operator: 'Exists' }],
    [
      'a in (x,y),b=c, !d',
      { key: 'a', operator: 'In', values: ['x', 'y'] },
      { key: 'b', operator: 'In', values: ['c'] },
      { key: 'd', operator: 'DoesNotExist' },
    ],
  ];
  for (const [text, ...expected] of cases) t.same(parseSelector(text), expected, text);
});

t.test('what is no selector, or none that a webhook configuration can say, is refused', async (t) => {
  for (const text of [
    'a=b=c',
    'a>1',
    'a<1',
    'a in b',
    'a in (',
    '=b',
    '!',
    'a b',
    'a:b:c',
    'a!=*',
    'a=ä',
    '_a',
  ])
    t.equal(parseSelector(text), undefined, text);
});

t.test('the text of a selector is read as the same selector', async (t) => {
  for (const text of ['a', '!a', 'a=b', 'a!=b', 'a in (b,c)', 'a notin (b,c),d=', 'x.y/a=b,!c', ''])
    t.equal(selectorText(parsed(text)), text);
});

t.test('labels are judged as the API server judges them', async (t) => {
  const cases: readonly (readonly [
    text: string,
    labels: Record<string, string> | undefined,
    fits: boolean,
  ])[] = [
    ['', undefined, true],
    ['a=b', { a: 'b' }, true],
    ['a=b', { a: 'c' }, false],
    ['a=b', undefined, false],
    ['a!=b', {}, true],
    ['a notin (b,c)', { a: 'c' }, false],
    ['a', { a: '' }, true],
    ['!a', { a: '' }, false],
    ['!a', {}, true],
    ['toString', {}, false],
    ['a=b,c=d', { a: 'b' }, false],
    ['a=b,c=d', { a: 'b', c: 'd' }, true],
  ];
  for (const [text, labels, fits] of cases)
    t.equal(selects(parsed(text), labels), fits, `${text} ${JSON.stringify(labels)}`);
});
