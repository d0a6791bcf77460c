import t from 'tap';
import {
  isLegalName,
  parseStampKey,
  sourceKey,
  SOURCE_ROWS,
  sourceRow,
  sourceTitle,
  stampKey,
} from '../../../../src/core/api/source.ts';

t.test('sourceRow has Reloader’s word for each type', async (t) => {
  t.has(sourceRow('cm'), { kind: 'ConfigMap', resource: 'configmaps', word: 'CONFIGMAP' });
  t.has(sourceRow('secret'), { kind: 'Secret', resource: 'secrets', word: 'SECRET' });
  t.has(sourceRow('spc'), {
    kind: 'SecretProviderClass',
    group: 'secrets-store.csi.x-k8s.io',
    resource: 'secretproviderclasses',
    changedBy: 'secretproviderclasspodstatuses',
    word: 'SECRETPROVIDERCLASS',
  });
  t.same(
    SOURCE_ROWS.map(({ type }) => type),
    ['cm', 'secret', 'spc'],
  );
  t.throws(() => sourceRow('pod' as 'cm'), TypeError);
});

t.test('sourceKey, stampKey and sourceTitle name a source', async (t) => {
  const ref = { type: 'secret', namespace: 'prod', name: 'db' } as const;
  t.equal(sourceKey(ref), 'prod/secret/db');
  t.equal(stampKey(ref), 'secret/db');
  t.equal(sourceTitle(ref), 'Secret db');
  t.equal(sourceTitle({ type: 'cm', name: 'app' }), 'ConfigMap app');
});

t.test('parseStampKey reads what stampKey wrote, and nothing else', async (t) => {
  for (const ref of [
    { type: 'cm', name: 'app' },
    { type: 'secret', name: 'a.b-c' },
    { type: 'spc', name: 'vault' },
  ] as const)
    t.same(parseStampKey(stampKey(ref)), ref);
  for (const key of [
    '',
    'cm',
    '/',
    'cm/',
    '/app',
    'pod/app',
    'cm/a/b',
    'cm//a',
    'CM/app',
    ' cm/app',
    '__proto__',
  ])
    t.equal(parseStampKey(key), undefined, key);
});

t.test('only a DNS subdomain is the name of an object', async (t) => {
  for (const name of ['a', 'app-1', '0', 'default.conf', 'a.b-c.d', 'a'.repeat(253)])
    t.ok(isLegalName(name), name);
  for (const name of ['', '-a', 'a-', 'a..b', '.a', 'A', 'a b', 'a/b', 'x?watch=1', 'é', 'a'.repeat(254)])
    t.notOk(isLegalName(name), name);
});
