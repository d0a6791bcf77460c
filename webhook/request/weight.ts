/** What a JSON text costs beside its bytes: an empty object takes three of them, and more than fifty when it is parsed. */
export type Weight = {
  /** Objects, lists, and what stands in them: brackets, commas and colons outside of texts. */
  readonly parts: number;
  /** The deepest place. */
  readonly depth: number;
};

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPENING = new Set([0x5b, 0x7b]);
const CLOSING = new Set([0x5d, 0x7d]);

/**
 * Weighs a text that need not be JSON, up to these limits: of what is heavier it says no more than that. Texts in it are
 * passed over as they stand.
 */
export function weigh(json: Buffer, most: Weight): Weight {
  let parts = 0;
  let level = 0;
  let depth = 0;
  for (let at = 0; at < json.length && parts <= most.parts && depth <= most.depth; at += 1) {
    const byte = json[at] ?? 0;
    if (byte === QUOTE) at = endOfText(json, at);
    else if (byte === COMMA || byte === COLON) parts += 1;
    else if (OPENING.has(byte)) {
      parts += 1;
      level += 1;
      depth = Math.max(depth, level);
    } else if (CLOSING.has(byte)) level -= 1;
  }
  return { parts, depth };
}

/** Where the text ends that begins at `start`. */
function endOfText(json: Buffer, start: number): number {
  for (let end = json.indexOf(QUOTE, start + 1); end >= 0; end = json.indexOf(QUOTE, end + 1)) {
    let backslashes = 0;
    while (json[end - 1 - backslashes] === BACKSLASH) backslashes += 1;
    if (backslashes % 2 === 0) return end;
  }
  return json.length;
}
