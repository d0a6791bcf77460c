import t, { type Test } from 'tap';
import type { Config } from '../../../src/config/config.ts';
import { createMetrics } from '../../../src/telemetry/metrics.ts';
import { createAlerts } from '../../../src/notify/alerts.ts';
import { noFaults } from '../../support/contained-faults.ts';
import { fakeClock } from '../../support/fake-clock.ts';
import { journal } from '../../support/recording.ts';
import { receiver, status } from '../../support/http-receiver.ts';
import { workload } from '../../support/controller/builders.ts';

const CHANGED = '2026-11-22T12:00:00.000Z';
const entry = { rolled: CHANGED, sources: [{ source: 'cm/app', cause: 'changed', changed: CHANGED }] };
const off: Config['alert'] = { onReload: false, sink: 'raw', url: undefined, proxy: undefined, info: '' };

function alerting(t: Test, alert: Partial<Config['alert']>) {
  const lines = journal<string>();
  const metrics = createMetrics();
  const line = (_fields: unknown, message: string): void => lines.note(message);
  const alerts = createAlerts({
    faults: noFaults,
    alert: { ...off, ...alert },
    clock: fakeClock(0),
    log: { error: line, warn: line },
    metrics,
  });
  t.teardown(() => alerts?.stop());
  return { alerts, lines, metrics };
}

t.test('there are alerts only where they are asked for and have an address', async (t) => {
  const url = new URL('http://chat.example/hook');
  t.equal(alerting(t, { url }).alerts, undefined);
  t.equal(alerting(t, { onReload: true }).alerts, undefined);
  t.not(alerting(t, { onReload: true, url }).alerts, undefined);
});

t.test('each roll is one alert, sent when no patch waits', async (t) => {
  const { url, got } = await receiver(t);
  const { alerts, metrics } = alerting(t, { onReload: true, url, sink: 'slack', info: 'prod' });
  alerts?.setBusy(true);
  alerts?.rolled(workload('api'), entry);
  alerts?.rolled(workload('web'), entry);
  t.equal(got.items.length, 0);
  alerts?.setBusy(false);
  const [first] = await got.until(2);
  t.equal(
    first?.body,
    '{"attachments":[{"author_name":"Reloader","color":"good","text":"prod : Reloader detected changes in *app* of type *CONFIGMAP* in namespace *apps*. Hence reloaded *api* of type *Deployment* in namespace *apps*"}]}',
  );
  t.equal(first?.headers['content-type'], 'application/json');
  t.match(await metrics.registry.metrics(), /restamp_outgoing_total/);
});

t.test(
  'an alert that fails is logged in Reloader’s words and counted, and its address is told nowhere',
  async (t) => {
    const { url } = await receiver(t, status(403));
    const { alerts, lines, metrics } = alerting(t, { onReload: true, url: new URL('/not-to-be-told', url) });
    alerts?.rolled(workload('api'), entry);
    const [line] = await lines.until(1);
    t.match(line, /^Error sending alert: .*127\.0\.0\.1:\d+: status 403$/);
    t.notMatch(line, /not-to-be-told/);
    t.match(await metrics.registry.metrics(), 'restamp_outgoing_total{what="alert",result="failed"} 1');
  },
);
