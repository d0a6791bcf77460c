import { setTimeout as sleep } from 'node:timers/promises';
import { changeConfig, createCrowd, eachAtOnce } from '../crowd.ts';
import { median, type Row } from '../report.ts';
import type { Stand } from '../stand.ts';
import type { Contender } from '../subject.ts';

const JOBS = 20;
const ROUNDS = 5;
const STUCK = 'stuck';
const LONE = 'beside-stuck';
/** Between two rolls, so that controllers have settled. */
const GAP_MS = 2_500;
const WATCHED_MS = 30_000;
const MOST_CALLS_PER_SECOND = 2;
const MERGE = 'application/merge-patch+json';

const jobsPath = (name = ''): string =>
  `/apis/batch/v1/namespaces/${STUCK}/jobs${name === '' ? '' : `/${name}`}`;

/** What Jobs that are being deleted and stay (their finalizer is nobody's) cost others; the floor is without them. */
export async function stuckJobRows(stand: Stand, restamp: Contender): Promise<Row[]> {
  const { controlPlane, trail, say } = stand;
  const { api } = controlPlane;
  for (const namespace of [STUCK, LONE])
    await createCrowd(controlPlane, {
      namespace,
      size: namespace === LONE ? 1 : 0,
      optedIn: true,
      replicas: 0,
    });
  const subject = await restamp.start(controlPlane);
  try {
    const names = Array.from({ length: JOBS }, (_none, at) => `job-${at}`);
    await eachAtOnce(names, 4, (name) => api('POST', jobsPath(), jobOf(name)));
    await trail.quiet();
    const alone = await rolls(stand);
    await changeConfig(controlPlane, STUCK);
    // All of them have been deleted when the calls are counted.
    await trail.until((lines) => {
      const deleted = lines.filter(({ verb, resource }) => verb === 'delete' && resource === 'jobs');
      return deleted.length >= JOBS ? deleted : undefined;
    });
    await sleep(GAP_MS);
    await trail.skip();
    await sleep(WATCHED_MS);
    const sent = (await trail.lines()).filter((line) => restamp.sent(line) && line.resource !== 'leases');
    const kinds = Map.groupBy(sent, ({ verb, resource }) => `${verb} ${resource}`);
    say(`stuck jobs: ${[...kinds].map(([kind, { length }]) => `${length} ${kind}`).join(', ') || 'no call'}`);
    const beside = await rolls(stand);
    await eachAtOnce(names, 4, (name) =>
      api('PATCH', jobsPath(name), { metadata: { finalizers: null } }, MERGE),
    );
    return [
      {
        work: `a roll beside ${JOBS} Jobs whose finalizer stays, p50 (floor: without them)`,
        unit: 'ms',
        floor: median(alone),
        restamp: median(beside),
        goal: { most: 2 * median(alone), text: '≤ 2 × floor' },
        samples: { floor: alone, restamp: beside },
      },
      {
        work: '… API calls a second for them',
        unit: 'calls',
        restamp: sent.length / (WATCHED_MS / 1000),
        goal: { most: MOST_CALLS_PER_SECOND, text: `≤ ${MOST_CALLS_PER_SECOND}` },
      },
    ];
  } finally {
    await subject.stop();
  }
}

/** From the answered write to the answered patch, in milliseconds of the API server's own clock. */
async function rolls({ controlPlane, trail }: Stand): Promise<number[]> {
  const costs: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    await trail.skip();
    await changeConfig(controlPlane, LONE);
    costs.push(
      await trail.until((lines) => {
        const here = lines.filter(({ namespace, verb }) => namespace === LONE && verb === 'patch');
        const written = here.find(({ resource }) => resource === 'configmaps');
        const patched = here.find(({ resource }) => resource === 'deployments');
        return written === undefined || patched === undefined
          ? undefined
          : patched.answered - written.answered;
      }, 60_000),
    );
    await sleep(GAP_MS);
  }
  return costs;
}

function jobOf(name: string): object {
  const container = {
    name: 'app',
    image: 'registry.example/app:1.0.0',
    envFrom: [{ configMapRef: { name: 'app' } }],
  };
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      name,
      annotations: { 'reloader.stakater.com/auto': 'true' },
      finalizers: ['example.com/stays'],
    },
    spec: { suspend: true, template: { spec: { restartPolicy: 'Never', containers: [container] } } },
  };
}
