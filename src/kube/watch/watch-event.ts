import { RestampError } from '../../errors.ts';
import type { Identified } from './known-objects.ts';

/** One line of a watch. */
export type WatchEvent = { readonly type: string; readonly object: Identified };

/** Reads one line of a watch. What the parser says of a bad one would quote it, and so perhaps data. */
export function parseEvent(path: string, line: string): WatchEvent {
  try {
    return JSON.parse(line) as WatchEvent;
  } catch {
    throw new RestampError('RESTAMP_KUBE_PROTOCOL', `${path}: a line of the watch is not JSON`);
  }
}

/** The API server is away, or breaks off what it has begun. */
export function unavailable(path: string, text: string): RestampError {
  return new RestampError('RESTAMP_KUBE_UNAVAILABLE', `${path}: ${text}`);
}

/** What an event of the type ERROR says. */
export function statusError(path: string, status: object): RestampError {
  const { code, message } = status as { code?: unknown; message?: unknown };
  const text = typeof message === 'string' ? message : 'the watch failed';
  return code === 410 ? new RestampError('RESTAMP_KUBE_GONE', `${path}: ${text}`) : unavailable(path, text);
}
