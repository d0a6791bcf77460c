import { createPrivateKey, X509Certificate } from 'node:crypto';
import fc from 'fast-check';
import forge from 'node-forge';
import t from 'tap';
import { issueCa, issueLeaf, serialFrom } from '../../../certs/issue.ts';
import { faultOfLeaf } from '../../../certs/validity.ts';
import { hasCode } from '../../../src/errors.ts';
import { handshake } from '../../support/certs/handshake.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const NOW = Date.UTC(2026, 10, 22, 12, 0, 0);

t.test('issueCa', async (t) => {
  const pair = await issueCa(NOW);
  const cert = new X509Certificate(pair.certPem);

  t.test('is a CA that signs leaves only', async (t) => {
    t.equal(cert.ca, true);
    t.ok(cert.checkIssued(cert));
    t.ok(cert.verify(cert.publicKey));
    t.ok(cert.checkPrivateKey(createPrivateKey(pair.keyPem)));
    const seen = forge.pki.certificateFromPem(pair.certPem);
    t.match(seen.getExtension('basicConstraints'), { critical: true, cA: true, pathLenConstraint: 0 });
    t.match(seen.getExtension('keyUsage'), { critical: true, keyCertSign: true, digitalSignature: false });
  });

  t.test('begins an hour ago and lasts ten years', async (t) => {
    t.equal(cert.validFromDate.getTime(), NOW - HOUR);
    t.equal(cert.validToDate.getTime(), NOW + 3650 * DAY);
  });

  t.test('is signed with SHA-256 by an RSA key of 2048 bits', async (t) => {
    t.equal(cert.signatureAlgorithm, 'sha256WithRSAEncryption');
    t.equal(cert.publicKey.asymmetricKeyDetails?.modulusLength, 2048);
    t.match(pair.keyPem, /^-----BEGIN PRIVATE KEY-----\n/);
    t.notMatch(pair.certPem, /\r/);
  });

  t.test('has a name, a serial number and a key of its own each time', async (t) => {
    const other = new X509Certificate((await issueCa(NOW)).certPem);
    t.not(other.subject, cert.subject);
    t.not(other.serialNumber, cert.serialNumber);
    t.notOk(other.publicKey.equals(cert.publicKey));
  });
});

t.test('issueLeaf', async (t) => {
  const ca = await issueCa(NOW);
  const names = ['restamp.apps.svc', 'restamp.apps.svc.cluster.local', '127.0.0.1', '::1'];
  const pair = await issueLeaf(ca, names, NOW);
  const cert = new X509Certificate(pair.certPem);

  t.test('verifies under its CA and bears every name, addresses as addresses', async (t) => {
    t.equal(faultOfLeaf(pair, ca.certPem, names, NOW), undefined);
    t.equal(
      cert.subjectAltName,
      'DNS:restamp.apps.svc, DNS:restamp.apps.svc.cluster.local, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1',
    );
  });

  t.test('is no CA, is signed with SHA-256, and serves both ends of mutual TLS', async (t) => {
    t.equal(cert.ca, false);
    t.equal(cert.signatureAlgorithm, 'sha256WithRSAEncryption');
    t.same(cert.keyUsage, ['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2']);
    const seen = forge.pki.certificateFromPem(pair.certPem);
    t.match(seen.getExtension('basicConstraints'), { critical: true, cA: false });
    t.match(seen.getExtension('keyUsage'), { critical: true, digitalSignature: true, keyCertSign: false });
    t.ok(seen.verifySubjectKeyIdentifier());
    t.match(seen.getExtension('authorityKeyIdentifier'), { id: '2.5.29.35' });
  });

  t.test('begins an hour ago and lasts 30 days', async (t) => {
    t.equal(cert.validFromDate.getTime(), NOW - HOUR);
    t.equal(cert.validToDate.getTime(), NOW + 30 * DAY);
  });

  t.test('never outlives its CA', async (t) => {
    const late = NOW + 3640 * DAY;
    const short = new X509Certificate((await issueLeaf(ca, names, late)).certPem);
    t.equal(short.validToDate.getTime(), NOW + 3650 * DAY);
  });

  t.test('is refused when the CA cannot sign now', async (t) => {
    for (const when of [NOW + 3650 * DAY, NOW - DAY]) {
      const error: unknown = await issueLeaf(ca, names, when).catch((thrown: unknown) => thrown);
      t.ok(hasCode(error, 'RESTAMP_CERTS_CA_UNREADABLE'));
    }
  });

  t.test('is refused for an address that certificates have no form for', async (t) => {
    for (const name of ['fe80::1%eth0', '::ffff:127.0.0.1']) {
      await t.rejects(issueLeaf(ca, [name], NOW), {
        code: 'RESTAMP_CONFIG_INVALID',
        detail: `${name} cannot be written into a certificate`,
      });
    }
  });

  t.test('verifies under a CA of another tool, with another kind of key id and name', async (t) => {
    const foreign = foreignCa();
    const leaf = await issueLeaf(foreign, names, NOW);
    t.equal(faultOfLeaf(leaf, foreign.certPem, names, NOW), undefined);
  });
});

