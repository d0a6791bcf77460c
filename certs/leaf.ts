import type { Clock } from '../src/clock.ts';
import { RestampError } from '../src/errors.ts';
import { issueLeaf } from './issue.ts';
import { faultOfLeaf, termOf } from './validity.ts';
import type { CertPair, Term } from './validity.ts';

/** The whole set for `https.createServer` and `setSecureContext`; the latter remembers nothing it is not given. */
export type TlsOptions = {
  readonly key: string;
  readonly cert: string;
  /** Whom clients are to be signed by, where they show a certificate at all. */
  readonly ca: string;
  readonly minVersion: 'TLSv1.3';
};

/** The leaf in use. `notAfter` in milliseconds since 1970. */
export type CurrentLeaf = CertPair & { readonly notAfter: number };

/** `close` ends renewal; no callback comes after it. */
export type Leaf = { current(): CurrentLeaf; close(): void };

export type LeafOptions = {
  readonly ca: CertPair;
  /** DNS names and IP addresses that clients call us by. */
  readonly names: readonly string[];
  readonly clock: Clock;
  /** A new leaf took the place of the old one: hand this to `setSecureContext`. Not called for the first. */
  readonly onChange: (options: TlsOptions) => void;
  /** Renewal failed; the old leaf stays and the next try is a minute away. */
  readonly onError: (error: unknown) => void;
};

/**
 * Timers stand still while a machine sleeps, and clocks are set: so the wall clock is asked this often, and a
 * timer is only ever for the time left.
 */
const POLL_MS = 60_000;

/** The options to serve a leaf with: the one place they are put together, at start and at every change. */
export function tlsOptionsOf(leaf: CertPair, caPem: string): TlsOptions {
  return { key: leaf.keyPem, cert: leaf.certPem, ca: caPem, minVersion: 'TLSv1.3' };
}

/**
 * A leaf for this process, held in memory only and replaced at two thirds of its life. Resolves with the first
 * one in place; RESTAMP_CERTS_CA_UNREADABLE if `ca` cannot sign it.
 */
export async function createLeaf(options: LeafOptions): Promise<Leaf> {
  const { clock, onChange, onError } = options;
  let leaf = await mint(options);
  const caEnd = termOf(options.ca.certPem).notAfter;
  let term = termOf(leaf.certPem);
  let closed = false;
  let cancel: () => void;

  const renew = async (): Promise<void> => {
    const next = await mint(options);
    // close() may have come while the key was made.
    if (closed) return;
    onChange(tlsOptionsOf(next, options.ca.certPem));
    leaf = next;
    term = termOf(next.certPem);
  };
  const look = async (): Promise<void> => {
    try {
      if (isDue(term, caEnd, clock.now())) await renew();
    } catch (error) {
      if (!closed) onError(error);
    }
    if (!closed) schedule();
  };
  const schedule = (): void => {
    const left = term.renewAt - clock.now();
    cancel = clock.after(left > 0 ? Math.min(left, POLL_MS) : POLL_MS, () => void look());
  };

  schedule();
  return {
    current: () => ({ ...leaf, notAfter: term.notAfter }),
    close: () => {
      closed = true;
      cancel();
    },
  };
}

/** Never gives out a leaf that a client would refuse. */
async function mint({ ca, names, clock }: LeafOptions): Promise<CertPair> {
  const leaf = await issueLeaf(ca, names, clock.now());
  const fault = faultOfLeaf(leaf, ca.certPem, names, clock.now());
  if (fault !== undefined) {
    throw new RestampError('RESTAMP_CERTS_CA_UNREADABLE', `the leaf it signed does not do: ${fault}`);
  }
  return leaf;
}

/**
 * A leaf that ends with its CA cannot be made to last longer. One that begins in the future was made while the
 * clock was ahead, and no client takes it.
 */
function isDue(term: Term, caEnd: number, now: number): boolean {
  return now < term.notBefore || (now >= term.renewAt && term.notAfter < caEnd);
}
