import t from 'tap';
import { RestampError } from '../../../../src/errors.ts';
import { createMetrics } from '../../../../src/telemetry/metrics.ts';
import { Tally } from '../../../../src/controller/reporting/reconcile-metrics.ts';
import { world } from '../../../support/controller/world.ts';

/** A world in which `api` uses `cm/app`, with everything counted. */
async function counted() {
  const metrics = createMetrics();
  const lines: string[] = [];
  const log = { debug: (_fields: unknown, message: string): void => void lines.push(message) };
  const made = world({}, (clock) => new Tally({ clock, log, metrics: metrics.reloader }));
  made.putSource('cm/app', { a: '1' });
  made.putWorkload('api');
  made.mutator.start();
  await made.pass(1500);
  /** The lines of /metrics that tell of something, buckets aside. */
  const shown = async (): Promise<string[]> =>
    (await metrics.registry.metrics())
      .split('\n')
      .filter((line) => line.startsWith('reloader_') && !line.includes('_bucket') && !line.endsWith(' 0'));
  return { ...made, shown, lines };
}

t.test('what is there at the start is no event, and nothing is counted for it', async (t) => {
  const { shown } = await counted();
  t.same(await shown(), []);
});

t.test('one change and one roll are one of each', async (t) => {
  const { shown, putSource, pass, rolled } = await counted();
  putSource('cm/app', { a: '2' });
  await pass(2000);
  t.same(rolled(), ['api']);
  t.same(await shown(), [
    'reloader_reconcile_total{result="success"} 1',
    'reloader_reconcile_duration_seconds_count{result="success"} 1',
    'reloader_action_latency_seconds_count{workload_kind="Deployment"} 1',
    'reloader_workqueue_adds_total 1',
    'reloader_workqueue_latency_seconds_sum 1',
    'reloader_workqueue_latency_seconds_count 1',
    'reloader_events_received_total{event_type="update",resource_type="configmaps"} 1',
    'reloader_workloads_scanned_total{kind="Deployment"} 1',
    'reloader_workloads_matched_total{kind="Deployment"} 1',
  ]);
});

t.test(
  'a write without a change of data is skipped, in Reloader’s words; sources nobody uses are events alone',
  async (t) => {
    const { shown, putSource, deleteSource, pass, lines } = await counted();
    putSource('cm/app', { a: '1' });
    putSource('secret/other', { a: '1' });
    deleteSource('secret/other');
    await pass(2000);
    t.same(await shown(), [
      'reloader_skipped_total{reason="no_data_change"} 1',
      'reloader_events_received_total{event_type="update",resource_type="configmaps"} 1',
      'reloader_events_received_total{event_type="add",resource_type="secrets"} 1',
      'reloader_events_received_total{event_type="delete",resource_type="secrets"} 1',
    ]);
    t.same(lines, ["No changes detected in 'app' of type 'CONFIGMAP' in namespace 'apps'"]);
  },
);

t.test(
  'a roll that fails is an error and is tried again; a conflict is tried again and no error',
  async (t) => {
    for (const [code, result] of [
      ['RESTAMP_KUBE_FORBIDDEN', 'error'],
      ['RESTAMP_KUBE_CONFLICT', 'skipped'],
    ] as const) {
      const { shown, putSource, pass, ways } = await counted();
      let failures = 1;
      ways.patch = async (name) => {
        if ((failures -= 1) >= 0) throw new RestampError(code, name);
      };
      putSource('cm/app', { a: '2' });
      await pass(5000);
      const lines = await shown();
      t.ok(lines.includes(`reloader_reconcile_total{result="${result}"} 1`), code);
      t.ok(lines.includes('reloader_reconcile_total{result="success"} 1'));
      t.ok(lines.includes('reloader_retries_total 1'));
      t.equal(lines.includes('reloader_errors_total{type="handler_error"} 1'), result === 'error');
    }
  },
);
