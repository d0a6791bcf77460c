import { createHash } from 'node:crypto';
import fc from 'fast-check';
import t from 'tap';
import { ABSENT, isDigest, keyedDigest, reloaderHash } from '../../../../src/core/objects/digest.ts';
import { mountedData, type SourceData } from '../../../../src/core/objects/source-data.ts';
import { base64, dataOf } from '../../../support/core/core-objects.ts';

const context = { key: Buffer.alloc(32, 7), source: 'prod/cm/app' };
const cm = (data: object, binaryData?: object): SourceData =>
  dataOf('cm', { data, binaryData: binaryData ?? null });
const secret = (data: object): SourceData => dataOf('secret', { data });
const sha1 = (text: string | Buffer): string => createHash('sha1').update(text).digest('hex');

t.test('reloaderHash gives the SHA-1 of every worked example', async (t) => {
  const cases: readonly (readonly [name: string, source: SourceData, hash: string])[] = [
    ['one key', cm({ key: 'value' }), 'dc30e0faa89a70dec1033016a2309bbeb9efcbd0'],
    [
      'dotted keys, newlines and binaryData',
      cm(
        { a: '1', 'a.b': '2', 'app.properties': 'color=blue\nmode=prod\n' },
        { 'logo.bin': base64([0x00, 0xff, 0x10]) },
      ),
      '864d7898d91c30bcfb98a95564e2744651fae84a',
    ],
    [
      'what a pod has mounted of a SecretProviderClass',
      mountedData('vault-spc', [
        { id: 'secret/db-password', version: 'v2' },
        { id: 'secret/api-key', version: 'v1' },
      ]),
      '84f24d7bceba00159107aedddc3258e8c5b37fb2',
    ],
    [
      'a Secret, over its decoded bytes',
      secret({ password: 'czNjcjN0', username: 'YWRtaW4=' }),
      'c6cceb2f1c84498af4f4cda76071f8bc2afd425b',
    ],
    [
      'a Secret that is not UTF-8',
      secret({ k: base64([0x80, 0xff, 0x00]) }),
      '8d9b568c444b1bad2cd879c68e2a89f551747662',
    ],
    ['an empty ConfigMap', cm({}), 'da39a3ee5e6b4b0d3255bfef95601890afd80709'],
    ['an empty Secret', secret({}), 'da39a3ee5e6b4b0d3255bfef95601890afd80709'],
    [
      'keys that sort with their equals sign',
      cm({ A: '5', a: '1', 'a-b': '2', a_b: '3', ab: '4' }),
      '3aeb44a2e2a4fa470636dfa7b48c91f9075c6fe7',
    ],
    ['text beyond ASCII', cm({ greeting: 'héllo ✓' }), 'e298536e17e29cfa0f6e71fc28c0796b615e5e79'],
  ];
  for (const [name, source, hash] of cases) t.equal(reloaderHash(source), hash, name);
});

t.test('reloaderHash is none of the known wrong implementations', async (t) => {
  const overBase64 = 'a9ffc1351fd039785177929ec58fc328f73d21a0';
  t.equal(sha1('password=czNjcjN0;username=YWRtaW4='), overBase64, 'the canary is what it is called');
  t.not(reloaderHash(secret({ password: 'czNjcjN0', username: 'YWRtaW4=' })), overBase64);
  const overText = '432e752f1fbdc0873d8b80a3295bf77aba3c4e0e';
  t.equal(
    sha1(`k=${Buffer.from([0x80, 0xff, 0]).toString('utf8')}`),
    overText,
    'the canary is what it is called',
  );
  t.not(reloaderHash(secret({ k: base64([0x80, 0xff, 0x00]) })), overText);
});

t.test('reloaderHash sorts bytes, not UTF-16 units', async (t) => {
  // U+FF21 comes after U+1F600 in UTF-16 and before it in UTF-8.
  const mixed: SourceData = {
    ...cm({}),
    data: new Map([
      ['k\u{1f600}', '1'],
      ['k\uff21', '2'],
    ]),
  };
  t.equal(reloaderHash(mixed), sha1('k\uff21=2;k\u{1f600}=1'));
});

t.test('reloaderHash keeps the collisions of Reloader, and keyedDigest has none of them', async (t) => {
  const pairs: readonly (readonly [SourceData, SourceData, string])[] = [
    [cm({ a: '1;b=2' }), cm({ a: '1', b: '2' }), 'f83e99e324ba68ccc373a58ef1eb42f8ab88646a'],
    [cm({ k: 'dmFsdWU=' }), cm({}, { k: base64('value') }), 'b77e449e9091c4efde4cc0300faa163631424dc2'],
  ];
  for (const [one, other, hash] of pairs) {
    t.equal(reloaderHash(one), hash);
    t.equal(reloaderHash(other), hash);
    t.not(keyedDigest(context, one), keyedDigest(context, other));
  }
});

