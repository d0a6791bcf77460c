import { X509Certificate } from 'node:crypto';
import { TLSSocket } from 'node:tls';
import { countCertificates, joinBundle } from '../../certs/bundle.ts';
import { RestampError } from '../../src/errors.ts';

export type CallersOptions = {
  /** Our CA: it signs replicas, and nobody else. */
  readonly caPem: string;
  /** Who signs the API server's client certificate, and how that may be called; any name if there are none. */
  readonly client?: { readonly caPem: string; readonly names: readonly string[] } | undefined;
};

/**
 * Who calls, by the client certificate that a connection has shown: another replica, or the API server where a CA for it
 * was given. Both are trusted by TLS, so that it is looked at who of the two has signed.
 */
export class Callers {
  readonly #own: X509Certificate;
  readonly #ownPem: string;
  readonly #names: readonly string[];
  #clientPem: string | undefined;

  /** RESTAMP_CERTS_CLIENT_CA if the CA of clients cannot be read. */
  constructor({ caPem, client }: CallersOptions) {
    this.#own = new X509Certificate(caPem);
    this.#ownPem = caPem;
    this.#names = client?.names ?? [];
    if (client !== undefined) this.setClientCa(client.caPem);
  }

  /** From now on, the API server's certificate is one of this CA. RESTAMP_CERTS_CLIENT_CA, and nothing changes, if it cannot be read. */
  setClientCa(pem: string): void {
    if (countCertificates(pem) === 0)
      throw new RestampError('RESTAMP_CERTS_CLIENT_CA', 'there is no certificate in it');
    try {
      this.#clientPem = joinBundle(pem);
    } catch {
      throw new RestampError('RESTAMP_CERTS_CLIENT_CA', 'a certificate in it is damaged');
    }
  }

  /** Whom TLS is to believe, as PEM. */
  get trusted(): string {
    return `${this.#ownPem}\n${this.#clientPem ?? ''}`;
  }

  /** Whether a review needs a client certificate. */
  get areNamed(): boolean {
    return this.#clientPem !== undefined;
  }

  isReplica(socket: unknown): boolean {
    const shown = certificateOf(socket);
    return shown !== undefined && this.#isOwn(shown);
  }

  /** Whether it is the API server, by a certificate of the CA for it and, where names were given, by one of them. */
  isApiServer(socket: unknown): boolean {
    const shown = certificateOf(socket);
    if (shown === undefined || this.#isOwn(shown)) return false;
    return this.#names.length === 0 || this.#names.some((name) => bearsName(shown, name));
  }

  #isOwn(shown: X509Certificate): boolean {
    return shown.checkIssued(this.#own) && shown.verify(this.#own.publicKey);
  }
}

/** The certificate of a connection, if one was shown that TLS believes. */
function certificateOf(socket: unknown): X509Certificate | undefined {
  return socket instanceof TLSSocket && socket.authorized ? socket.getPeerX509Certificate() : undefined;
}

/** By its common name, or by a DNS name in full: a wildcard names nobody. */
function bearsName(shown: X509Certificate, name: string): boolean {
  const { subject } = shown.toLegacyObject() as { subject?: { CN?: unknown } };
  if (subject?.CN === name) return true;
  return shown.checkHost(name, { subject: 'never', wildcards: false }) !== undefined;
}
