import { createHash } from 'node:crypto';
import { SOURCE_ROWS, sourceRow, type SourceType } from '../api/source.ts';

/** What `reloader.stakater.com/last-reloaded-from` tells: the last change that rolled the template. */
export type ReloadedFrom = {
  readonly type: SourceType;
  readonly name: string;
  readonly namespace: string;
  readonly container: string;
  /** SHA-1 of the source; undefined where it is gone. */
  readonly value: string | undefined;
  /** When its data was written: milliseconds since 1970. */
  readonly at: number;
};

/** Longer than any that is written: it has four names. A long text may be nested deeper than can be written again. */
const MAX_LENGTH = 2_048;
const DELETED = createHash('sha1').update('__RELOADER_EMPTY_DELETE_MARKER__').digest('hex');

/** The text of the annotation, byte for byte (reloader.md 4.2). */
export function formatReloadedFrom({ type, name, namespace, container, value, at }: ReloadedFrom): string {
  return JSON.stringify({
    type: sourceRow(type).word,
    name,
    namespace,
    hash: value ?? DELETED,
    containerRefs: [container],
    observedAt: Math.floor(at / 1000),
  });
}

/** Which source an annotation speaks of, and its hash; undefined for any text that is not of this form. */
export function parseReloadedFrom(
  text: string | undefined,
): { readonly type: SourceType; readonly name: string; readonly hash: string } | undefined {
  const raw = parse(text);
  const row = SOURCE_ROWS.find(({ word }) => word === raw?.['type']);
  const { name, hash } = raw ?? {};
  if (row === undefined || typeof name !== 'string' || typeof hash !== 'string') return undefined;
  return { type: row.type, name, hash };
}

/** The same text with another hash; everything else stays as it was written. */
export function withHash(text: string, hash: string): string {
  return JSON.stringify({ ...parse(text), hash });
}

function parse(text: string | undefined): Record<string, unknown> | undefined {
  if (text === undefined || text.length > MAX_LENGTH) return undefined;
  try {
    const raw: unknown = JSON.parse(text);
    return typeof raw === 'object' && raw !== null ? (raw as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
