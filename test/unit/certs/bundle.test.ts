import { X509Certificate } from 'node:crypto';
import t from 'tap';
import { countCertificates, joinBundle, sameCaBundle, toCaBundle } from '../../../certs/bundle.ts';
import { issueCa } from '../../../certs/issue.ts';
import { hasCode } from '../../../src/errors.ts';

const now = Date.UTC(2026, 10, 22);
const one = await issueCa(now);
const two = await issueCa(now);
const damaged = one.certPem.replace(/\n[A-Za-z0-9+/]{64}\n/, '\n');

t.test('joinBundle', async (t) => {
  t.test('keeps the order and each certificate once, however it is written', async (t) => {
    const crlf = one.certPem.replaceAll('\n', '\r\n');
    const bundle = joinBundle(two.certPem, crlf + two.certPem, one.certPem);
    t.equal(bundle, joinBundle(two.certPem, one.certPem));
    t.equal(countCertificates(bundle), 2);
    t.equal(new X509Certificate(bundle).subject, new X509Certificate(two.certPem).subject);
  });

  t.test('needs no line feed at the end of what it joins', async (t) => {
    t.equal(joinBundle(one.certPem.trimEnd() + two.certPem.trimEnd()), joinBundle(one.certPem, two.certPem));
  });

  t.test('leaves a private key out', async (t) => {
    const bundle = joinBundle(one.keyPem + one.certPem, two.keyPem);
    t.equal(bundle, joinBundle(one.certPem));
    t.notMatch(bundle, /PRIVATE/);
  });

  t.test('is empty for nothing', async (t) => {
    t.equal(joinBundle(), '');
    t.equal(joinBundle('', 'no certificate'), '');
  });

  t.test('refuses a certificate that is damaged', async (t) => {
    try {
      joinBundle(one.certPem, two.certPem + damaged);
      t.fail('no error');
    } catch (error) {
      t.ok(hasCode(error, 'RESTAMP_CERTS_CA_UNREADABLE'));
      t.match(error, { detail: 'certificate 2 of the bundle is damaged' });
    }
  });
});

t.test('countCertificates counts certificates only', async (t) => {
  t.equal(countCertificates(''), 0);
  t.equal(countCertificates(one.keyPem), 0);
  t.equal(countCertificates(one.certPem + one.keyPem + one.certPem), 2);
});

t.test('toCaBundle is base64 of the text', async (t) => {
  t.equal(Buffer.from(toCaBundle(one.certPem), 'base64').toString(), one.certPem);
});

t.test('sameCaBundle', async (t) => {
  const both = toCaBundle(one.certPem + two.certPem);

  t.test('compares certificates, not bytes', async (t) => {
    t.ok(sameCaBundle(both, both));
    t.ok(sameCaBundle(both, toCaBundle(`\n${two.certPem}\n\n${one.certPem.replaceAll('\n', '\r\n')}`)));
    t.ok(sameCaBundle(both, toCaBundle(one.certPem + two.certPem + one.certPem)));
  });

  t.test('sees one too few, one too many and another one', async (t) => {
    t.notOk(sameCaBundle(both, toCaBundle(one.certPem)));
    t.notOk(sameCaBundle(toCaBundle(one.certPem), both));
    t.notOk(sameCaBundle(toCaBundle(one.certPem), toCaBundle(two.certPem)));
  });

  t.test('holds what is absent or damaged equal to nothing', async (t) => {
    for (const value of [undefined, '', '\n', 'Cg==', toCaBundle(damaged)]) {
      t.notOk(sameCaBundle(value, both));
      t.notOk(sameCaBundle(value, value));
    }
  });
});
