import type { Server } from 'node:https';
import type { Socket } from 'node:net';

/** Each costs up to 80 KB. API servers open some for each burst, and keep them for 90 s. */
const MAX_CONNECTIONS = 512;

/**
 * Keeps connections few. Where there are too many, the oldest one goes that has asked for nothing which we answer: whoever
 * only connects does not keep an API server out.
 */
export class Connections {
  readonly #max: number;
  readonly #open = new Set<Socket>();
  /** By address and port, as a TLS socket does not tell the one below it. */
  readonly #unproven = new Map<string, Socket>();

  constructor(server: Pick<Server, 'on'>, max = MAX_CONNECTIONS) {
    this.#max = max;
    server.on('connection', (socket: Socket) => this.#add(socket));
  }

  get size(): number {
    return this.#open.size;
  }

  /** A request came on this connection that is answered. */
  prove(socket: Pick<Socket, 'remoteAddress' | 'remotePort'>): void {
    this.#unproven.delete(placeOf(socket));
  }

  #add(socket: Socket): void {
    const place = placeOf(socket);
    this.#open.add(socket);
    this.#unproven.set(place, socket);
    socket.once('close', () => {
      this.#open.delete(socket);
      if (this.#unproven.get(place) === socket) this.#unproven.delete(place);
    });
    if (this.#open.size <= this.#max) return;
    const [oldest = socket] = this.#unproven.values();
    oldest.destroy();
  }
}

function placeOf({
  remoteAddress = '',
  remotePort = 0,
}: Pick<Socket, 'remoteAddress' | 'remotePort'>): string {
  return `${remoteAddress} ${remotePort}`;
}
