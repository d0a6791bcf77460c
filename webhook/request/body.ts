import type { Readable } from 'node:stream';
import { reasonOf, RestampError } from '../../src/errors.ts';
import { weigh, type Weight } from './weight.ts';

/**
 * The bytes of one body: each is kept once, as what is joined at the end is there twice, and all are given back as soon as
 * they are read, as the collector would leave tens of megabytes of them until it runs.
 */
export class Body {
  /** What has not come costs nothing: the system gives a page only to who writes it. */
  #bytes: Buffer;
  #length = 0;

  /** `most` bytes, at most. */
  constructor(most: number) {
    this.#bytes = Buffer.allocUnsafeSlow(most);
  }

  /**
   * Ends when the stream has. Fails with RESTAMP_ADMISSION_TOO_LARGE, RESTAMP_ADMISSION_JSON if it breaks, or
   * RESTAMP_ADMISSION_SLOW if who sends it hangs up.
   */
  fill(stream: Readable): Promise<void> {
    return new Promise((resolve, reject) => {
      const most = this.#bytes.length;
      stream.on('data', (chunk: Buffer) => {
        if (this.#length + chunk.length > most) reject(tooLarge(`more than ${most} bytes`));
        else this.#length += chunk.copy(this.#bytes, this.#length);
      });
      stream.once('end', () => resolve());
      stream.once('error', (error) => reject(new RestampError('RESTAMP_ADMISSION_JSON', reasonOf(error))));
      stream.once('close', () =>
        reject(new RestampError('RESTAMP_ADMISSION_SLOW', 'the caller has hung up')),
      );
    });
  }

  /**
   * What it says, and nothing is left of it then. JSON.parse alone: `__proto__` is a legal key of a ConfigMap, and other
   * parsers refuse it. Fails with RESTAMP_ADMISSION_JSON, or RESTAMP_ADMISSION_TOO_LARGE if it is heavier than `most`.
   */
  parse(most?: Weight): unknown {
    const json = this.#bytes.subarray(0, this.#length);
    if (most !== undefined) {
      const { parts, depth } = weigh(json, most);
      if (parts > most.parts) throw tooLarge(`more than ${most.parts} values`);
      if (depth > most.depth) throw tooLarge(`more than ${most.depth} levels`);
    }
    const text = json.toString();
    this.release();
    try {
      return JSON.parse(text);
    } catch {
      throw new RestampError('RESTAMP_ADMISSION_JSON', `${this.#length} bytes`);
    }
  }

  /** Gives the memory back. What still comes is thrown away. */
  release(): void {
    if (this.#bytes.length > 0) (this.#bytes.buffer as ArrayBuffer).transfer(0);
    this.#bytes = Buffer.alloc(0);
  }
}

export function tooLarge(what: string): RestampError {
  return new RestampError('RESTAMP_ADMISSION_TOO_LARGE', what);
}
