import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import { reloaderMetrics } from './reloader-metrics.ts';

export type Metrics = ReturnType<typeof createMetrics>;

const ADMISSION_BUCKETS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const ROLL_BUCKETS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300];

export type MetricsOptions = {
  /** Reloader's counter by namespace: the only label whose values come from the cluster. */
  readonly byNamespace?: boolean;
};

/** Every metric of Restamp, on a registry of its own. No label names an object: their number must stay small. */
export function createMetrics({ byNamespace = false }: MetricsOptions = {}) {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  const counter = <L extends string>(name: string, help: string, labelNames: readonly L[] = []): Counter<L> =>
    new Counter({ name, help, labelNames: [...labelNames], registers });
  const gauge = <L extends string>(
    name: string,
    help: string,
    collect: (this: Gauge<L>) => void,
    labelNames: readonly L[] = [],
  ): Gauge<L> => new Gauge({ name, help, labelNames: [...labelNames], registers, collect });

  const histogram = <L extends string>(
    name: string,
    help: string,
    buckets: readonly number[],
    labelNames: readonly L[] = [],
  ): Histogram<L> =>
    new Histogram({ name, help, labelNames: [...labelNames], buckets: [...buckets], registers });

  return {
    reloader: reloaderMetrics(counter, histogram, byNamespace),
    rolls: counter('restamp_rolls_total', 'Workloads rolled, by kind and by whether the writer is known.', [
      'kind',
      'attributed',
    ]),
    rollFailures: counter('restamp_roll_failures_total', 'Patches that failed, by error code.', ['code']),
    rollSeconds: new Histogram({
      name: 'restamp_roll_seconds',
      help: 'From the time a change was seen to the patch of one workload.',
      buckets: ROLL_BUCKETS,
      registers,
    }),
    reviews: new Histogram({
      name: 'restamp_admission_seconds',
      help: 'Time to answer an admission review, by outcome.',
      labelNames: ['operation', 'outcome', 'dry_run'],
      buckets: ADMISSION_BUCKETS,
      registers,
    }),
    refused: counter(
      'restamp_refused_calls_total',
      'Calls that were refused before their body was read, by reason: no address of ours (path), no certificate of the API server (client) or of a replica.',
      ['reason'],
    ),
    apiCalls: counter(
      'restamp_api_requests_total',
      'Requests to the API server, by method and status code.',
      ['method', 'code'],
    ),
    forwarded: counter(
      'restamp_sightings_forwarded_total',
      'What admission saw here and the leader was told: sent, failed on the way, or dropped because too much waited.',
      ['outcome'],
    ),
    droppedLines: counter(
      'restamp_log_lines_dropped_total',
      'Lines of the log that were lost because whoever reads it has fallen too far behind.',
    ),
    droppedEvents: counter(
      'restamp_events_dropped_total',
      'Events that were lost because too many waited; their log lines are there.',
    ),
    troubles: counter('restamp_errors_total', 'Errors that were met and are tried again, by code.', ['code']),
    unreadableMaps: counter('restamp_maps_unreadable_total', 'Stored maps that count as none, by reason.', [
      'reason',
    ]),
    droppedStale: counter(
      'restamp_stale_dropped_total',
      'Stale entries that went because their source is no dependency any more.',
    ),
    leftOut: counter(
      'restamp_map_left_out_total',
      'Entries that did not fit into a map when it was written: while Restamp is down their changes are not seen.',
    ),
    outgoing: counter(
      'restamp_outgoing_total',
      'Alerts and webhook calls: sent, failed after all tries, or dropped.',
      ['what', 'result'],
    ),
    reverted: counter('restamp_levers_reverted_total', 'Levers that another manager took away after a roll.'),
    rollouts: counter(
      'restamp_rollouts_total',
      'What became of rollouts that Restamp began: completed, failed or waiting, with the reason.',
      ['kind', 'outcome', 'reason'],
    ),
    unproven: counter(
      'restamp_adopted_unproven_total',
      'Dependencies that may have changed before their first baseline.',
    ),
    /** A gauge that is computed when it is read. */
    gauge,
    registry,
  };
}
