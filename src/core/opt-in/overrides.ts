// What people ask of single rolls, by annotation on the workload or on a source of it.

import { annotation, type Annotations } from '../api/annotations.ts';
import { parseDuration } from '../api/duration.ts';
import type { Strategy } from '../template/lever.ts';

export const QUIET_PERIOD = 'restamp.dev/quiet-period';
export const LONGEST_DELAY = 'restamp.dev/longest-delay';
export const RELEASE_QUIET = 'restamp.dev/release-quiet';
export const REQUEST = 'restamp.dev/request';
/** `annotation`: rolls show in a template annotation, not in an env var; `env` is the other one. */
export const LEVER = 'restamp.dev/lever';
/** On a CronJob, `next-run`: its template is stamped, and no Job is started now. */
export const CRONJOB = 'restamp.dev/cronjob';
/** On an Argo Rollout, `restart`: its pods are restarted, and its template stays (reloader.md 2.1). */
export const ROLLOUT_STRATEGY = 'reloader.stakater.com/rollout-strategy';
/** On a namespace, or on the ConfigMap of our name in our own namespace. */
export const STOP = 'restamp.dev/stop';

/** `roll@<time>` opens the gates for what is stale then; `skip@<time>` takes it as it is, without a roll. */
export type Request = { readonly verb: 'roll' | 'skip'; /** RFC 3339 */ readonly at: string };

/** Milliseconds; undefined where nobody said anything, or nothing that can be read. */
export type Wishes = {
  readonly quietMs: number | undefined;
  readonly longestMs: number | undefined;
  readonly releaseQuietMs: number | undefined;
  readonly request: Request | undefined;
  readonly lever: Strategy | undefined;
  readonly nextRun: boolean;
  readonly restart: boolean;
};

/** Almost every source has none: they share this. */
const NO_WISHES: Wishes = {
  quietMs: undefined,
  longestMs: undefined,
  releaseQuietMs: undefined,
  request: undefined,
  lever: undefined,
  nextRun: false,
  restart: false,
};

const KEYS = [QUIET_PERIOD, LONGEST_DELAY, RELEASE_QUIET, REQUEST, LEVER, CRONJOB, ROLLOUT_STRATEGY];
const STRATEGIES = new Map<string | undefined, Strategy>([
  ['annotation', 'annotations'],
  ['env', 'env-vars'],
]);

export function readWishes(annotations: Annotations | undefined): Wishes {
  if (!KEYS.some((key) => annotation(annotations, key) !== undefined)) return NO_WISHES;
  return {
    quietMs: parseDuration(annotation(annotations, QUIET_PERIOD)),
    longestMs: parseDuration(annotation(annotations, LONGEST_DELAY)),
    releaseQuietMs: parseDuration(annotation(annotations, RELEASE_QUIET)),
    request: parseRequest(annotation(annotations, REQUEST)),
    lever: STRATEGIES.get(annotation(annotations, LEVER)),
    nextRun: annotation(annotations, CRONJOB) === 'next-run',
    restart: annotation(annotations, ROLLOUT_STRATEGY) === 'restart',
  };
}

/** When a stale workload is due: `quietMs` after the last change, `longestMs` after the first at the latest. */
export type Timing = { readonly quietMs: number; readonly longestMs: number };

/** What a workload asks for, else the longest that one of its sources asks for, else the settings. */
export function timingOf(own: Wishes | undefined, sources: readonly Wishes[], settings: Timing): Timing {
  const longest = (values: readonly (number | undefined)[]): number | undefined => {
    const given = values.filter((value) => value !== undefined);
    return given.length === 0 ? undefined : Math.max(...given);
  };
  return {
    quietMs: own?.quietMs ?? longest(sources.map((one) => one.quietMs)) ?? settings.quietMs,
    longestMs: own?.longestMs ?? longest(sources.map((one) => one.longestMs)) ?? settings.longestMs,
  };
}

/** Reads a request; its time is written anew, so that two spellings of one time are one request. */
export function parseRequest(text: string | undefined): Request | undefined {
  const [, verb, time] = /^(roll|skip)@(.+)$/.exec(text ?? '') ?? [];
  const at = Date.parse(time ?? '');
  if (verb === undefined || Number.isNaN(at)) return undefined;
  return { verb: verb as Request['verb'], at: new Date(at).toISOString() };
}

/** Clocks differ by less than this, in milliseconds. */
const CLOCKS_DIFFER_MS = 300_000;

/**
 * Whether a time is too far ahead of ours (`now`: milliseconds since 1970) to be of a person who asks now. To obey it
 * would answer every request that comes until then.
 */
export function isAhead(time: string, now: number): boolean {
  return Date.parse(time) > now + CLOCKS_DIFFER_MS;
}

/** The newest request that a map has not answered yet; one that is ahead of `now` counts as none, asked or answered. */
export function openRequest(
  requests: readonly (Request | undefined)[],
  answered: string | undefined,
  now: number,
): Request | undefined {
  const after = answered === undefined || isAhead(answered, now) ? -Infinity : Date.parse(answered);
  return requests
    .filter((one) => one !== undefined)
    .filter(({ at }) => !isAhead(at, now) && !(Date.parse(at) <= after))
    .reduce<Request | undefined>(
      (newest, one) => (newest === undefined || one.at > newest.at ? one : newest),
      undefined,
    );
}
