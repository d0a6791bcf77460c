// What a value is whose type nobody vouches for.

export function isText(value: unknown): value is string {
  return typeof value === 'string';
}

/** Whether it has members by name: it is no list, and not null. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A list with each element as `read` has it: the same list where that changes none. */
export function mappedList(list: readonly unknown[], read: (one: unknown) => unknown): readonly unknown[] {
  const next = list.map((one) => read(one));
  return next.every((one, at) => one === list[at]) ? list : next;
}

/** An object with each member as `read` has it, without what is undefined then: the same object where that changes none. */
export function mappedMembers(
  members: Readonly<Record<string, unknown>>,
  read: (one: unknown, key: string) => unknown,
): Readonly<Record<string, unknown>> {
  const keys = Object.keys(members);
  const next = keys.map((key) => read(members[key], key));
  if (keys.every((key, at) => next[at] !== undefined && next[at] === members[key])) return members;
  const entries = keys.map((key, at): [string, unknown] => [key, next[at]]);
  return Object.fromEntries(entries.filter(([, one]) => one !== undefined));
}
