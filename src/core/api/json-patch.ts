/** One operation of a JSON Patch (RFC 6902). */
export type Operation = {
  readonly op: 'add' | 'replace' | 'remove' | 'test';
  readonly path: string;
  readonly value?: unknown;
};

/** A JSON pointer's escape of a key (RFC 6901). */
export function escapePointer(key: string): string {
  return key.replaceAll('~', '~0').replaceAll('/', '~1');
}
