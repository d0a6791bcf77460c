import type { AuditLine } from './audit-trail.ts';
import { changeConfig, createCrowd } from './crowd.ts';
import type { Row } from './report.ts';
import type { Stand } from './stand.ts';
import type { Contender } from './subject.ts';

const DEPENDENTS = 10;
const NAMESPACE = 'calls';
/** Longer than any debounce of a client of the API. */
const REST_MS = 3_000;

/** What the API server is asked for one change of one ConfigMap, from its audit log. */
export async function callRows(
  stand: Stand,
  contenders: { readonly restamp: Contender; readonly peer: Contender | undefined },
): Promise<Row[]> {
  await createCrowd(stand.controlPlane, {
    namespace: NAMESPACE,
    size: DEPENDENTS,
    optedIn: true,
    replicas: 0,
  });
  const restamp = await count(stand, contenders.restamp);
  const peer = contenders.peer === undefined ? undefined : await count(stand, contenders.peer);
  return [
    {
      work: `API calls for one change with ${DEPENDENTS} dependents`,
      unit: 'calls',
      peer: peer?.calls,
      restamp: restamp.calls,
      goal: {
        most: 1 + 2 * DEPENDENTS,
        text: `≤ ${1 + 2 * DEPENDENTS} (1 GET, ${DEPENDENTS} PATCH, ${DEPENDENTS} Event)`,
      },
      note: `Restamp: ${restamp.text}${peer === undefined ? '' : `; peer: ${peer.text}`}`,
    },
  ];
}

async function count(
  { controlPlane, trail }: Stand,
  contender: Contender,
): Promise<{ calls: number; text: string }> {
  const subject = await contender.start(controlPlane);
  try {
    await trail.quiet(REST_MS);
    await trail.skip();
    await changeConfig(controlPlane, NAMESPACE);
    await trail.quiet(REST_MS);
    // The lease of a leader is renewed whether anything changes or not.
    const sent = (await trail.lines()).filter((line) => contender.sent(line) && line.resource !== 'leases');
    const kinds = Map.groupBy(
      sent,
      ({ verb, resource, code }: AuditLine) => `${verb} ${resource}${code < 400 ? '' : ` (${code})`}`,
    );
    const text = [...kinds]
      .map(([kind, lines]) => `${lines.length} ${kind}`)
      .sort()
      .join(', ');
    return { calls: sent.length, text };
  } finally {
    await subject.stop();
  }
}
