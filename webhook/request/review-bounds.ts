// What is kept of a review is a stranger's text: each part has a length, and what is cut off is counted.

import { isDigest } from '../../src/core/objects/digest.ts';
import type { Sighting } from '../../src/attribution/sightings.ts';

/** Longest texts, in characters. What Kubernetes bounds itself fits. */
const USER = 256;
const GROUP = 128;
const MANAGER = 128;
const ID = 64;
const OPERATION = 16;
const NAMESPACE = 63;
const NAME = 253;
/** Longest lists. */
const GROUPS = 32;
const KEYS = 50;

/** A version is a number (k8s.io/apimachinery, util/resourceversion); what is none says nothing of order. */
const VERSION = /^\d{1,20}$/;

/** A text of at most `most` characters; of a longer one its beginning, and how many are missing. */
function cut(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, most).toWellFormed()}… (${text.length - most} more)`;
}

/** Who writes, as far as it is kept: a part of another type is not believed. */
export function boundUser(userInfo: Readonly<Record<string, unknown>>): {
  username: string;
  groups: string[];
} {
  const { username, groups } = userInfo;
  const known = Array.isArray(groups) ? groups.filter((one) => typeof one === 'string') : [];
  const shown = known.slice(0, GROUPS).map((one) => cut(one, GROUP));
  if (known.length > GROUPS) shown.push(`… (${known.length - GROUPS} more)`);
  return { username: typeof username === 'string' ? cut(username, USER) : '', groups: shown };
}

/** The field manager, as far as it is kept; undefined for what is no text. */
export function boundManager(manager: unknown): string | undefined {
  return typeof manager === 'string' ? cut(manager, MANAGER) : undefined;
}

/** Whether a text can be an id that the API server has given. */
export function isId(text: unknown): text is string {
  return typeof text === 'string' && text !== '' && text.length <= ID;
}

/** A sighting as it may be kept and passed on: at most 50 key names, and `more` counts the rest. */
export function boundSighting(sighting: Sighting): Sighting {
  const { uid, digest, baseVersion, keys, more = 0, user, groups, manager, operation, requestUid } = sighting;
  const left = more + Math.max(keys.length - KEYS, 0);
  const { username, groups: kept } = boundUser({ username: user, groups });
  return {
    ...sighting,
    namespace: sighting.namespace.slice(0, NAMESPACE),
    name: sighting.name.slice(0, NAME),
    uid: isId(uid) ? uid : '',
    digest: digest !== undefined && isDigest(digest) ? digest : undefined,
    baseVersion: baseVersion !== undefined && VERSION.test(baseVersion) ? baseVersion : undefined,
    keys: keys.slice(0, KEYS).map((key) => cut(key, NAME)),
    ...(left === 0 ? {} : { more: left }),
    user: username,
    groups: kept,
    manager: boundManager(manager),
    operation: operation.slice(0, OPERATION),
    requestUid: requestUid.slice(0, ID),
  };
}
