import { generateKeyPairSync, X509Certificate } from 'node:crypto';
import forge from 'node-forge';
import t from 'tap';
import { issueCa, issueLeaf } from '../../../certs/issue.ts';
import { faultOfLeaf, inspectCa, termOf } from '../../../certs/validity.ts';
import type { CertPair } from '../../../certs/validity.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const NOW = Date.UTC(2026, 10, 22, 12, 0, 0);

const ca = await issueCa(NOW);
const other = await issueCa(NOW);
const names = ['restamp.apps.svc', '127.0.0.1'];
const leaf = await issueLeaf(ca, names, NOW);

t.test('inspectCa', async (t) => {
  t.test('takes a CA for as long as its term lasts', async (t) => {
    t.same(inspectCa(ca, NOW), { state: 'usable' });
    t.same(inspectCa(ca, NOW - HOUR), { state: 'usable' });
    t.same(inspectCa(ca, NOW + 3650 * DAY - 1), { state: 'usable' });
  });

  t.test('calls one expired from the moment it ends', async (t) => {
    const end = new Date(NOW + 3650 * DAY).toISOString();
    t.same(inspectCa(ca, NOW + 3650 * DAY), { state: 'expired', reason: `it ended at ${end}` });
  });

  t.test('does not call one expired that has not begun: the clock may be wrong', async (t) => {
    t.match(inspectCa(ca, NOW - HOUR - 1), { state: 'unusable', reason: /^it begins at 2026-11-22T11:00/ });
  });

  t.test('says which part does not do', async (t) => {
    const cases: [certPem: string, keyPem: string, reason: string][] = [
      ['nonsense', ca.keyPem, 'the certificate cannot be read'],
      [ca.certPem.slice(0, 400), ca.keyPem, 'the certificate cannot be read'],
      [ca.certPem, 'nonsense', 'the private key cannot be read'],
      [ca.certPem, ca.keyPem.slice(0, 400), 'the private key cannot be read'],
      [ca.certPem, ca.certPem, 'the private key cannot be read'],
      [ca.certPem, other.keyPem, 'the private key does not belong to the certificate'],
      [leaf.certPem, leaf.keyPem, 'the certificate is not that of a CA'],
    ];
    for (const [certPem, keyPem, reason] of cases) {
      t.same(inspectCa({ certPem, keyPem }, NOW), { state: 'unusable', reason });
    }
  });

  t.test('refuses a key that leaves cannot be signed with', async (t) => {
    t.same(inspectCa(withEcKey(ca.certPem), NOW), { state: 'unusable', reason: 'the key is not an RSA key' });
  });
});

t.test('faultOfLeaf', async (t) => {
  t.test('finds none in a leaf of this CA', async (t) => {
    t.equal(faultOfLeaf(leaf, ca.certPem, names, NOW), undefined);
    t.equal(faultOfLeaf(leaf, ca.certPem, [], NOW), undefined);
  });

  t.test('names the fault', async (t) => {
    const end = NOW + 30 * DAY;
    const cases: [fault: string, found: string | undefined][] = [
      ['the certificate cannot be read', faultOfLeaf({ ...leaf, certPem: '' }, ca.certPem, names, NOW)],
      ['the certificate of its CA cannot be read', faultOfLeaf(leaf, '', names, NOW)],
      [
        'the private key does not belong to the certificate',
        faultOfLeaf({ ...leaf, keyPem: ca.keyPem }, ca.certPem, names, NOW),
      ],
      ['it was not signed by this CA', faultOfLeaf(leaf, other.certPem, names, NOW)],
      ['it was not signed by this CA', faultOfLeaf(leaf, leaf.certPem, names, NOW)],
      ['it is not valid now', faultOfLeaf(leaf, ca.certPem, names, end)],
      ['it is not valid now', faultOfLeaf(leaf, ca.certPem, names, NOW - HOUR - 1)],
      [
        'it does not name restamp.other.svc, 127.0.0.2',
        faultOfLeaf(leaf, ca.certPem, ['restamp.other.svc', ...names, '127.0.0.2'], NOW),
      ],
      ['it does not name fe80::1%eth0', faultOfLeaf(leaf, ca.certPem, ['fe80::1%eth0'], NOW)],
      ['it does not name restamp', faultOfLeaf(leaf, ca.certPem, ['restamp'], NOW)],
    ];
    for (const [fault, found] of cases) t.equal(found, fault);
  });

  t.test('is not taken in by a CA of the same name', async (t) => {
    const pem = renamed(other, ca);
    t.ok(new X509Certificate(leaf.certPem).checkIssued(new X509Certificate(pem)), 'its name passes');
    t.equal(faultOfLeaf(leaf, pem, names, NOW), 'it was not signed by this CA');
  });

  t.test('nor by the same key under another name, where no client would look for it', async (t) => {
    const pem = renamed(ca, other);
    t.ok(new X509Certificate(leaf.certPem).verify(new X509Certificate(pem).publicKey), 'its key passes');
    t.equal(faultOfLeaf(leaf, pem, names, NOW), 'it was not signed by this CA');
  });
});

t.test('termOf puts renewal at two thirds of the term', async (t) => {
  const notBefore = NOW - HOUR;
  const notAfter = NOW + 30 * DAY;
  const renewAt = NOW - HOUR + (30 * DAY + HOUR) * (2 / 3);
  t.same(termOf(leaf.certPem), { notBefore, notAfter, renewAt });
});

/** The certificate of `pair`, made anew under the name of `namesake` and without key ids. */
function renamed(pair: CertPair, namesake: CertPair): string {
  const cert = forge.pki.certificateFromPem(pair.certPem);
  cert.setSubject(forge.pki.certificateFromPem(namesake.certPem).subject.attributes);
  cert.setIssuer(cert.subject.attributes);
  cert.setExtensions([{ name: 'basicConstraints', critical: true, cA: true }]);
  cert.sign(forge.pki.privateKeyFromPem(pair.keyPem), forge.md.sha256.create());
  return forge.pki.certificateToPem(cert);
}

/** The certificate with the public key changed for one of P-256; its signature no longer fits, nor need it. */
function withEcKey(certPem: string): CertPair {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const cert = forge.asn1.fromDer(new X509Certificate(certPem).raw.toString('binary'));
  const tbs = (cert.value as forge.asn1.Asn1[])[0]!.value as forge.asn1.Asn1[];
  tbs[6] = forge.asn1.fromDer(publicKey.export({ type: 'spki', format: 'der' }).toString('binary'));
  const der = Buffer.from(forge.asn1.toDer(cert).getBytes(), 'binary');
  return {
    certPem: new X509Certificate(der).toString(),
    keyPem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
}
