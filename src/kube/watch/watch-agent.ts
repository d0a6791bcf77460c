import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { buildConnector } from 'undici';
import { orOver, type Clock } from '../../clock.ts';
import { WatchConnection, type WatchRequest } from './watch-connection.ts';
import type { Answer } from './watch-stream.ts';

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
  #isDialing = false;
  /** Who waits for a connection, in order. */
  readonly #waiting = new Set<PromiseWithResolvers<undefined>>();
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
      await this.#wait(request.signal);
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

  /**
   * Ends when a connection may have room, or HTTP/2 cannot be had; fails with the connection that was waited for. As many are
   * told as there is room for: of thousands, the others would only find out that they have to wait on.
   */
  async #wait(signal: AbortSignal): Promise<void> {
    const place = Promise.withResolvers<undefined>();
    this.#waiting.add(place);
    if (!this.#isDialing) void this.#dialForAll();
    await orOver(place.promise, signal);
    this.#waiting.delete(place);
  }

  async #dialForAll(): Promise<void> {
    this.#isDialing = true;
    while (this.#waiting.size > 0) {
      try {
        const room = await this.#dial();
        for (const place of [...this.#waiting].slice(0, room)) {
          this.#waiting.delete(place);
          place.resolve(undefined);
        }
      } catch (error) {
        for (const place of this.#waiting) place.reject(error);
        this.#waiting.clear();
      }
    }
    this.#isDialing = false;
  }

  /** Makes one more connection; how many watches it takes. */
  async #dial(): Promise<number> {
    const socket = await this.#reach();
    this.#speaksHttp1 = socket.alpnProtocol !== 'h2';
    if (this.#speaksHttp1 || this.#destroyed) {
      socket.destroy();
      if (this.#destroyed) throw new Error('all connections are being closed');
      return Infinity;
    }
    const connection = new WatchConnection(this.#server, socket, this.#clock);
    this.#connections = [...this.#connections, connection];
    void connection.closed.then(() => {
      this.#connections = this.#connections.filter((one) => one !== connection);
    });
    await connection.ready;
    const { room } = connection;
    if (room > 0) return room;
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