t.test('a client that knows only the CA trusts the leaf', async (t) => {
  const now = Date.now();
  const ca = await issueCa(now);
  const leaf = await issueLeaf(ca, ['restamp.apps.svc', '127.0.0.1', '::1'], now);
  const server = { cert: leaf.certPem, key: leaf.keyPem };

  t.test('over TLS 1.3 and 1.2, by DNS name', async (t) => {
    for (const version of ['TLSv1.3', 'TLSv1.2'] as const) {
      const client = { ca: ca.certPem, servername: 'restamp.apps.svc', maxVersion: version };
      t.same(await handshake(server, client), { trusted: true, protocol: version });
    }
  });

  t.test('by address', async (t) => {
    t.match(await handshake(server, { ca: ca.certPem }), { trusted: true });
  });

  t.test('but not by another name, nor under another CA', async (t) => {
    t.same(await handshake(server, { ca: ca.certPem, servername: 'other.apps.svc' }), {
      refused: 'ERR_TLS_CERT_ALTNAME_INVALID',
    });
    const other = await issueCa(now);
    t.match(await handshake(server, { ca: other.certPem, servername: 'restamp.apps.svc' }), {
      refused: /UNABLE_TO_VERIFY_LEAF_SIGNATURE|SELF_SIGNED|UNABLE_TO_GET_ISSUER/,
    });
  });

  t.test('and a bundle of two CAs trusts the leaves of both', async (t) => {
    const other = await issueCa(now);
    const next = await issueLeaf(other, ['127.0.0.1'], now);
    const bundle = other.certPem + ca.certPem;
    t.match(await handshake(server, { ca: bundle }), { trusted: true });
    t.match(await handshake({ cert: next.certPem, key: next.keyPem }, { ca: bundle }), { trusted: true });
  });

  t.test('as a client, too', async (t) => {
    const mutual = { ...server, ca: ca.certPem, requestCert: true, rejectUnauthorized: true };
    t.match(await handshake(mutual, { ca: ca.certPem, ...server }), { trusted: true });
    t.match(await handshake(mutual, { ca: ca.certPem }), { refused: /./ });
  });
});

t.test('serialFrom gives positive DER integers only, whatever the random bytes', async () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), (bytes) => {
      const serial = serialFrom(bytes);
      const first = Number.parseInt(serial.slice(0, 2), 16);
      return serial.length === 32 && first > 0 && first < 0x80;
    }),
    { examples: [[new Uint8Array(16)], [new Uint8Array(16).fill(0xff)], [new Uint8Array(16).fill(0x80)]] },
  );
});

/** Names as UTF8String, several attributes, a key id that is no SHA-1 of the key. */
function foreignCa(): { certPem: string; keyPem: string } {
  const keys = forge.pki.rsa.generateKeyPair(2048);
  const cert = forge.pki.createCertificate();
  const name = [
    { name: 'organizationName', value: 'Zürich', valueTagClass: forge.asn1.Type.UTF8 },
    { name: 'commonName', value: 'some CA', valueTagClass: forge.asn1.Type.UTF8 },
  ] as unknown as forge.pki.CertificateField[];
  cert.publicKey = keys.publicKey;
  cert.serialNumber = '01';
  cert.validity.notBefore = new Date(NOW - DAY);
  cert.validity.notAfter = new Date(NOW + 365 * DAY);
  cert.setSubject(name);
  cert.setIssuer(name);
  cert.setExtensions([
    { name: 'basicConstraints', critical: true, cA: true },
    { id: '2.5.29.14', value: `\x04\x08abcdefgh` },
  ]);
  cert.sign(keys.privateKey, forge.md.sha256.create());
  return {
    certPem: forge.pki.certificateToPem(cert),
    keyPem: forge.pki.privateKeyToPem(keys.privateKey),
  };
}
