import type { RestampError } from '../errors.ts';

const FIRST_MS = 100;
const LONGEST_MS = 30_000;
/** Somebody must change something before these can succeed: trying often would only make noise. */
const PATIENT_FIRST_MS = 1_000;
const PATIENT_LONGEST_MS = 300_000;
const PATIENT = new Set<string>(['RESTAMP_KUBE_FORBIDDEN', 'RESTAMP_KUBE_INVALID']);

/**
 * How long to wait before trying again after the `failures`-th failure in a row: what the API server asked
 * for, else doubling from 100 ms to 30 s (from 1 s to 5 min where it refused), with jitter.
 */
export function backoffMs(error: RestampError, failures: number, random: () => number = Math.random): number {
  if (error.retryAfter !== undefined) return error.retryAfter * 1000;
  const patient = PATIENT.has(error.code);
  const [first, longest] = patient ? [PATIENT_FIRST_MS, PATIENT_LONGEST_MS] : [FIRST_MS, LONGEST_MS];
  return Math.min(first * 2 ** (failures - 1), longest) * (0.5 + random() / 2);
}
