import { setTimeout as sleep } from 'node:timers/promises';
import type { AuditLine } from './audit-trail.ts';
import { changeConfig, createCrowd } from './crowd.ts';
import { median, type Row } from './report.ts';
import type { Stand } from './stand.ts';
import type { Contender } from './subject.ts';

const WRITES = 300;
const DEPENDENTS = 10;
const REVIEWED = 'reviewed';
const PLAIN = 'plain';
/** So that one write is over before the next. */
const GAP_MS = 10;
const MOST_HANDLER_MS = 1;

/**
 * What the webhook adds to a write of a ConfigMap with dependents. The writes take turns in a namespace that is
 * reviewed and in one that is not; the quiet period is so long that nothing is rolled meanwhile.
 */
export async function webhookRows({ controlPlane, trail, say }: Stand, restamp: Contender): Promise<Row[]> {
  for (const namespace of [REVIEWED, PLAIN])
    await createCrowd(controlPlane, { namespace, size: DEPENDENTS, optedIn: true, replicas: 0 });
  const subject = await restamp.start(controlPlane, [
    `--namespaces=${REVIEWED}`,
    '--quiet-period=1h',
    '--longest-delay=1h',
  ]);
  try {
    await trail.quiet();
    await trail.skip();
    for (let write = 0; write < WRITES; write += 1)
      for (const namespace of [REVIEWED, PLAIN]) {
        await changeConfig(controlPlane, namespace);
        await sleep(GAP_MS);
      }
    const writes = await trail.until((lines) => {
      const found = lines.filter(({ resource, verb }) => resource === 'configmaps' && verb === 'patch');
      return found.length >= 2 * WRITES ? found : undefined;
    });
    const costs = (where: string): number[] =>
      writes
        .filter(({ namespace }) => namespace === where)
        .map(({ answered, received }: AuditLine) => answered - received);
    const { count, seconds } = await reviews(subject.opsUrl);
    say(`webhook: ${count} reviews`);
    return [
      {
        work: 'write of a ConfigMap, reviewed (floor: without webhook), p50',
        unit: 'ms',
        floor: median(costs(PLAIN)),
        restamp: median(costs(REVIEWED)),
        samples: { floor: costs(PLAIN), restamp: costs(REVIEWED) },
      },
      {
        work: '… of it in the handler, mean',
        unit: 'ms',
        restamp: (seconds / count) * 1000,
        goal: { most: MOST_HANDLER_MS, text: `≤ ${MOST_HANDLER_MS}` },
      },
    ];
  } finally {
    await subject.stop();
  }
}

/** How many reviews were answered, and in how much time. */
async function reviews(opsUrl: string): Promise<{ count: number; seconds: number }> {
  const text = await (await fetch(`${opsUrl}/metrics`)).text();
  const sum = (name: string): number =>
    [...text.matchAll(new RegExp(`^restamp_admission_seconds_${name}\\S* (\\S+)$`, 'gm'))].reduce(
      (total, [, value]) => total + Number(value),
      0,
    );
  return { count: sum('count'), seconds: sum('sum') };
}
