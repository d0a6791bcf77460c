// Everything here asks node:crypto, never node-forge: what we inspect with must not be what we shaped it with.

import { createPrivateKey, X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';

/** A certificate and its private key (PKCS #8), both PEM. */
export type CertPair = { readonly certPem: string; readonly keyPem: string };

/** What a CA is good for at a moment. `reason` names the part at fault and holds none of its content. */
export type CaState =
  | { readonly state: 'usable' }
  /** Its time is over: a new one can take its place. */
  | { readonly state: 'expired'; readonly reason: string }
  /** It can be read but does not do, or it cannot be read at all: a person has to look. */
  | { readonly state: 'unusable'; readonly reason: string };

const unusable = (reason: string): CaState => ({ state: 'unusable', reason });

/**
 * Whether `pair` can sign leaves at `now` (milliseconds since 1970). Only RSA will do, as node-forge shapes
 * certificates for no other kind of key. Never throws.
 */
export function inspectCa(pair: CertPair, now: number): CaState {
  const cert = parseCertificate(pair.certPem);
  if (cert === undefined) return unusable('the certificate cannot be read');
  const fault = faultOfKey(cert, pair.keyPem);
  if (fault !== undefined) return unusable(fault);
  if (cert.publicKey.asymmetricKeyType !== 'rsa') return unusable('the key is not an RSA key');
  if (!cert.ca) return unusable('the certificate is not that of a CA');
  if (now >= cert.validToDate.getTime()) {
    return { state: 'expired', reason: `it ended at ${cert.validToDate.toISOString()}` };
  }
  if (now < cert.validFromDate.getTime()) {
    return unusable(
      `it begins at ${cert.validFromDate.toISOString()}, and the clock says ${new Date(now).toISOString()}`,
    );
  }
  return { state: 'usable' };
}

/**
 * Why a server at `names` (DNS names and IP addresses) could not be trusted with `leaf` by a client that knows
 * only the CA `caPem`; undefined when nothing is wrong. `now` in milliseconds since 1970. Never throws.
 */
export function faultOfLeaf(
  leaf: CertPair,
  caPem: string,
  names: readonly string[],
  now: number,
): string | undefined {
  const cert = parseCertificate(leaf.certPem);
  const ca = parseCertificate(caPem);
  if (cert === undefined) return 'the certificate cannot be read';
  if (ca === undefined) return 'the certificate of its CA cannot be read';
  const fault = faultOfKey(cert, leaf.keyPem);
  if (fault !== undefined) return fault;
  // checkIssued compares names and key ids only; verify checks the signature only.
  if (!cert.checkIssued(ca) || !cert.verify(ca.publicKey)) return 'it was not signed by this CA';
  if (now < cert.validFromDate.getTime() || now >= cert.validToDate.getTime()) return 'it is not valid now';
  const missing = names.filter((name) => !covers(cert, name));
  return missing.length === 0 ? undefined : `it does not name ${missing.join(', ')}`;
}

/** From when to when a certificate is valid and when to replace it; all in milliseconds since 1970. */
export type Term = { readonly notBefore: number; readonly notAfter: number; readonly renewAt: number };

/** Reads the term of a certificate that is known to be good; renewal is due at two thirds of it. */
export function termOf(certPem: string): Term {
  const cert = new X509Certificate(certPem);
  const notBefore = cert.validFromDate.getTime();
  const notAfter = cert.validToDate.getTime();
  return { notBefore, notAfter, renewAt: notBefore + ((notAfter - notBefore) * 2) / 3 };
}

function parseCertificate(pem: string): X509Certificate | undefined {
  try {
    return new X509Certificate(pem);
  } catch {
    return undefined;
  }
}

/** A pair that does not match would be taken by `setSecureContext` and then fail every handshake. */
function faultOfKey(cert: X509Certificate, keyPem: string): string | undefined {
  try {
    return cert.checkPrivateKey(createPrivateKey(keyPem))
      ? undefined
      : 'the private key does not belong to the certificate';
  } catch {
    return 'the private key cannot be read';
  }
}

function covers(cert: X509Certificate, name: string): boolean {
  if (isIP(name) === 0) return cert.checkHost(name, { subject: 'never' }) !== undefined;
  // checkIP throws for an address with a zone, which no certificate can bear.
  return !name.includes('%') && cert.checkIP(name) !== undefined;
}
