// The pause of a Deployment after a roll, in Reloader's annotations (reloader.md 4.4). Restamp rolls at once and
// holds what changes after that; it never sets `spec.paused`, so that nothing stays paused after a crash.

import { annotation, type Annotations, type ReloaderKeys } from '../api/annotations.ts';
import { parseDuration } from '../api/duration.ts';

export type Pause = {
  /** The annotation that says when the pause began. */
  readonly key: string;
  /** Milliseconds; zero for a pause that is over as soon as it begins. */
  readonly periodMs: number;
  /** What should be a period and is none. */
  readonly invalid: string | undefined;
  /** When it began: milliseconds since 1970; undefined where there is none, or nobody knows when it began. */
  readonly at: number | undefined;
  /** Reloader set `spec.paused` for it and has not resumed the Deployment. */
  readonly left: boolean;
  /** A person has paused the Deployment: no pause of ours begins. */
  readonly paused: boolean;
};

/** Go writes such times without fractions, and {@link pauseStart} always with one: so the two can be told apart. */
const WITH_FRACTION = /\.\d+Z$/;

/** What a Deployment says of its pause; undefined if nothing. Charts may also say it on the pod template. */
export function readPause(
  keys: Pick<ReloaderKeys, 'pausePeriod' | 'pausedAt'>,
  metadata: Annotations | undefined,
  template: Annotations | undefined,
  paused: boolean,
): Pause | undefined {
  const period = annotation(metadata, keys.pausePeriod) ?? annotation(template, keys.pausePeriod);
  const began = annotation(metadata, keys.pausedAt);
  if (period === undefined && began === undefined) return undefined;
  const periodMs = parseDuration(period);
  const at = Date.parse(began ?? '');
  const left = paused && began !== undefined && !WITH_FRACTION.test(began);
  return {
    key: keys.pausedAt,
    periodMs: periodMs ?? 0,
    invalid: period !== undefined && periodMs === undefined ? period : undefined,
    at: Number.isNaN(at) ? undefined : at,
    left,
    paused: paused && !left,
  };
}

/** Whether it has begun, be it that nobody knows when: its annotation is to go when it is over. */
export function hasBegun(pause: Pause | undefined): pause is Pause {
  return pause !== undefined && (pause.at !== undefined || pause.left);
}

/** Milliseconds that a pause still has; zero if there is none. One that began in the future lasts its period. */
export function pauseMs(pause: Pause | undefined, now: number): number {
  if (pause?.at === undefined) return 0;
  return Math.max(0, Math.min(pause.at, now) + pause.periodMs - now);
}

/** The annotation of a pause that begins now; undefined where a roll begins none. */
export function pauseStart(pause: Pause | undefined, now: number): Record<string, string> | undefined {
  if (pause === undefined || pause.periodMs <= 0 || pause.paused) return undefined;
  return { [pause.key]: new Date(now).toISOString() };
}
