// The only file that knows node-forge, and only for the shape of a certificate: its keys would block the event
// loop, its signatures take 50 times as long, and its defaults are traps (SHA-1, serial 00, no validity).

import { createPrivateKey, generateKeyPair, randomBytes, sign } from 'node:crypto';
import { isIP, isIPv6 } from 'node:net';
import { promisify } from 'node:util';
import forge from 'node-forge';
import { RestampError } from '../src/errors.ts';
import { inspectCa, termOf } from './validity.ts';
import type { CertPair, Term } from './validity.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const CA_LIFE_MS = 3650 * DAY_MS;
const LEAF_LIFE_MS = 30 * DAY_MS;
/** Clocks of a cluster differ; a certificate must not begin in anybody's future. */
const BACKDATE_MS = HOUR_MS;

const RSA_SHA256 = '1.2.840.113549.1.1.11';
/** Places in the TBSCertificate of a version 3 certificate (RFC 5280, 4.1). */
const [ISSUER, SUBJECT] = [3, 5] as const;

/** In the library, absent from its published types. */
const { getTBSCertificate } = forge.pki as unknown as {
  getTBSCertificate: (cert: forge.pki.Certificate) => Asn1;
};

const newKeyPair = promisify(generateKeyPair);

type Asn1 = forge.asn1.Asn1;
type Shape = {
  readonly commonName: string;
  /** The name of the CA; absent if the certificate signs itself. */
  readonly issuer?: Asn1;
  readonly serial: string;
  readonly term: Omit<Term, 'renewAt'>;
  readonly extensions: readonly object[];
  readonly publicKeyPem: string;
  readonly signingKeyPem: string;
};

/** Makes a self-signed CA that may sign leaves only, valid for ten years from an hour before `now` (ms). */
export async function issueCa(now: number): Promise<CertPair> {
  const { publicKeyPem, keyPem } = await newRsaKey();
  const serial = serialFrom(randomBytes(16));
  // Each CA has a name of its own, so that two of them in one bundle are never taken for each other.
  const certPem = shape({
    commonName: `restamp-ca-${serial.slice(0, 8)}`,
    serial,
    term: { notBefore: now - BACKDATE_MS, notAfter: now + CA_LIFE_MS },
    extensions: [
      { name: 'basicConstraints', critical: true, cA: true, pathLenConstraint: 0 },
      { name: 'keyUsage', critical: true, keyCertSign: true, cRLSign: true },
      { name: 'subjectKeyIdentifier' },
      { name: 'authorityKeyIdentifier', keyIdentifier: true },
    ],
    publicKeyPem,
    signingKeyPem: keyPem,
  });
  return { certPem, keyPem };
}

/**
 * Makes a leaf for `names` (DNS names and IP addresses), for serving and for mutual TLS, valid for 30 days from
 * an hour before `now` (ms) and never longer than its CA. RESTAMP_CERTS_CA_UNREADABLE if `ca` cannot sign now;
 * RESTAMP_CONFIG_INVALID for an address that certificates have no form for.
 */
export async function issueLeaf(ca: CertPair, names: readonly string[], now: number): Promise<CertPair> {
  const found = inspectCa(ca, now);
  if (found.state !== 'usable') throw new RestampError('RESTAMP_CERTS_CA_UNREADABLE', found.reason);
  const issuer = forge.pki.certificateFromPem(ca.certPem);
  const { publicKeyPem, keyPem } = await newRsaKey();
  const certPem = shape({
    // Clients look at the alternative names only; a common name may not be as long as a Service's can be.
    commonName: 'restamp',
    issuer: subjectOf(issuer),
    serial: serialFrom(randomBytes(16)),
    term: {
      notBefore: now - BACKDATE_MS,
      notAfter: Math.min(now + LEAF_LIFE_MS, termOf(ca.certPem).notAfter),
    },
    extensions: [
      { name: 'basicConstraints', critical: true, cA: false },
      { name: 'keyUsage', critical: true, digitalSignature: true },
      { name: 'extKeyUsage', serverAuth: true, clientAuth: true },
      { name: 'subjectAltName', altNames: names.map(alternativeName) },
      { name: 'subjectKeyIdentifier' },
      { name: 'authorityKeyIdentifier', keyIdentifier: subjectKeyId(issuer) },
    ],
    publicKeyPem,
    signingKeyPem: ca.keyPem,
  });
  return { certPem, keyPem };
}

/**
 * A serial number as hex. The two top bits are fixed to 01: an INTEGER that begins with a set bit is negative,
 * and one that begins with a zero byte is not DER; Go's parser, which the API server uses, refuses both.
 *
 * @example serialFrom(Buffer.from('ff00', 'hex')) // '7f00'
 */
export function serialFrom(random: Uint8Array): string {
  const bytes = Buffer.from(random);
  bytes.writeUInt8((bytes.readUInt8(0) & 0x7f) | 0x40, 0);
  return bytes.toString('hex');
}

async function newRsaKey(): Promise<{ publicKeyPem: string; keyPem: string }> {
  const { publicKey, privateKey } = await newKeyPair('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  return { publicKeyPem: publicKey, keyPem: privateKey };
}

function shape(wanted: Shape): string {
  const cert = forge.pki.createCertificate();
  cert.publicKey = forge.pki.publicKeyFromPem(wanted.publicKeyPem);
  cert.serialNumber = wanted.serial;
  cert.validity.notBefore = new Date(wanted.term.notBefore);
  cert.validity.notAfter = new Date(wanted.term.notAfter);
  cert.setSubject([{ name: 'commonName', value: wanted.commonName }]);
  cert.setIssuer(cert.subject.attributes);
  cert.setExtensions([...wanted.extensions]);
  cert.signatureOid = RSA_SHA256;
  cert.siginfo.algorithmOid = RSA_SHA256;
  cert.tbsCertificate = getTBSCertificate(cert);
  if (wanted.issuer !== undefined) partsOf(cert)[ISSUER] = wanted.issuer;
  const tbs = Buffer.from(forge.asn1.toDer(cert.tbsCertificate).getBytes(), 'binary');
  cert.signature = sign('sha256', tbs, createPrivateKey(wanted.signingKeyPem)).toString('binary');
  return forge.pki.certificateToPem(cert).replaceAll('\r\n', '\n');
}

function alternativeName(name: string): object {
  if (isIP(name) === 0) return { type: 2, value: name };
  // An address with a zone, or an IPv4 address written as IPv6.
  if (isIPv6(name) && /[%.]/.test(name)) {
    throw new RestampError('RESTAMP_CONFIG_INVALID', `${name} cannot be written into a certificate`);
  }
  return { type: 7, ip: name };
}

const partsOf = (cert: forge.pki.Certificate): Asn1[] => cert.tbsCertificate.value as Asn1[];

/**
 * The CA's name as it stands: names are compared byte for byte, and node-forge does not write UTF-8 back as it
 * read it.
 */
function subjectOf(ca: forge.pki.Certificate): Asn1 {
  const subject = partsOf(ca)[SUBJECT];
  if (subject === undefined) throw new RestampError('RESTAMP_CERTS_CA_UNREADABLE', 'it has no subject');
  return subject;
}

/** The id that the CA carries, as bytes: another tool may have derived it in another way than node-forge. */
function subjectKeyId(ca: forge.pki.Certificate): string {
  const carried = ca.getExtension('subjectKeyIdentifier') as { subjectKeyIdentifier: string } | null;
  return carried === null
    ? ca.generateSubjectKeyIdentifier().getBytes()
    : forge.util.hexToBytes(carried.subjectKeyIdentifier);
}
