import { Agent, request } from 'node:https';
import { isIPv6 } from 'node:net';
import type { TlsOptions } from '../../certs/leaf.ts';
import type { Address } from '../../src/config/value-types.ts';
import type { Sighting } from '../../src/attribution/sightings.ts';
import { formatSightings, MAX_BATCH } from './sighting-codec.ts';

export const SIGHTINGS_PATH = '/sightings';

export type ForwarderOptions = {
  /** `host:port` of the leader; undefined if we lead, or if nobody knows. */
  readonly leader: () => string | undefined;
  /** Our leaf, for us as a client. */
  readonly tls: () => TlsOptions;
  /** How many sightings were sent, failed or were dropped. */
  readonly count: (outcome: 'sent' | 'failed' | 'dropped', sightings: number) => void;
};

/** More than this is not kept: a leader that does not answer must cost neither memory nor time. */
const MAX_WAITING = 1_000;
const ANSWER_MS = 2_000;

/**
 * Tells the leader what admission saw here, over mutual TLS of our CA. Best effort: what is lost on the way leaves
 * a roll unattributed and nothing else, so nothing is tried twice and no review waits (DESIGN 6).
 */
export class Forwarder {
  readonly #options: ForwarderOptions;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });
  #waiting: Sighting[] = [];
  #sending = false;

  constructor(options: ForwarderOptions) {
    this.#options = options;
  }

  /** Takes a sighting; sends it at once, or with the next batch while one is on its way. */
  forward(sighting: Sighting): void {
    const { leader, count } = this.#options;
    if (leader() === undefined) return;
    if (this.#waiting.length >= MAX_WAITING) {
      count('dropped', 1);
      return;
    }
    this.#waiting.push(sighting);
    if (this.#sending) return;
    this.#sending = true;
    // After the review, which must not wait for it.
    setImmediate(() => void this.#drain());
  }

  close(): void {
    this.#waiting = [];
    this.#agent.destroy();
  }

  async #drain(): Promise<void> {
    const { leader, count } = this.#options;
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, MAX_BATCH);
      const address = leader();
      const sent = address !== undefined && (await this.#post(address, formatSightings(batch)));
      count(sent ? 'sent' : 'failed', batch.length);
    }
    this.#sending = false;
  }

  /** Whether the leader has taken it. Never rejects. */
  #post(address: string, body: string): Promise<boolean> {
    return new Promise((resolve) => {
      const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
      const options = () => ({
        ...this.#options.tls(),
        // Our CA signs replicas and nobody else; the address of one is not in its certificate.
        checkServerIdentity: () => undefined,
        agent: this.#agent,
        method: 'POST',
        headers,
        timeout: ANSWER_MS,
      });
      try {
        const outgoing = request(`https://${address}${SIGHTINGS_PATH}`, options(), (answer) => {
          answer.resume();
          resolve(answer.statusCode === 204);
        });
        outgoing.once('timeout', () => outgoing.destroy());
        outgoing.once('error', () => resolve(false));
        outgoing.once('close', () => resolve(false));
        outgoing.end(body);
      } catch {
        // What stands in the Lease is no address, or our leaf cannot be used.
        resolve(false);
      }
    });
  }
}

/** `host:port` for the others, of a host or `host:port`; the port is that of the front door unless given. */
export function replicaAddress(text: string | undefined, listen: Address): string | undefined {
  if (text === undefined) return undefined;
  if (isIPv6(text)) return `[${text}]:${listen.port}`;
  return /:\d+$/.test(text) ? text : `${text}:${listen.port}`;
}
