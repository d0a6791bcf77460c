import { connect, type ClientHttp2Session, type Settings } from 'node:http2';
import type { Socket } from 'node:net';
import type { Clock } from '../../clock.ts';
import { WatchStream, type Answer, type Patience } from './watch-stream.ts';

/** A GET that is answered for as long as both sides like; its patience is looked at with each beat. */
export type WatchRequest = Patience & {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
};

const BEAT_MS = 10_000;
/** So many beats without a byte, pings unanswered: the connection is dead. client-go takes 30 to 45 s for that. */
const SILENT_BEATS = 3;
/** An API server allows 100 streams, before Kubernetes 1.28 250. Who sets no limit must not lose all watches at once. */
const MOST_STREAMS = 250;
/** One stream may fill its own window while its reader is busy; Node frees that of the connection at once. */
const STREAM_WINDOW = 1 << 20;
const CONNECTION_WINDOW = 1 << 24;
/** Made once: Node would make one with a stack for each watch that is aborted, thousands with each sweep. */
const ABORTED = new Error('the watch was aborted');

/** One HTTP/2 connection that carries watches, until the last has ended or nothing is heard any more. */
export class WatchConnection {
  /** Ends when the API server has said how many streams it allows; fails if the connection ends before. */
  readonly ready: Promise<unknown>;
  /** Ends with the connection. */
  readonly closed: Promise<unknown>;
  readonly #session: ClientHttp2Session;
  readonly #socket: Socket;
  readonly #clock: Clock;
  readonly #streams = new Set<WatchStream>();
  /** None until the API server has said it. */
  #allowed = 0;
  #bytes = 0;
  #silence = 0;
  #cancelBeat = (): void => undefined;

  constructor(server: URL, socket: Socket, clock: Clock) {
    this.#socket = socket;
    this.#clock = clock;
    const session = connect(server, {
      createConnection: () => socket,
      settings: { enablePush: false, initialWindowSize: STREAM_WINDOW },
    });
    this.#session = session;
    let fault = new Error('the connection was closed');
    session.on('error', (error: Error) => (fault = error));
    const { promise: ready, resolve, reject } = Promise.withResolvers<undefined>();
    session.on('remoteSettings', ({ maxConcurrentStreams = MOST_STREAMS }: Settings) => {
      this.#allowed = Math.min(maxConcurrentStreams, MOST_STREAMS);
      resolve(undefined);
    });
    session.once('connect', () => session.setLocalWindowSize(CONNECTION_WINDOW));
    this.ready = ready;
    this.closed = new Promise((done) => {
      session.once('close', () => {
        this.#cancelBeat();
        reject(fault);
        done(undefined);
      });
    });
    this.#beat();
  }

  get hasRoom(): boolean {
    // Of many connections nearly all are full: that is asked first.
    return this.#streams.size < this.#allowed && !this.#session.closed && !this.#session.destroyed;
  }

  /** How many streams it takes more. */
  get room(): number {
    return this.hasRoom ? this.#allowed - this.#streams.size : 0;
  }

  /** Opens a stream of its own. It fails with what ended it, before the answer or in its body. */
  get({ path, headers, signal, ...patience }: WatchRequest): Promise<Answer> {
    const opened = this.#session.request({ ...headers, ':path': path }, { endStream: true });
    const stream = new WatchStream(opened, patience, this.#clock);
    this.#streams.add(stream);
    const end = (): void => stream.end(ABORTED);
    signal.addEventListener('abort', end, { once: true });
    void stream.closed.then(() => {
      this.#streams.delete(stream);
      signal.removeEventListener('abort', end);
    });
    return stream.answer;
  }

  /** Takes no more streams, and closes when the last has ended. */
  close(): void {
    this.#session.close();
  }

  /** Ends all of its streams with an error. */
  destroy(): void {
    this.#session.destroy(new Error('the connection is being closed'));
  }

  /** TCP alone would find out after a quarter of an hour that the other side has vanished. */
  #beat(): void {
    this.#cancelBeat = this.#clock.after(BEAT_MS, () => {
      const { bytesRead } = this.#socket;
      this.#silence = bytesRead === this.#bytes ? this.#silence + 1 : 0;
      this.#bytes = bytesRead;
      for (const stream of this.#streams) stream.look();
      if (this.#streams.size === 0) this.#session.close();
      else if (this.#silence >= SILENT_BEATS)
        this.#session.destroy(
          new Error('nothing has come over the connection, though it was asked to answer'),
        );
      else if (this.#silence > 0) this.#session.ping(() => undefined);
      if (!this.#session.destroyed) this.#beat();
    });
  }
}
