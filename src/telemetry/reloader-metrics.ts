import type { Counter, Histogram } from 'prom-client';

type Counting = <L extends string>(name: string, help: string, labels?: readonly L[]) => Counter<L>;
type Timing = <L extends string>(
  name: string,
  help: string,
  buckets: readonly number[],
  labels?: readonly L[],
) => Histogram<L>;

export type ReloaderMetrics = ReturnType<typeof reloaderMetrics>;

const RECONCILE_BUCKETS = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const ACTION_BUCKETS = [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
const QUEUE_BUCKETS = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];
const REST_BUCKETS = [0.001, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30];

/**
 * Reloader's metrics under its names, labels and buckets (reloader.md 7.4), as far as Restamp does what they speak
 * of. Each thing is counted once.
 */
export function reloaderMetrics(counter: Counting, histogram: Timing, byNamespace: boolean) {
  const reloads = counter('reloader_reload_executed_total', 'Workloads rolled, by success.', ['success']);
  for (const success of ['true', 'false']) reloads.inc({ success }, 0);
  return {
    reloads,
    reloadsByNamespace: byNamespace
      ? counter(
          'reloader_reload_executed_total_by_namespace',
          'Workloads rolled, by success and namespace; only with METRICS_COUNT_BY_NAMESPACE=enabled.',
          ['success', 'namespace'],
        )
      : undefined,
    reconciles: counter(
      'reloader_reconcile_total',
      'Stale workloads that were taken up: rolled (success), failed (error), or held or fresh by then (skipped).',
      ['result'],
    ),
    reconcileSeconds: histogram(
      'reloader_reconcile_duration_seconds',
      'Time to take up one stale workload, its patch included.',
      RECONCILE_BUCKETS,
      ['result'],
    ),
    actions: counter('reloader_action_total', 'Rolls of workloads, by kind and result.', [
      'workload_kind',
      'result',
    ]),
    actionSeconds: histogram(
      'reloader_action_latency_seconds',
      'Time to write one roll, by kind of workload.',
      ACTION_BUCKETS,
      ['workload_kind'],
    ),
    skipped: counter(
      'reloader_skipped_total',
      'Writes of sources after which nothing was to do; reason no_data_change.',
      ['reason'],
    ),
    queueAdds: counter('reloader_workqueue_adds_total', 'Times that a workload was put into the queue.'),
    queueSeconds: histogram(
      'reloader_workqueue_latency_seconds',
      'Time in the queue until a roll, quiet period and holds included.',
      QUEUE_BUCKETS,
    ),
    errors: counter('reloader_errors_total', 'Rolls that failed; type handler_error.', ['type']),
    retries: counter('reloader_retries_total', 'Rolls that are tried again.'),
    events: counter(
      'reloader_events_received_total',
      'Writes of sources that the watches have told of; what was there at the start is no event.',
      ['event_type', 'resource_type'],
    ),
    scanned: counter(
      'reloader_workloads_scanned_total',
      'Workloads looked at because a source that they may depend on has changed.',
      ['kind'],
    ),
    matched: counter('reloader_workloads_matched_total', 'Those of them that were found stale.', ['kind']),
    requests: counter('rest_client_requests_total', 'Requests to the API server.', [
      'code',
      'method',
      'host',
    ]),
    requestSeconds: histogram(
      'rest_client_request_duration_seconds',
      'Time to the first byte of the answer of the API server.',
      REST_BUCKETS,
      ['verb', 'host'],
    ),
  };
}
