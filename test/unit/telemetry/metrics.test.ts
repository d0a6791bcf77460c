import { globSync, readFileSync } from 'node:fs';
import { Counter, Histogram } from 'prom-client';
import t from 'tap';
import { createMetrics } from '../../../src/telemetry/metrics.ts';

t.test('createMetrics shows Reloader’s counter from the start, with both values of its label', async (t) => {
  const text = await createMetrics().registry.metrics();
  t.match(text, /^reloader_reload_executed_total\{success="true"\} 0$/m);
  t.match(text, /^reloader_reload_executed_total\{success="false"\} 0$/m);
});

t.test('createMetrics has the metrics of the process too', async (t) => {
  t.match(await createMetrics().registry.metrics(), /^process_cpu_seconds_total /m);
});

t.test('createMetrics has a registry of its own each time', async (t) => {
  const one = createMetrics();
  const other = createMetrics();
  one.reloader.reloads.inc({ success: 'true' });
  t.match(await one.registry.metrics(), /^reloader_reload_executed_total\{success="true"\} 1$/m);
  t.match(await other.registry.metrics(), /^reloader_reload_executed_total\{success="true"\} 0$/m);
});

t.test('createMetrics counts by labels that name no object', async (t) => {
  const metrics = createMetrics();
  metrics.rolls.inc({ kind: 'Deployment', attributed: 'true' });
  metrics.rollFailures.inc({ code: 'RESTAMP_KUBE_CONFLICT' });
  metrics.apiCalls.inc({ method: 'PATCH', code: '200' });
  metrics.troubles.inc({ code: 'RESTAMP_KUBE_GONE' });
  metrics.unreadableMaps.inc({ reason: 'foreign' });
  metrics.droppedStale.inc();
  metrics.unproven.inc(2);
  metrics.rollSeconds.observe(0.02);
  metrics.reviews.observe({ operation: 'UPDATE', outcome: 'allowed', dry_run: 'false' }, 0.0004);
  const text = await metrics.registry.metrics();
  for (const line of [
    'restamp_rolls_total{kind="Deployment",attributed="true"} 1',
    'restamp_roll_failures_total{code="RESTAMP_KUBE_CONFLICT"} 1',
    'restamp_api_requests_total{method="PATCH",code="200"} 1',
    'restamp_errors_total{code="RESTAMP_KUBE_GONE"} 1',
    'restamp_maps_unreadable_total{reason="foreign"} 1',
    'restamp_stale_dropped_total 1',
    'restamp_adopted_unproven_total 2',
    'restamp_roll_seconds_count 1',
    'restamp_admission_seconds_bucket{le="0.0005",operation="UPDATE",outcome="allowed",dry_run="false"} 1',
  ])
    t.ok(text.split('\n').includes(line), line);
  const labels = [...text.matchAll(/^(?:restamp|reloader)_\w+\{(.*)\}/gm)].flatMap(([, list = '']) =>
    [...list.matchAll(/(\w+)=/g)].map(([, name]) => name),
  );
  t.ok(labels.length > 0);
  for (const name of ['name', 'namespace', 'workload', 'source', 'user', 'key'])
    t.notOk(labels.includes(name), name);
});

t.test('createMetrics makes gauges that are computed when they are read', async (t) => {
  const { gauge, registry } = createMetrics();
  let size = 1;
  gauge('restamp_queue_size', 'Workloads that wait.', function () {
    this.set(size);
  });
  t.match(await registry.metrics(), /^restamp_queue_size 1$/m);
  size = 5;
  t.match(await registry.metrics(), /^restamp_queue_size 5$/m);
});

t.test('createMetrics counts by namespace only where that is asked for', async (t) => {
  const { registry, reloader } = createMetrics({ byNamespace: true });
  reloader.reloadsByNamespace?.inc({ success: 'true', namespace: 'apps' });
  t.match(
    await registry.metrics(),
    'reloader_reload_executed_total_by_namespace{success="true",namespace="apps"} 1',
  );
  t.equal(createMetrics().reloader.reloadsByNamespace, undefined);
});

t.test('createMetrics has Reloader’s labels and buckets', async (t) => {
  const { registry, reloader } = createMetrics();
  reloader.actions.inc({ workload_kind: 'Deployment', result: 'success' });
  reloader.requests.inc({ code: '200', method: 'GET', host: '10.0.0.1:443' });
  reloader.requestSeconds.observe({ verb: 'GET', host: '10.0.0.1:443' }, 0.02);
  const text = await registry.metrics();
  t.match(text, 'reloader_action_total{workload_kind="Deployment",result="success"} 1');
  t.match(text, 'rest_client_requests_total{code="200",method="GET",host="10.0.0.1:443"} 1');
  t.same(
    [...text.matchAll(/^rest_client_request_duration_seconds_bucket\{le="([^"]+)"/gm)].map(([, le]) => le),
    ['0.001', '0.01', '0.05', '0.1', '0.5', '1', '5', '10', '30', '+Inf'],
  );
});

t.test('every counter and histogram is counted somewhere in the product', async (t) => {
  const product = globSync('{src,webhook,certs}/**/*.ts')
    .filter((file) => !/^src\/(reloader-)?metrics\.ts$/.test(file))
    .map((file) => readFileSync(file, 'utf8'))
    .join('\n');
  const { reloader, ...ours } = createMetrics({ byNamespace: true });
  const declared = Object.entries({ ...ours, ...reloader }).filter(
    ([, metric]) => metric instanceof Counter || metric instanceof Histogram,
  );
  t.ok(declared.length > 20);
  for (const [name] of declared)
    t.ok(
      new RegExp(`\\bmetrics\\.${name}\\b|\\b${name}\\??\\.(inc|observe)\\(`).test(product),
      `${name} is counted`,
    );
});
