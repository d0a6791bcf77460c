import type { Readable } from 'node:stream';
import type { Clock } from '../../src/clock.ts';
import { RestampError } from '../../src/errors.ts';
import { Body, tooLarge } from './body.ts';

export type BodiesOptions = {
  readonly clock: Clock;
  /** The largest body, in bytes. */
  readonly maxBytes: number;
};

/** Up to this, a body is read and parsed as soon as it comes: most reviews have a few kilobytes. */
const SMALL_BYTES = 256 * 1024;
/**
 * Larger ones that are read at once, in bytes; what waits for its turn is not read at all. Two of the largest that are
 * taken by default: each costs three times its bytes until it is answered, and more than one must never wait for a slow one.
 */
export const MAX_READING = 32 * 1024 * 1024;
/** Larger ones that are read or wait, in bytes as they were announced. */
const MAX_ANNOUNCED = 512 * 1024 * 1024;
/** From the turn of a body to its end: no review is awaited longer by the API server. */
const BODY_MS = 5_000;
/** More than an object of the API can need, and no more than a small heap can hold. */
const HEAVIEST = { parts: 1_000_000, depth: 1_000 };

/** A large body that is not read yet. */
type Waiting = { readonly stream: Readable; readonly most: number; readonly go: () => void };

/**
 * Reads the bodies of requests as JSON. Bytes count as they arrive, whatever was announced. Large bodies wait in a line
 * until there is room, the first one first, and are parsed one in a turn of the loop, so that small ones are answered in
 * between.
 */
export class Bodies {
  readonly #options: BodiesOptions;
  readonly #line: Waiting[] = [];
  #reading = 0;
  #announced = 0;
  #parsing: Promise<unknown> = Promise.resolve();

  constructor(options: BodiesOptions) {
    this.#options = options;
  }

  /**
   * The parsed body; `length` is what was announced, in bytes, NaN if nothing was. Fails with RESTAMP_ADMISSION_JSON,
   * RESTAMP_ADMISSION_TOO_LARGE, RESTAMP_ADMISSION_BUSY or RESTAMP_ADMISSION_SLOW.
   */
  async read(stream: Readable, length: number): Promise<unknown> {
    const { maxBytes } = this.#options;
    if (length > maxBytes) throw tooLarge(`${length} bytes`);
    if (length <= SMALL_BYTES) {
      const body = new Body(length);
      await body.fill(stream);
      return body.parse();
    }
    const most = Number.isNaN(length) ? maxBytes : length;
    if (this.#announced + most > MAX_ANNOUNCED)
      throw new RestampError('RESTAMP_ADMISSION_BUSY', `${this.#announced} bytes are on their way`);
    this.#announced += most;
    try {
      return await this.#readLarge(stream, most);
    } finally {
      this.#announced -= most;
    }
  }

  async #readLarge(stream: Readable, most: number): Promise<unknown> {
    await new Promise<void>((go) => {
      this.#line.push({ stream, most, go });
      this.#letIn();
    });
    const body = new Body(most);
    try {
      if (stream.destroyed) throw new RestampError('RESTAMP_ADMISSION_SLOW', 'the caller has hung up');
      await this.#inTime(stream, body.fill(stream));
      const before = this.#parsing;
      const parsed = before.then(() => body.parse(HEAVIEST));
      this.#parsing = parsed.catch(() => undefined).then(nextTurn);
      return await parsed;
    } finally {
      body.release();
      this.#reading -= most;
      this.#letIn();
    }
  }

  /**
   * Those for whom there is room begin, in the order in which they came: if smaller ones went past a large one, there might
   * never be room for it. Whoever has hung up meanwhile needs none.
   */
  #letIn(): void {
    for (let [next] = this.#line; next !== undefined && this.#isRoomFor(next); [next] = this.#line) {
      this.#line.shift();
      this.#reading += next.most;
      next.go();
    }
  }

  #isRoomFor({ stream, most }: Waiting): boolean {
    return stream.destroyed || this.#reading === 0 || this.#reading + most <= MAX_READING;
  }

  async #inTime<T>(stream: Readable, work: Promise<T>): Promise<T> {
    const late = Promise.withResolvers<never>();
    const cancel = this.#options.clock.after(BODY_MS, () =>
      late.reject(new RestampError('RESTAMP_ADMISSION_SLOW', `not within ${BODY_MS / 1000} s`)),
    );
    try {
      return await Promise.race([work, late.promise]);
    } catch (error) {
      // What still comes is thrown away.
      stream.removeAllListeners('data');
      stream.resume();
      work.catch(() => undefined);
      throw error;
    } finally {
      cancel();
    }
  }
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
