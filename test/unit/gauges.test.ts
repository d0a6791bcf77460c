import t from 'tap';
import { createMetrics } from '../../src/telemetry/metrics.ts';
import { HOLD_REASONS, type HoldReason } from '../../src/controller/gates/hold-reasons.ts';
import { addGauges, type Gauged } from '../../src/gauges.ts';

/** The metrics of a process whose queue holds workloads for these reasons, and whose watches are so old. */
async function shown(reasons: readonly HoldReason[], ages: readonly [string, number][]): Promise<string[]> {
  const metrics = createMetrics();
  const empty = { size: 0 };
  addGauges(metrics, {
    ...{ workloads: empty, sources: empty, sightings: empty, baselines: empty, reader: { waiting: 0 } },
    queue: {
      size: reasons.length,
      waiting: () => reasons.map((reason, at) => ({ key: String(at), reason, forMs: 1 })),
    },
    watches: { ages: () => ages.map(([resource, seconds]) => ({ resource, seconds })) },
    leadership: { isLeader: true },
    clock: { ahead: -95_400 },
    admission: undefined,
  } as unknown as Gauged);
  return (await metrics.registry.metrics()).split('\n');
}

t.test('each reason to hold a workload is shown, also while it holds none', async (t) => {
  for (const reason of HOLD_REASONS) {
    const lines = await shown([reason, reason], []);
    for (const one of HOLD_REASONS)
      t.ok(lines.includes(`restamp_held{reason="${one}"} ${one === reason ? 2 : 0}`), `${one} of ${reason}`);
  }
});

t.test('how far our clock is from that of the API server is shown in seconds', async (t) => {
  t.ok((await shown([], [])).includes('restamp_clock_behind_seconds -95.4'));
});

t.test('of several watches of one resource the age of the oldest is shown', async (t) => {
  const orders: [string, number][][] = [
    [
      ['secrets', 9999],
      ['configmaps', 1],
      ['secrets', 3],
    ],
    [
      ['secrets', 3],
      ['secrets', 9999],
      ['configmaps', 1],
    ],
  ];
  for (const ages of orders) {
    const lines = await shown([], ages);
    t.ok(lines.includes('restamp_watch_age_seconds{resource="secrets"} 9999'));
    t.ok(lines.includes('restamp_watch_age_seconds{resource="configmaps"} 1'));
  }
});
