import { ERRORS, type Retry } from './error-table.ts';

export type ErrorCode = keyof typeof ERRORS;

/** The only error that crosses a folder's border. `detail` names the thing; `cause` is what was wrapped. */
export class RestampError extends Error {
  readonly code: ErrorCode;
  readonly detail: string;
  /** Seconds that the other side asked us to wait, where it did. */
  readonly retryAfter: number | undefined;

  constructor(code: ErrorCode, detail: string, options: { cause?: unknown; retryAfter?: number } = {}) {
    super(`${ERRORS[code].text}: ${detail}`, 'cause' in options ? { cause: options.cause } : undefined);
    this.name = 'RestampError';
    this.code = code;
    this.detail = detail;
    this.retryAfter = options.retryAfter;
  }

  get retry(): Retry {
    return ERRORS[this.code].retry;
  }

  get status(): number {
    return ERRORS[this.code].status;
  }

  /** What the process ends with if it cannot start: 2 where trying again cannot help, else 1. */
  get exitCode(): number {
    return this.status < 400 ? this.status / 100 : 1;
  }

  get remedy(): string {
    return ERRORS[this.code].remedy;
  }
}

/**
 * Whether nobody knows what came of a request: the connection broke, no answer came in time, or the API server failed on the
 * way, so that it may have been done. A refusal is an answer.
 */
export function isUnanswered(error: unknown): boolean {
  return hasCode(error, 'RESTAMP_KUBE_UNAVAILABLE') || hasCode(error, 'RESTAMP_KUBE_PROTOCOL');
}

/** Whether `error` is ours and carries `code`. */
export function hasCode(error: unknown, code: ErrorCode): error is RestampError {
  return error instanceof RestampError && error.code === code;
}

/** Text of any thrown thing, for a log line; never its own properties, which may hold data. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/**
 * What may be said of an exception that nobody foresaw. Only the words of an Error or TypeError are the program's own:
 * those of a parser or of Node's checks quote what they were given, which may be a value of a source.
 */
export function faultText(error: unknown): string {
  if (!(error instanceof Error)) return `a ${typeof error} was thrown`;
  const plain = ['Error', 'TypeError', 'RangeError', 'ReferenceError'].includes(error.name);
  return plain && !('code' in error) ? `${error.name}: ${error.message}` : error.name;
}

/** `error` itself if it is ours; else it is wrapped under `code`, with what it was met at. */
export function asRestampError(error: unknown, code: ErrorCode, where: string): RestampError {
  if (error instanceof RestampError) return error;
  return new RestampError(code, `${where}: ${reasonOf(error)}`, { cause: error });
}
