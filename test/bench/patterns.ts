import type { AuditLine } from './audit-trail.ts';
import { configMapPath, createCrowd } from './crowd.ts';
import { processUsage } from './process-usage.ts';
import { median, type Row } from './report.ts';
import type { Stand } from './stand.ts';
import type { Contender } from './subject.ts';

const WORKLOADS = 20;
const CREATIONS = 200;
const LIST = 'configmap.reloader.stakater.com/reload';
/** As long as a name may be, and made so that a machine that backtracks never ends. */
const nameOf = (index: number): string => `${'a'.repeat(248)}${String(index).padStart(5, '0')}`;
/** What hangs other programs, or takes them much memory; as much of it as a list of ours may cost. */
const HOSTILE = ['(a+)+b', '(a|aa)+b', '((a*)*)*b', '(.*a){25}b', '(a?){100}a{100}b', '(\\pL{200})+b'].join(
  ',',
);
const PLAIN = 'configs-[0-9]+';

/** What twenty workloads with hostile lists cost where ConfigMaps with hostile names are created; the floor has a plain list. */
export async function patternRows(stand: Stand, restamp: Contender): Promise<Row[]> {
  const plain = await creations(stand, restamp, 'plain', PLAIN);
  const hostile = await creations(stand, restamp, 'hostile', HOSTILE);
  const beside = `${CREATIONS} ConfigMaps created beside ${WORKLOADS} hostile lists (floor: one plain pattern)`;
  return [
    {
      work: `${beside}, p50`,
      unit: 'ms',
      floor: median(plain.costs),
      restamp: median(hostile.costs),
      samples: { floor: plain.costs, restamp: hostile.costs },
    },
    { work: '… CPU of Restamp, start included', unit: 's', floor: plain.cpu, restamp: hostile.cpu },
  ];
}

async function creations(
  { controlPlane, trail, say }: Stand,
  restamp: Contender,
  namespace: string,
  list: string,
): Promise<{ costs: number[]; cpu: number }> {
  await createCrowd(controlPlane, {
    namespace,
    size: WORKLOADS,
    optedIn: false,
    replicas: 0,
    annotations: { [LIST]: list },
  });
  const subject = await restamp.start(controlPlane, [`--namespaces=${namespace}`]);
  try {
    await trail.quiet();
    await trail.skip();
    for (let index = 0; index < CREATIONS; index += 1)
      await controlPlane.api('POST', configMapPath(namespace), {
        metadata: { name: nameOf(index) },
        data: { A: '1' },
      });
    const lines = await trail.until((all) => {
      const found = all.filter(({ resource, verb }) => resource === 'configmaps' && verb === 'create');
      return found.length >= CREATIONS ? found : undefined;
    });
    await trail.quiet();
    const { cpuSeconds: cpu } = await processUsage(subject.pid);
    say(`patterns: ${namespace}: ${cpu.toFixed(1)} s of CPU`);
    return { costs: lines.map(({ answered, received }: AuditLine) => answered - received), cpu };
  } finally {
    await subject.stop();
  }
}
