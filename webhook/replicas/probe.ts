import { connect, type TLSSocket } from 'node:tls';
import { pause, type Clock } from '../../src/clock.ts';

/** A balancer may hand us to a replica that has just ended, ourselves for one; the next try goes elsewhere. */
const TRIES = 5;
const PAUSE_MS = 100;
const ANSWER_MS = 1_000;

/**
 * Whether anybody answers at `url` with a certificate of our CA: another replica of this installation. Ask only
 * after our own door is closed. Never rejects; ends within seconds.
 */
export async function hasNeighbours(url: URL, caPem: string, clock: Clock): Promise<boolean> {
  for (let tries = 1; tries <= TRIES; tries += 1) {
    const found = await knock(url, caPem);
    // Nobody listens at all: to ask again would only make the end longer.
    if (found === 'answered' || found === 'closed') return found === 'answered';
    if (tries < TRIES) await pause(clock, PAUSE_MS);
  }
  return false;
}

type Knock = 'answered' | 'closed' | 'failed';

/** One handshake; who completes it holds a key that our CA has signed. */
function knock(url: URL, caPem: string): Promise<Knock> {
  return new Promise((resolve) => {
    const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
    const socket: TLSSocket = connect({ host, port: Number(url.port || 443), ca: caPem, timeout: ANSWER_MS });
    const end = (knocked: Knock): void => {
      socket.destroy();
      resolve(knocked);
    };
    socket.once('secureConnect', () => end('answered'));
    socket.once('timeout', () => end('failed'));
    socket.on('error', ({ code }: NodeJS.ErrnoException) =>
      end(code === 'ECONNREFUSED' ? 'closed' : 'failed'),
    );
    socket.once('end', () => end('failed'));
  });
}
