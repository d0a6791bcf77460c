// The annotations that Restamp reads and writes. Reloader's are its contract (reloader.md 2.1 to 2.3).

import type { SourceType } from './source.ts';

/** Reloader's annotation keys; a table, because its flags rename most of them. */
export type ReloaderKeys = {
  readonly auto: string;
  readonly typedAuto: Readonly<Record<SourceType, string>>;
  readonly reload: Readonly<Record<SourceType, string>>;
  readonly exclude: Readonly<Record<SourceType, string>>;
  readonly search: string;
  readonly match: string;
  readonly ignore: string;
  readonly pausePeriod: string;
  readonly pausedAt: string;
};

export const RELOADER_KEYS: ReloaderKeys = {
  auto: 'reloader.stakater.com/auto',
  typedAuto: {
    cm: 'configmap.reloader.stakater.com/auto',
    secret: 'secret.reloader.stakater.com/auto',
    spc: 'secretproviderclass.reloader.stakater.com/auto',
  },
  reload: {
    cm: 'configmap.reloader.stakater.com/reload',
    secret: 'secret.reloader.stakater.com/reload',
    spc: 'secretproviderclass.reloader.stakater.com/reload',
  },
  exclude: {
    cm: 'configmaps.exclude.reloader.stakater.com/reload',
    secret: 'secrets.exclude.reloader.stakater.com/reload',
    spc: 'secretproviderclasses.exclude.reloader.stakater.com/reload',
  },
  search: 'reloader.stakater.com/search',
  match: 'reloader.stakater.com/match',
  ignore: 'reloader.stakater.com/ignore',
  pausePeriod: 'deployment.reloader.stakater.com/pause-period',
  pausedAt: 'deployment.reloader.stakater.com/paused-at',
};

/** Workload metadata: the map of stamps. */
export const STAMPS = 'restamp.dev/stamps';
/** Workload metadata: what the last rolls were for. */
export const LAST_ROLL = 'restamp.dev/last-roll';
/** Workload metadata: why a roll waits, if it waits for long. */
export const HELD = 'restamp.dev/held';
/** Pod template: Reloader's other lever. */
export const LAST_RELOADED_FROM = 'reloader.stakater.com/last-reloaded-from';
/** Pod template: set where Reloader's lever alone would not change the template (DESIGN 2.4). */
export const STAMP = 'restamp.dev/stamp';

export type Annotations = Readonly<Record<string, string>>;

/** The value of an annotation; a key of the prototype chain is not there. */
export function annotation(annotations: Annotations | null | undefined, key: string): string | undefined {
  return annotations && Object.hasOwn(annotations, key) ? annotations[key] : undefined;
}

/** Go's strconv.ParseBool as Reloader uses it: six spellings are true, everything else is false. */
export function parseBool(text: string | undefined): boolean {
  return text !== undefined && ['1', 't', 'T', 'TRUE', 'true', 'True'].includes(text);
}

/** On the Lease: where its holder takes what other replicas have seen at admission. */
export const ADDRESS = 'restamp.dev/address';

/** Annotations after a merge patch: null takes one away. */
export function mergeAnnotations(
  present: Annotations | undefined,
  change: Readonly<Record<string, string | null>>,
): Record<string, string> {
  const all: Record<string, string | null> = { ...present, ...change };
  return Object.fromEntries(
    Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== null),
  );
}
