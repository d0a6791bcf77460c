import type { ServerClock } from './kube/server-clock.ts';
import type { Metrics } from './telemetry/metrics.ts';
import type { assembleMutator } from './controller/controller.ts';
import type { Leadership } from './controller/leadership.ts';
import { HOLD_REASONS } from './controller/gates/hold-reasons.ts';
import type { Watches } from './informers/informers.ts';
import type { Admission } from '../webhook/webhook.ts';

/** The running parts that gauges are read off. */
export type Gauged = Pick<
  ReturnType<typeof assembleMutator>,
  'workloads' | 'sources' | 'sightings' | 'reader' | 'queue' | 'baselines'
> & {
  readonly watches: Pick<Watches, 'ages'>;
  readonly leadership: Pick<Leadership, 'isLeader'>;
  readonly clock: Pick<ServerClock, 'ahead'>;
  /** Undefined without a front door. */
  readonly admission: Pick<Admission, 'registered'> | undefined;
};

/** Registers the gauges. */
export function addGauges(
  metrics: Metrics,
  { watches, leadership, clock, admission, ...roll }: Gauged,
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
    ['reloader_workqueue_depth', 'Workloads that are stale and wait to be rolled.', () => roll.queue.size],
    ['restamp_leader', 'Whether this process rolls: 1 for the leader.', () => Number(leadership.isLeader)],
    [
      'restamp_webhook_registered',
      'Whether the webhook configurations are there and trust our CA: 1 if so.',
      () => Number(admission?.registered ?? false),
    ],
    [
      'restamp_reads_waiting',
      'Reads of sources that wait for their turn; many for long: the API server is slow to answer.',
      () => roll.reader.waiting,
    ],
    [
      'restamp_clock_behind_seconds',
      'By how much the clock of this process is behind that of the API server, whose time counts.',
      () => clock.ahead / 1_000,
    ],
    ['restamp_baselines_waiting', 'Maps that wait to be written.', () => roll.baselines.size],
  ];
  for (const [name, help, read] of sizes)
    metrics.gauge(name, help, function () {
      this.set(read());
    });
  metrics.gauge(
    'restamp_watch_age_seconds',
    'Time since the API server last spoke on a watch, of the watch that has waited longest; bookmarks come every minute.',
    function () {
      const oldest = new Map<string, number>();
      for (const { resource, seconds } of watches.ages())
        oldest.set(resource, Math.max(seconds, oldest.get(resource) ?? 0));
      for (const [resource, seconds] of oldest) this.set({ resource }, seconds);
    },
    ['resource'],
  );
  metrics.gauge(
    'restamp_held',
    'Stale workloads that are not rolled yet, by reason.',
    function () {
      const waiting = roll.queue.waiting();
      // Every reason is always there, so that an alert on it does not miss the first time.
      for (const reason of HOLD_REASONS)
        this.set({ reason }, waiting.filter((one) => one.reason === reason).length);
    },
    ['reason'],
  );
}