const keys = fc.stringMatching(/^[-._a-zA-Z0-9]{1,8}$/);
const values = fc.oneof(fc.string({ maxLength: 8 }), fc.constantFrom('', 'data', '1:a', 'binaryData'));
const content = fc.uniqueArray(fc.tuple(keys, values), { selector: ([key]) => key, maxLength: 6 });

t.test('keyedDigest does not depend on the order of keys', async () => {
  fc.assert(
    fc.property(content, content, fc.infiniteStream(fc.nat()), (data, binaryData, order) => {
      const shuffled = <T>(list: readonly T[]): T[] =>
        list
          .map((item) => ({ item, at: order.next().value as number }))
          .sort((a, b) => a.at - b.at)
          .map(({ item }) => item);
      const one: SourceData = { type: 'cm', data: new Map(data), binaryData: new Map(binaryData) };
      const other: SourceData = {
        type: 'cm',
        data: new Map(shuffled(data)),
        binaryData: new Map(shuffled(binaryData)),
      };
      return keyedDigest(context, one) === keyedDigest(context, other);
    }),
  );
});

t.test('keyedDigest differs for any two different contents', async () => {
  const shape = (entries: readonly (readonly [string, string])[]): string =>
    JSON.stringify([...entries].sort(([a], [b]) => (a < b ? -1 : 1)));
  fc.assert(
    fc.property(content, content, content, content, (data, binaryData, otherData, otherBinary) => {
      const same = shape(data) === shape(otherData) && shape(binaryData) === shape(otherBinary);
      const one = keyedDigest(context, { type: 'cm', data: new Map(data), binaryData: new Map(binaryData) });
      const other = keyedDigest(context, {
        type: 'cm',
        data: new Map(otherData),
        binaryData: new Map(otherBinary),
      });
      return (one === other) === same;
    }),
    { numRuns: 2000 },
  );
});

t.test('keyedDigest marks off the parts that it is made of', async (t) => {
  const pairs: readonly (readonly [object, object])[] = [
    [{ ab: 'c' }, { a: 'bc' }],
    [{ a: '' }, {}],
    [{ a: '1:b', b: '' }, { a: '1:b' }],
    [{ a: '4:data1:b1:c' }, { a: '', b: 'c' }],
  ];
  for (const [one, other] of pairs) t.not(keyedDigest(context, cm(one)), keyedDigest(context, cm(other)));
  t.not(keyedDigest(context, cm({ a: '1' })), keyedDigest(context, cm({}, { a: '1' })));
});

t.test('keyedDigest covers the selected keys and no other', async (t) => {
  const digest = (data: object, selection?: readonly string[]): string =>
    keyedDigest(context, cm(data), selection);
  t.equal(digest({ a: '1', b: '2' }, ['a']), digest({ a: '1', b: '3' }, ['a']));
  t.not(digest({ a: '1', b: '2' }, ['a']), digest({ a: '2', b: '2' }, ['a']));
  t.not(digest({ a: '1', b: '2' }, ['a']), digest({ a: '1', b: '2' }));
  t.not(digest({ a: '1' }, ['a']), digest({ b: '1' }, ['a']), 'a key that goes is a change');
  t.equal(digest({ a: '1', b: '2' }, ['b', 'a']), digest({ a: '1', b: '2' }, ['a', 'b']), 'in any order');
  t.equal(digest({ a: '1' }, []), digest({ b: '2' }, []), 'no key is a selection too');
  t.equal(keyedDigest(context, cm({}, { a: '1', b: '2' }), ['a']), keyedDigest(context, cm({}, { a: '1' })));
});

t.test('keyedDigest is bound to its source and to its key', async (t) => {
  const data = secret({ password: base64('hunter2') });
  const digest = keyedDigest(context, data);
  t.not(keyedDigest({ ...context, source: 'prod/cm/other' }, data), digest);
  t.not(keyedDigest({ ...context, key: Buffer.alloc(32, 8) }, data), digest);
});

t.test('keyedDigest of one content stays what it is', async (t) => {
  // Stored in the cluster: another text here would make every stored map stale at once.
  t.equal(keyedDigest(context, cm({ key: 'value' }, { logo: 'AP8Q' })), 'fsjCft6c6UQL5st0iqU1fA');
});

t.test('keyedDigest is 22 characters of base64url, and isDigest knows them', async (t) => {
  fc.assert(fc.property(content, (data) => isDigest(keyedDigest(context, cm(Object.fromEntries(data))))));
  for (let count = 0; count < 50; count += 1)
    t.match(keyedDigest(context, cm({ count: String(count) })), /^[A-Za-z0-9_-]{22}$/);
  t.equal(ABSENT, '-', 'as it is stored');
  t.ok(isDigest('-'));
  for (const text of ['', '--', 'A'.repeat(21), 'A'.repeat(23), `${'A'.repeat(21)}=`, `${'A'.repeat(22)}\n`])
    t.notOk(isDigest(text), JSON.stringify(text));
});
