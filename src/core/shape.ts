// What a value is whose type nobody vouches for.

export function isText(value: unknown): value is string {
  return typeof value === 'string';
}

/** Whether it has members by name: it is no list, and not null. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
