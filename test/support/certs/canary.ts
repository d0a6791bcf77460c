import { inspect } from 'node:util';

/** Everything a log line could make of a thrown thing. */
function renderings(thrown: unknown): string {
  const error = thrown as Error & { remedy?: string };
  return [
    error.message,
    error.stack,
    error.remedy,
    JSON.stringify(error),
    JSON.stringify(error, Object.getOwnPropertyNames(error)),
    inspect(error, { depth: Infinity, showHidden: true, getters: true, maxStringLength: null }),
  ].join('\n');
}

/** Short, because a parser that quotes what it could not read quotes a few characters of it. */
const PIECE = 8;

const piecesOfText = (text: string): string[] =>
  Array.from({ length: Math.max(text.length - PIECE + 1, 0) }, (_, at) => text.slice(at, at + PIECE));

/** Pieces of `secret` (PEM or bytes) that a rendering of it would have in it, whatever it is written as. */
function piecesOf(secret: string | Buffer): string[] {
  if (typeof secret === 'string') {
    const body = secret.split('\n').filter((line) => !line.startsWith('-----'));
    return body.flatMap(piecesOfText);
  }
  const hex = secret.toString('hex');
  return [secret.toString('base64'), hex, hex.match(/../g)!.join(' ')].flatMap(piecesOfText);
}

/** The pieces of `secrets` that can be found in a rendering of `thrown`. */
export function leaksIn(thrown: unknown, secrets: readonly (string | Buffer)[]): string[] {
  const text = renderings(thrown);
  return secrets.flatMap(piecesOf).filter((piece) => text.includes(piece));
}
