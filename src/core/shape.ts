// What a value is whose type nobody vouches for.

export function isText(value: unknown): value is string {
  return typeof value === 'string';
}

/** Whether it has members by name: it is no list, and not null. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A list with each element as `read` has it: the same list where that changes none. */
export function mapped(list: readonly unknown[], read: (one: unknown) => unknown): readonly unknown[] {
  const next = list.map((one) => read(one));
  return next.every((one, at) => one === list[at]) ? list : next;
}
