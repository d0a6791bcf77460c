import type { Sighting } from '../../../src/attribution/sightings.ts';
import { digestOf, NOW, ref, type StoredSource } from './builders.ts';

/** What admission sees of a write of a source; without data it is a deletion. */
export function sightingOf(
  key: string,
  operation: string,
  user: string,
  write: {
    readonly uid: string;
    readonly before: StoredSource | undefined;
    readonly data: Readonly<Record<string, string>> | undefined;
    readonly at?: number;
  },
): Sighting {
  const { uid, before, data, at = NOW } = write;
  const names = new Set([...Object.keys(before?.data ?? {}), ...Object.keys(data ?? {})]);
  return {
    ...ref(key),
    uid,
    digest: data === undefined ? undefined : digestOf(key, data),
    baseVersion: before?.metadata.resourceVersion,
    keys: [...names].filter((name) => before?.data[name] !== data?.[name]).sort(),
    user,
    groups: [],
    manager: 'kubectl-edit',
    operation,
    requestUid: 'r',
    at,
  };
}
