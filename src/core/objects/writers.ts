// Who wrote a workload, and when, as its managedFields tell. Only for telling, but for when it was last written.

import type { Workload } from './workload.ts';

export type ManagedField = {
  readonly manager?: string;
  readonly subresource?: string;
  readonly time?: string;
};

/** Our own field manager, which is Reloader's. */
const OURSELVES = 'Reloader';

/** When each field manager but us last wrote outside the status (RFC 3339). */
export function readWriters(fields: readonly ManagedField[]): Map<string, string> {
  const writers = new Map<string, string>();
  for (const { manager, subresource, time = '' } of fields)
    if (manager !== undefined && manager !== OURSELVES && subresource !== 'status')
      if (time >= (writers.get(manager) ?? '')) writers.set(manager, time);
  return writers;
}

/** When we last wrote outside the status (RFC 3339). */
export function readOwnWrite(fields: readonly ManagedField[]): string | undefined {
  const own = fields.filter(({ manager, subresource }) => manager === OURSELVES && subresource !== 'status');
  return own
    .flatMap(({ time }) => time ?? [])
    .sort()
    .at(-1);
}

/** When anybody last wrote outside the status (milliseconds since 1970). */
export function lastWrite(fields: readonly ManagedField[]): number | undefined {
  const times = fields
    .filter(({ subresource }) => subresource !== 'status')
    .map(({ time = '' }) => Date.parse(time));
  return times.length === 0 ? undefined : Math.max(...times);
}

/** The field manager that wrote a workload last: the one that is new since `before`, else the newest. */
export function lastWriter(
  now: Pick<Workload, 'writers'>,
  before: Pick<Workload, 'writers'> | undefined,
): string | undefined {
  const byTime = [...now.writers].sort(([, a], [, b]) => (a < b ? -1 : a > b ? 1 : 0));
  const since = byTime.filter(([manager, time]) => before?.writers.get(manager) !== time);
  return (since.at(-1) ?? byTime.at(-1))?.[0];
}
