import type { LeverDigest } from '../../../src/state/digested-source.ts';
import type { MutatorSettings } from '../../../src/controller/ports.ts';
import { reloaderKeys } from './builders.ts';

/** What of it a test may set, and what levers tell. */
export type WorldSettings = Partial<MutatorSettings> & { readonly levers?: LeverDigest };

/** How the rolling side is set in a world of a test, unless that says otherwise. */
export const SETTINGS: MutatorSettings = {
  keys: reloaderKeys,
  resourceLabelSelector: [],
  resourcesToIgnore: new Set(),
  autoReloadAll: false,
  reloadOnCreate: false,
  reloadOnDelete: false,
  adoptByRoll: false,
  quietMs: 1000,
  longestDelayMs: 10_000,
  rollParallelism: 16,
  baselinesPerSecond: 5,
  writeBaselines: true,
  releaseQuietMs: 10_000,
  rollLimit: 1000,
  recoveryRollsPerSecond: 1000,
  rolloutDeadlineMs: 600_000,
  reloadStrategy: 'env-vars',
  annotationLeverKinds: new Set(),
  mode: 'roll',
};

const never = (): Promise<never> => Promise.reject(new Error('there are no Jobs here'));
/** A world has no Jobs, unless a test brings them. */
export const noJobs = { read: never, create: never, running: never, remove: never };
export const noRemakes = { all: async () => [], put: never, holds: never, remove: never };
