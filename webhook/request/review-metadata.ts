// The metadata of an object in a review. The API server sends it well formed; whoever else sends one must not make a part
// that is compared or cut later be of another type.

import { isRecord, isText } from '../../src/core/api/shape.ts';

type Fields = Readonly<Record<string, unknown>>;
type Check = (value: unknown) => boolean;

const isMap: Check = (value) => isRecord(value) && Object.values(value).every(isText);
const isListOf =
  (checks: Readonly<Record<string, Check>>): Check =>
  (value) =>
    Array.isArray(value) && value.every((entry) => isRecord(entry) && fits(entry, checks));

const CHECKS: Readonly<Record<string, Check>> = {
  name: isText,
  generateName: isText,
  namespace: isText,
  uid: isText,
  resourceVersion: isText,
  creationTimestamp: isText,
  deletionTimestamp: isText,
  generation: (value) => typeof value === 'number',
  labels: isMap,
  annotations: isMap,
  ownerReferences: isListOf({ kind: isText, apiVersion: isText, name: isText, uid: isText }),
  managedFields: isListOf({ manager: isText, time: isText, subresource: isText, fieldsV1: isRecord }),
};

/** Whether each part that is there is what it must be. */
function fits(fields: Fields, checks: Readonly<Record<string, Check>>): boolean {
  return Object.entries(checks).every(([name, check]) => !Object.hasOwn(fields, name) || check(fields[name]));
}

/** The object of a review, without those parts of its metadata that are of a type they cannot be; itself if there are none. */
export function withSoundMetadata<T extends { readonly metadata: Fields }>(object: T): T {
  const { metadata } = object;
  if (fits(metadata, CHECKS)) return object;
  const sound = Object.entries(metadata).filter(([name, value]) => CHECKS[name]?.(value) ?? true);
  return { ...object, metadata: Object.fromEntries(sound) };
}
