import { X509Certificate } from 'node:crypto';
import { RestampError } from '../src/errors.ts';

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;

/**
 * One PEM bundle of all certificates in `pems`, in their order, each once. Whatever else stands between them is
 * left out, a private key above all. RESTAMP_CERTS_CA_UNREADABLE if a certificate is damaged.
 */
export function joinBundle(...pems: readonly string[]): string {
  const unique = new Map<string, string>();
  for (const cert of pems.flatMap(certificatesIn)) {
    if (!unique.has(cert.fingerprint256)) unique.set(cert.fingerprint256, cert.toString());
  }
  return [...unique.values()].join('');
}

/** How many certificates `pem` holds, the same one twice counted twice. */
export function countCertificates(pem: string): number {
  return pem.match(CERTIFICATE)?.length ?? 0;
}

/** `pem` in the form of `clientConfig.caBundle`: base64 of the whole text. */
export function toCaBundle(pem: string): string {
  return Buffer.from(pem, 'utf8').toString('base64');
}

/**
 * Whether two `caBundle` values make a client trust the same certificates, however they are ordered or written.
 * A value that is absent, empty or damaged equals none. Never throws.
 */
export function sameCaBundle(left: string | undefined, right: string | undefined): boolean {
  const [one, other] = [fingerprints(left), fingerprints(right)];
  if (one === undefined || other === undefined || one.size !== other.size) return false;
  return [...one].every((fingerprint) => other.has(fingerprint));
}

function fingerprints(caBundle: string | undefined): Set<string> | undefined {
  try {
    const certs = certificatesIn(Buffer.from(caBundle ?? '', 'base64').toString('utf8'));
    return certs.length === 0 ? undefined : new Set(certs.map((cert) => cert.fingerprint256));
  } catch {
    return undefined;
  }
}

function certificatesIn(pem: string): X509Certificate[] {
  return (pem.match(CERTIFICATE) ?? []).map((block, index) => {
    try {
      return new X509Certificate(block);
    } catch {
      throw new RestampError(
        'RESTAMP_CERTS_CA_UNREADABLE',
        `certificate ${index + 1} of the bundle is damaged`,
      );
    }
  });
}
