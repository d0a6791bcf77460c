import t from 'tap';
import {
  formatReloadedFrom,
  parseReloadedFrom,
  withHash,
} from '../../../../src/core/template/reloaded-from.ts';

const HASH = 'dc30e0faa89a70dec1033016a2309bbeb9efcbd0';
const EXAMPLE =
  `{"type":"CONFIGMAP","name":"my-config","namespace":"default","hash":"${HASH}",` +
  '"containerRefs":["app"],"observedAt":1700000000}';
const told = {
  type: 'cm',
  name: 'my-config',
  namespace: 'default',
  container: 'app',
  value: HASH,
  at: 1_700_000_000_999,
} as const;

t.test('the annotation is Reloader’s, byte for byte', async (t) => {
  t.equal(formatReloadedFrom(told), EXAMPLE);
  t.match(
    formatReloadedFrom({ ...told, value: undefined }),
    '"hash":"aae45badef99284e4dae01d6046154ea9d99532f"',
  );
});

t.test('what was written can be read, and any other text is no annotation of ours', async (t) => {
  t.same(parseReloadedFrom(EXAMPLE), { type: 'cm', name: 'my-config', hash: HASH });
  for (const text of [
    undefined,
    '',
    '{',
    'null',
    '[]',
    '{"type":"POD","name":"a","hash":"b"}',
    '{"type":"SECRET"}',
  ])
    t.equal(parseReloadedFrom(text), undefined, String(text));
});

t.test('another hash changes nothing else of the text', async (t) => {
  t.equal(withHash(EXAMPLE, 'new'), EXAMPLE.replace(HASH, 'new'));
});

t.test('a text that is longer than any of ours is none, whatever is nested in it', async (t) => {
  const nested = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels);
  const with1 = (levels: number): string => EXAMPLE.replace('["app"]', nested(levels));
  t.equal(parseReloadedFrom(with1(60_000)), undefined);
  const most = Math.floor((2_048 - with1(0).length) / 2);
  t.same(parseReloadedFrom(with1(most)), { type: 'cm', name: 'my-config', hash: HASH });
  t.equal(withHash(with1(most), 'new'), with1(most).replace(HASH, 'new'), 'what is read can be written');
});
