import type { RestampError } from '../errors.ts';

const FIRST_MS = 100;
const LONGEST_MS = 30_000;
/** Somebody must change something before these can succeed: trying often would only make noise. */
const PATIENT_FIRST_MS = 1_000;
const PATIENT_LONGEST_MS = 300_000;
const PATIENT = new Set<string>([
  'RESTAMP_KUBE_FORBIDDEN',
  'RESTAMP_KUBE_INVALID',
  'RESTAMP_ROLL_REFUSED',
  'RESTAMP_MAP_TOO_LARGE',
  'RESTAMP_INTERNAL_FAULT',
]);

/**
 * How long to wait before trying again after the `failures`-th failure in a row: doubling from 100 ms to 30 s
 * (from 1 s to 5 min where it was refused), with jitter, but never less than the API server asked for.
 */
export function backoffMs(error: RestampError, failures: number, random: () => number = Math.random): number {
  const patient = PATIENT.has(error.code);
  const [first, longest] = patient ? [PATIENT_FIRST_MS, PATIENT_LONGEST_MS] : [FIRST_MS, LONGEST_MS];
  const pause = Math.min(first * 2 ** (failures - 1), longest) * (0.5 + random() / 2);
  return Math.max(pause, (error.retryAfter ?? 0) * 1000);
}

/**
 * Failures in a row. What somebody must change first is counted apart: an API server that comes back may refuse for
 * a moment, and what it could not do before that says nothing of how long.
 */
export class FailureRow {
  #count = 0;
  #patient = false;

  /** One more failure: how long to wait now, in milliseconds. */
  next(error: RestampError, random?: () => number): number {
    const patient = PATIENT.has(error.code);
    this.#count = patient === this.#patient ? this.#count + 1 : 1;
    this.#patient = patient;
    return backoffMs(error, this.#count, random);
  }

  /** It has succeeded. */
  end(): void {
    this.#count = 0;
  }
}
