const NEWLINE = 0x0a;

/** Splits a stream of bytes into its lines; a character or a line may lie across any number of pieces. */
export class Lines {
  /** The pieces of a line that has not ended yet. */
  #begun: Buffer[] = [];

  /** Hands over each line that ends in this piece, without its newline; an empty one is none. */
  put(piece: Buffer, take: (line: string) => void): void {
    let from = 0;
    for (let end = piece.indexOf(NEWLINE); end !== -1; end = piece.indexOf(NEWLINE, from)) {
      const line = this.#ending(piece.subarray(from, end));
      from = end + 1;
      if (line !== '') take(line);
    }
    // What is left when the connection ends was cut off; the server sends it again.
    if (from < piece.length) this.#begun.push(piece.subarray(from));
  }

  #ending(last: Buffer): string {
    if (this.#begun.length === 0) return last.toString();
    const line = Buffer.concat([...this.#begun, last]).toString();
    this.#begun = [];
    return line;
  }
}
