const NEWLINE = 0x0a;

/** Splits a stream of bytes into its lines; a character or a line may lie across any number of chunks. */
export async function* readLines(chunks: AsyncIterable<Buffer>): AsyncGenerator<string> {
  let begun: Buffer[] = [];
  for await (const chunk of chunks) {
    let from = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, from)) {
      begun.push(chunk.subarray(from, end));
      const line = begun.length === 1 ? begun[0]?.toString() : Buffer.concat(begun).toString();
      begun = [];
      from = end + 1;
      if (line !== undefined && line !== '') yield line;
    }
    if (from < chunk.length) begun.push(chunk.subarray(from));
  }
  // What is left was cut off by the end of the connection; the server sends it again.
}
