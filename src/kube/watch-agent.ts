import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { buildConnector } from 'undici';
import { orOver, type Clock } from '../clock.ts';
import { WatchConnection, type Answer, type WatchRequest } from './watch-connection.ts';

/**
 * The connections of all watches: as few as the API server's limit of streams allows, by HTTP/2. undici speaks HTTP/2
 * too, but lets all requests wait in one line while it connects: if that fails, they fail one after the other, each
 * after the time for connecting.
 */
export class WatchAgent {
  readonly #server: URL;
  readonly #connect: buildConnector.connector;
  readonly #clock: Clock;
  #connections: readonly WatchConnection[] = [];
  #dialing: Promise<void> | undefined;
  #speaksHttp1 = false;
  #destroyed = false;

  constructor(server: URL, tls: buildConnector.BuildOptions, clock: Clock) {
    this.#server = server;
    this.#connect = buildConnector({ ...tls, allowH2: true, preferH2: true });
    this.#clock = clock;
  }

  /** Opens a watch, or answers undefined if the API server, or what stands before it, has no HTTP/2. */
  async open(request: WatchRequest): Promise<Answer | undefined> {
    for (;;) {
      request.signal.throwIfAborted();
      const free = this.#connections.find(({ hasRoom }) => hasRoom);
      if (free !== undefined) return free.get(request);
      if (this.#speaksHttp1) return undefined;
      this.#dialing ??= this.#dial().finally(() => (this.#dialing = undefined));
      await orOver(this.#dialing, request.signal);
    }
  }

  /** Each connection closes when its last watch has ended. */
  close(): void {
    for (const connection of this.#connections) connection.close();
  }

  /** Ends all watches. */
  destroy(): void {
    this.#destroyed = true;
    for (const connection of this.#connections) connection.destroy();
  }

  async #dial(): Promise<void> {
    const socket = await this.#reach();
    this.#speaksHttp1 = socket.alpnProtocol !== 'h2';
    if (this.#speaksHttp1 || this.#destroyed) {
      socket.destroy();
      if (this.#destroyed) throw new Error('all connections are being closed');
      return;
    }
    const connection = new WatchConnection(this.#server, socket, this.#clock);
    this.#connections = [...this.#connections, connection];
    void connection.closed.then(() => {
      this.#connections = this.#connections.filter((one) => one !== connection);
    });
    await connection.ready;
    if (connection.hasRoom) return;
    connection.destroy();
    throw new Error('the API server allows no stream on a new connection');
  }

  #reach(): Promise<TLSSocket> {
    const { host, hostname, protocol, port } = this.#server;
    const address = { host, hostname: hostname.replace(/^\[|\]$/g, ''), protocol, port };
    return new Promise((resolve, reject) => {
      this.#connect(address, (error: Error | null, socket: Socket | null = null) => {
        if (socket instanceof TLSSocket) resolve(socket);
        else reject(error ?? new Error('there is no TLS connection'));
      });
    });
  }
}
