import type { Metrics } from '../src/metrics.ts';
import type { assembleMutator } from '../src/roll/assemble.ts';
import type { Watches } from '../src/roll/watches.ts';

/** Registers the gauges that are read off the running parts. */
export function addGauges(
  metrics: Metrics,
  roll: Pick<
    ReturnType<typeof assembleMutator>,
    'workloads' | 'sources' | 'sightings' | 'queue' | 'baselines'
  >,
  watches: Watches,
): void {
  const sizes: readonly [name: string, help: string, read: () => number][] = [
    ['restamp_workloads', 'Workloads that are opted in or bear a map.', () => roll.workloads.size],
    ['restamp_sources', 'ConfigMaps and Secrets that the watches have shown.', () => roll.sources.size],
    [
      'restamp_sightings',
      'Writes that were seen at admission and not confirmed yet.',
      () => roll.sightings.size,
    ],
    ['restamp_queue', 'Workloads that are stale and wait to be rolled.', () => roll.queue.size],
    ['restamp_baselines_waiting', 'Maps that wait to be written.', () => roll.baselines.size],
  ];
  for (const [name, help, read] of sizes)
    metrics.gauge(name, help, function () {
      this.set(read());
    });
  metrics.gauge(
    'restamp_watch_age_seconds',
    'Time since the API server last spoke on a watch; bookmarks come every minute.',
    function () {
      for (const { resource, seconds } of watches.ages()) this.set({ resource }, seconds);
    },
    ['resource'],
  );
}
