import t from 'tap';
import { RestampError } from '../../../../src/errors.ts';
import type { Log } from '../../../../src/telemetry/log.ts';
import { createMetrics } from '../../../../src/telemetry/metrics.ts';
import { fakeClock } from '../../../support/fake-clock.ts';
import { createTelling } from '../../../../src/controller/reporting/reporter.ts';
import { workload } from '../../../support/controller/builders.ts';

function telling() {
  const clock = fakeClock(0);
  const lines: string[] = [];
  const line = (_fields: object, message: string): void => void lines.push(message);
  const log = { debug: line, info: line, warn: line, error: line, audit: line } as unknown as Log;
  const metrics = createMetrics();
  return { clock, told: createTelling(clock, log, metrics), lines, text: () => metrics.registry.metrics() };
}

const roll = { kind: 'Deployment', namespace: 'apps', attributed: false } as const;

t.test('a roll that failed is counted by its code, and no roll is', async (t) => {
  const { told, text } = telling();
  told.recorder.countRoll({ ...roll, success: false, code: 'RESTAMP_KUBE_UNAVAILABLE' });
  const shown = await text();
  t.match(shown, /^restamp_roll_failures_total\{code="RESTAMP_KUBE_UNAVAILABLE"\} 1$/m);
  t.notMatch(shown, /^restamp_rolls_total\{/m);
  t.match(shown, /^reloader_action_total\{workload_kind="Deployment",result="error"\} 1$/m);
});

t.test('a roll is counted, and no failure is', async (t) => {
  const { told, text } = telling();
  told.recorder.countRoll({ ...roll, success: true, seconds: 0.3 });
  const shown = await text();
  t.match(shown, /^restamp_rolls_total\{kind="Deployment",attributed="false"\} 1$/m);
  t.notMatch(shown, /^restamp_roll_failures_total\{/m);
});

t.test('what is tried again is counted by its code and logged', async (t) => {
  const { told, lines, text } = telling();
  told.onTrouble(new RestampError('RESTAMP_KUBE_GONE', 'a list'));
  t.match(await text(), /^restamp_errors_total\{code="RESTAMP_KUBE_GONE"\} 1$/m);
  t.same(lines, ['The resource version is too old: a list']);
});

t.test('what is tried again and again is counted each time, and logged once a minute', async (t) => {
  const { clock, told, lines, text } = telling();
  for (let time = 0; time < 5; time += 1) told.onTrouble(new RestampError('RESTAMP_KUBE_GONE', 'a list'));
  t.equal(lines.length, 1);
  t.match(await text(), /^restamp_errors_total\{code="RESTAMP_KUBE_GONE"\} 5$/m);
  clock.advance(60_000);
  told.onTrouble(new RestampError('RESTAMP_KUBE_GONE', 'a list'));
  t.equal(lines.length, 2);
});

t.test('Events that are lost are counted', async (t) => {
  const { told, text } = telling();
  told.recorder.countDropped?.(3);
  t.match(await text(), /^restamp_events_dropped_total 3$/m);
});

t.test(
  'of very many sources that may have changed unseen, all are counted and twenty are named',
  async (t) => {
    const fields: object[] = [];
    const line = (one: object): void => void fields.push(one);
    const log = { debug: line, info: line, warn: line, error: line, audit: line } as unknown as Log;
    const metrics = createMetrics();
    const told = createTelling(fakeClock(0), log, metrics);
    const names = Array.from({ length: 2000 }, (_, at) => `cm/app-${at}`);
    told.onUnproven(workload('api'), names);
    told.onUnproven(workload('web'), names.slice(0, 20));
    t.match(await metrics.registry.metrics(), /^restamp_adopted_unproven_total 2020$/m);
    const { kind, namespace } = workload('api');
    const sources = names.slice(0, 20);
    t.same(fields, [
      { kind, namespace, name: 'api', sources, more: 1980 },
      { kind, namespace, name: 'web', sources },
    ]);
  },
);
