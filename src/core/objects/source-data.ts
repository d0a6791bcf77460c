import type { SourceType } from '../api/source.ts';

/**
 * What a ConfigMap or Secret holds, as the API server writes it in JSON: `data` of a ConfigMap is text;
 * `data` of a Secret and `binaryData` are canonical base64. Maps, because `__proto__` is a legal key.
 */
export type SourceData = {
  readonly type: SourceType;
  readonly data: ReadonlyMap<string, string>;
  readonly binaryData: ReadonlyMap<string, string>;
};

/**
 * What a pod has mounted of a SecretProviderClass, in Reloader's form (reloader.md 5): the version of each object
 * by its id, and the name of the class. Neither is a secret.
 */
export function mountedData(
  className: string,
  objects: readonly { readonly id?: string; readonly version?: string }[],
): SourceData {
  const versions = objects.map(({ id = '', version = '' }) => [id, version] as const);
  return {
    type: 'spc',
    data: new Map([...versions, ['SecretProviderClassName', className]]),
    binaryData: new Map(),
  };
}

/** Reads the data of an API object; a missing or null section is an empty one, what is no text is left out. */
export function sourceData(type: SourceType, object: unknown): SourceData {
  return { type, data: section(object, 'data'), binaryData: section(object, 'binaryData') };
}

function section(object: unknown, name: 'data' | 'binaryData'): Map<string, string> {
  const found = new Map<string, string>();
  if (typeof object !== 'object' || object === null || !Object.hasOwn(object, name)) return found;
  const values = (object as Record<string, unknown>)[name];
  if (typeof values !== 'object' || values === null) return found;
  for (const [key, value] of Object.entries(values)) if (typeof value === 'string') found.set(key, value);
  return found;
}

/** Names of keys, never values; each list is sorted. */
export type KeyDiff = {
  readonly added: readonly string[];
  readonly removed: readonly string[];
  readonly changed: readonly string[];
};

/**
 * Compares old and new data by key. A key that moves between `data` and `binaryData` is a changed one.
 *
 * @example diffKeys({a: '1', b: '2'}, {b: '3', c: '4'}) is {added: ['c'], removed: ['a'], changed: ['b']}
 */
export function diffKeys(before: SourceData, after: SourceData): KeyDiff {
  const added: string[] = [];
  const removed: string[] = [];
  const changed: string[] = [];
  for (const key of keysOf(after)) {
    if (!has(before, key)) added.push(key);
    else if (
      before.data.get(key) !== after.data.get(key) ||
      before.binaryData.get(key) !== after.binaryData.get(key)
    )
      changed.push(key);
  }
  for (const key of keysOf(before)) if (!has(after, key)) removed.push(key);
  return { added: added.sort(), removed: removed.sort(), changed: changed.sort() };
}

/** All keys that a diff names, sorted. */
export function diffNames(diff: KeyDiff): string[] {
  return [...diff.added, ...diff.removed, ...diff.changed].sort();
}

function keysOf(data: SourceData): Set<string> {
  return new Set([...data.data.keys(), ...data.binaryData.keys()]);
}

function has(data: SourceData, key: string): boolean {
  return data.data.has(key) || data.binaryData.has(key);
}
