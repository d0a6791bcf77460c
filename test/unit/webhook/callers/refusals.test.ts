import t from 'tap';
import { createMetrics } from '../../../../src/telemetry/metrics.ts';
import { Refusals } from '../../../../webhook/callers/refusals.ts';
import { fakeClock } from '../../../support/fake-clock.ts';

t.test('every refused call is counted, and a flood of them is one line a minute', async (t) => {
  const clock = fakeClock(0);
  const metrics = createMetrics();
  const told: unknown[] = [];
  const refusals = new Refusals({ clock, metrics, log: { warn: (fields) => told.push(fields) } });
  const counted = async (): Promise<unknown> => (await metrics.refused.get()).values;
  t.match(await counted(), [
    { labels: { reason: 'path' }, value: 0 },
    { labels: { reason: 'client' }, value: 0 },
    { labels: { reason: 'replica' }, value: 0 },
  ]);
  for (let i = 0; i < 1000; i += 1) refusals.add('path');
  t.same(told, [{ reason: 'path', calls: 1 }]);
  clock.advance(60_000);
  refusals.add('replica');
  t.same(told.slice(1), [{ reason: 'replica', calls: 1000 }]);
  t.match(await counted(), [{ value: 1000 }, { value: 0 }, { value: 1 }]);
});
