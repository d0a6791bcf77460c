import {
  connect,
  constants,
  type ClientHttp2Session,
  type ClientHttp2Stream,
  type IncomingHttpHeaders,
  type Settings,
} from 'node:http2';
import type { Socket } from 'node:net';
import type { Clock } from '../clock.ts';

/** A GET that is answered for as long as both sides like. */
export type WatchRequest = {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
  /** How long the status may take, in milliseconds. */
  readonly answerMs: number;
  /** How long the body may be silent, in milliseconds. */
  readonly silenceMs: number;
};

/** An answer, of which the body may still come. */
export type Answer = {
  readonly statusCode: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: AsyncIterable<Buffer>;
};

const BEAT_MS = 10_000;
/** So many beats without a byte, pings unanswered: the connection is dead. client-go takes 30 to 45 s for that. */
const SILENT_BEATS = 3;
/** An API server allows 100 streams, before Kubernetes 1.28 250. Who sets no limit must not lose all watches at once. */
const MOST_STREAMS = 250;
/** One stream may fill its own window while its reader is busy; Node frees that of the connection at once. */
const STREAM_WINDOW = 1 << 20;
const CONNECTION_WINDOW = 1 << 24;

/** One HTTP/2 connection that carries watches, until the last has ended or nothing is heard any more. */
export class WatchConnection {
  /** Ends when the API server has said how many streams it allows; fails if the connection ends before. */
  readonly ready: Promise<unknown>;
  /** Ends with the connection. */
  readonly closed: Promise<unknown>;
  readonly #session: ClientHttp2Session;
  readonly #socket: Socket;
  readonly #clock: Clock;
  #streams = 0;
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
    const { closed, destroyed } = this.#session;
    return !closed && !destroyed && this.#streams < this.#allowed;
  }

  /** Opens a stream of its own. It fails with what ended it, before the answer or in its body. */
  get({ path, headers, signal, answerMs, silenceMs }: WatchRequest): Promise<Answer> {
    const stream = this.#session.request({ ...headers, ':path': path }, { endStream: true, signal });
    this.#streams += 1;
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    const silence = new Silence(this.#clock, () =>
      stream.destroy(new Error('nothing has come for too long')),
    );
    // What comes after the answer is thrown to the reader of the body.
    stream.on('error', reject);
    stream.once('close', () => {
      silence.end();
      this.#streams -= 1;
      reject(new Error('the stream was closed before it was answered'));
    });
    silence.begin(answerMs);
    stream.once('response', (head) => {
      silence.begin(silenceMs);
      resolve({ statusCode: head[':status'] ?? 0, headers: head, body: bodyOf(stream, silence) });
    });
    return promise;
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
      if (this.#streams === 0) this.#session.close();
      else if (this.#silence >= SILENT_BEATS)
        this.#session.destroy(
          new Error('nothing has come over the connection, though it was asked to answer'),
        );
      else if (this.#silence > 0) this.#session.ping(() => undefined);
      if (!this.#session.destroyed) this.#beat();
    });
  }
}

/** Tells when nothing has come for so long. Node's own timers of a stream keep memory after its end. */
class Silence {
  readonly #clock: Clock;
  readonly #onEnd: () => void;
  #ms = 0;
  #heard = 0;
  #cancel = (): void => undefined;

  constructor(clock: Clock, onEnd: () => void) {
    this.#clock = clock;
    this.#onEnd = onEnd;
  }

  /** From now on, this many milliseconds of silence are too many. */
  begin(ms: number): void {
    this.#ms = ms;
    this.hear();
    this.#wait();
  }

  hear(): void {
    this.#heard = this.#clock.monotonic();
  }

  end(): void {
    this.#cancel();
  }

  /** One timer for many chunks: it looks how long ago the last one came. */
  #wait(): void {
    this.#cancel();
    const left = this.#heard + this.#ms - this.#clock.monotonic();
    this.#cancel = left > 0 ? this.#clock.after(left, () => this.#wait()) : () => undefined;
    if (left <= 0) this.#onEnd();
  }
}

/** To Node, a stream that was cancelled, or has lost its connection, is at its end as one that is complete. */
async function* bodyOf(stream: ClientHttp2Stream, silence: Silence): AsyncGenerator<Buffer> {
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    silence.hear();
    yield chunk;
  }
  if (stream.rstCode !== constants.NGHTTP2_NO_ERROR)
    throw new Error(`the stream was broken off with code ${stream.rstCode}`);
}
