import { isRecord, isText } from '../api/shape.ts';
import { parseStampKey } from '../api/source.ts';

/** One source in the history of a workload, and in its hold. */
export type RollSource = {
  /** Stamp key: `cm/app`. */
  readonly source: string;
  readonly cause: string;
  /** Names of changed keys, at most {@link MAX_KEYS}; `more` counts the rest. Absent where nobody saw the write. */
  readonly keys?: readonly string[];
  readonly more?: number;
  /** Who changed it, and by which field manager; absent where nobody saw the write. */
  readonly by?: string;
  readonly manager?: string;
  /** RFC 3339: when the change was seen. */
  readonly changed: string;
};

export const MAX_KEYS = 20;
/** The longest text that is taken out of an annotation, in characters: the name of a key, or of an actor. */
const MAX_TEXT = 253;

/**
 * Reads one source out of an annotation. Restamp wrote it once, but whoever may write the workload may have changed it
 * since: it is undefined unless every part has its type, and only the parts that are known are taken, cut to their lengths.
 */
export function readRollSource(value: unknown): RollSource | undefined {
  if (!isRecord(value)) return undefined;
  const { source, cause, keys, more, by, manager, changed } = value;
  if (!isText(source) || parseStampKey(source) === undefined || !isText(cause) || !isTime(changed))
    return undefined;
  if (![by, manager].every((one) => one === undefined || isText(one))) return undefined;
  if (!(keys === undefined || (Array.isArray(keys) && keys.every(isText)))) return undefined;
  if (!(more === undefined || isCount(more))) return undefined;
  return {
    source,
    cause: cause.slice(0, MAX_TEXT),
    ...(keys === undefined
      ? {}
      : { keys: keys.slice(0, MAX_KEYS).map((key: string) => key.slice(0, MAX_TEXT)) }),
    ...(more === undefined ? {} : { more }),
    ...(by === undefined ? {} : { by: (by as string).slice(0, MAX_TEXT) }),
    ...(manager === undefined ? {} : { manager: (manager as string).slice(0, MAX_TEXT) }),
    changed,
  };
}

export function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) > 0;
}

/** Whether it is a time as we write it: any other text that a parser takes would be handed on as it is. */
export function isTime(value: unknown): value is string {
  return (
    isText(value) &&
    /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$/.test(value) &&
    !Number.isNaN(Date.parse(value))
  );
}
