import { constants, type ClientHttp2Stream } from 'node:http2';
import type { Clock } from '../../clock.ts';

/** What comes after the head of an answer, for as long as both sides like. */
export type Body = {
  /**
   * Hands over each piece as it comes, and ends with the body. Fails with what has broken it off, or with what `take`
   * throws. One of the two must be called, once.
   */
  read(take: (piece: Buffer) => void): Promise<void>;
  /** Reads all of it, instead. */
  text(): Promise<string>;
};

/** An answer, of which the body may still come. */
export type Answer = {
  readonly statusCode: number;
  /** The headers of these names. All of them together would be most of what is kept of a watch. */
  readonly retryAfter: string | undefined;
  readonly date: string | undefined;
  readonly body: Body;
};

/** How long a watch may say nothing, in milliseconds. */
export type Patience = {
  /** Before its status. */
  readonly answerMs: number;
  /** In its body. */
  readonly silenceMs: number;
};

/**
 * One watch of an HTTP/2 connection. There are thousands, and each is opened again with each sweep, so that it is one
 * object with a few listeners: an iterator over Node's stream would take three times as much of both memory and time.
 */
export class WatchStream implements Body {
  /** Fails with what ended the stream before. */
  readonly answer: Promise<Answer>;
  /** Ends with the stream, with what has broken it off, if anything has. */
  readonly closed: Promise<Error | undefined>;
  readonly #stream: ClientHttp2Stream;
  readonly #clock: Clock;
  #fault: Error | undefined;
  #patienceMs: number;
  #heard: number;

  constructor(stream: ClientHttp2Stream, { answerMs, silenceMs }: Patience, clock: Clock) {
    this.#stream = stream;
    this.#clock = clock;
    this.#patienceMs = answerMs;
    this.#heard = clock.monotonic();
    const { promise: answer, resolve, reject } = Promise.withResolvers<Answer>();
    this.answer = answer;
    stream.once('response', (head) => {
      this.#patienceMs = silenceMs;
      this.#heard = clock.monotonic();
      const { ':status': statusCode = 0, 'retry-after': retryAfter, date } = head;
      resolve({ statusCode, retryAfter, date, body: this });
    });
    stream.once('error', (error: Error) => (this.#fault ??= error));
    this.closed = new Promise((done) => {
      stream.once('close', () => {
        // To Node, a stream that was cancelled, or has lost its connection, is at its end as one that is complete.
        if (stream.rstCode !== constants.NGHTTP2_NO_ERROR)
          this.#fault ??= new Error(`the stream was broken off with code ${stream.rstCode}`);
        reject(this.#fault ?? CLOSED_EARLY);
        done(this.#fault);
      });
    });
  }

  async read(take: (piece: Buffer) => void): Promise<void> {
    this.#stream.on('data', (piece: Buffer) => {
      this.#heard = this.#clock.monotonic();
      try {
        take(piece);
      } catch (error) {
        this.end(error instanceof Error ? error : new Error(String(error)));
      }
    });
    const fault = await this.closed;
    if (fault !== undefined) throw fault;
  }

  async text(): Promise<string> {
    const pieces: Buffer[] = [];
    await this.read((piece) => pieces.push(piece));
    return Buffer.concat(pieces).toString();
  }

  /** Ends it if it has said nothing for too long. */
  look(): void {
    if (this.#clock.monotonic() - this.#heard >= this.#patienceMs)
      this.end(new Error('nothing has come for too long'));
  }

  /** Ends it; `fault` is what its reader is told. */
  end(fault: Error): void {
    this.#fault ??= fault;
    this.#stream.close(constants.NGHTTP2_CANCEL);
    this.#stream.destroy();
  }
}

/** Made once: who has been answered never sees it, and that is nearly every one. */
const CLOSED_EARLY = new Error('the stream was closed before it was answered');
