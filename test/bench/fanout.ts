import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { LAST_ROLL, STAMPS } from '../../src/core/api/annotations.ts';
import type { KubeObject } from '../controlplane/http.ts';
import type { AuditLine } from './audit-trail.ts';
import { changeConfig, createCrowd, deploymentPath } from './crowd.ts';
import { FLOOR_AGENT, type FloorJob } from './floor.ts';
import { median, type Row } from './report.ts';
import type { Stand } from './stand.ts';
import type { Contender } from './subject.ts';

/** How many Deployments use the ConfigMap, and how often it is changed in each pass. */
const FANS = [
  { size: 1, rounds: 8, peerRounds: 15 },
  { size: 50, rounds: 2, peerRounds: 2 },
  { size: 200, rounds: 2, peerRounds: 1 },
];
/** Restamp and the floor take turns, so that what else the machine does meets both. */
const PASSES = 4;
const AT_ONCE = 16;
const START_REST_MS = 3_000;
const LEVER = 'STAKATER_APP_CONFIGMAP';
/** Restamp, at 1.5 times the floor, is within half of what nobody can beat. */
const FLOOR_FACTOR = 1.5;
const PEER_ONE_MS = 13;

type Deployment = KubeObject & {
  readonly spec: {
    readonly template: {
      readonly spec: {
        readonly containers: readonly { env?: readonly { name: string; value?: string }[] }[];
      };
    };
  };
};
type Samples = Map<number, number[]>;

const fanOf = (size: number): string => `fan-${size}`;
const floorOf = (size: number): string => `floor-${size}`;

/**
 * From the answer to a change of one ConfigMap to the answer to the last patch of the templates that use it, by the
 * clock of the API server. The Deployments have no Pods unless asked for: what the rollouts cost is not ours.
 */
export async function fanoutRows(
  stand: Stand,
  contenders: { readonly restamp: Contender; readonly peer: Contender | undefined },
  replicas: number,
): Promise<Row[]> {
  const { controlPlane, say } = stand;
  for (const { size } of FANS) {
    await createCrowd(controlPlane, { namespace: fanOf(size), size, optedIn: true, replicas });
    await createCrowd(controlPlane, { namespace: floorOf(size), size, optedIn: false, replicas });
  }
  const restamp: Samples = new Map();
  const floor: Samples = new Map();
  const peer: Samples = new Map();
  if (contenders.peer !== undefined)
    await contend(stand, contenders.peer, peer, ({ peerRounds }) => peerRounds);
  for (let pass = 1; pass <= PASSES; pass += 1) {
    await contend(stand, contenders.restamp, restamp, ({ rounds }) => rounds);
    for (const { size, rounds } of FANS)
      for (let round = 0; round < rounds; round += 1)
        await note(stand, 'floor', floor, size, () => floorRound(stand, size));
  }
  say('fan-out: done');
  return FANS.map(({ size }) => {
    const middle = (samples: Samples): number | undefined =>
      samples.has(size) ? median(samples.get(size) ?? []) : undefined;
    const least = middle(floor) ?? 0;
    return {
      work:
        size === 1
          ? '1 ConfigMap, 1 Deployment: answered → patched, p50'
          : `1 ConfigMap, ${size} Deployments: the last one`,
      unit: 'ms',
      peer: middle(peer),
      floor: least,
      restamp: middle(restamp) ?? 0,
      goal:
        size === 1
          ? { most: middle(peer) ?? PEER_ONE_MS, text: `≤ ${(middle(peer) ?? PEER_ONE_MS).toFixed(1)}` }
          : {
              most: least * FLOOR_FACTOR,
              text: `≤ ${(least * FLOOR_FACTOR).toFixed(0)} (${FLOOR_FACTOR} × floor)`,
            },
      samples: {
        peer: peer.get(size) ?? [],
        floor: floor.get(size) ?? [],
        restamp: restamp.get(size) ?? [],
      },
    };
  });
}

/** Starts a contender on the crowds and changes their ConfigMaps. */
async function contend(
  stand: Stand,
  contender: Contender,
  samples: Samples,
  roundsOf: (fan: (typeof FANS)[number]) => number,
): Promise<void> {
  const subject = await contender.start(stand.controlPlane);
  try {
    // What a start writes is over.
    await stand.trail.quiet(START_REST_MS);
    for (const fan of FANS)
      for (let round = 0; round < roundsOf(fan); round += 1)
        await note(stand, contender.name, samples, fan.size, () => fanRound(stand, contender, fan.size));
  } finally {
    await subject.stop();
  }
}

async function note(
  { trail, say }: Stand,
  name: string,
  samples: Samples,
  size: number,
  round: () => Promise<number>,
): Promise<void> {
  await trail.quiet(size === 1 ? 300 : 1_000);
  await trail.skip();
  const ms = await round();
  samples.set(size, [...(samples.get(size) ?? []), ms]);
  say(`fan-out to ${size}: ${name} ${ms.toFixed(1)} ms`);
}

async function fanRound({ controlPlane, trail }: Stand, contender: Contender, size: number): Promise<number> {
  const namespace = fanOf(size);
  const before = await levers(controlPlane, namespace);
  await changeConfig(controlPlane, namespace);
  const isRoll = (line: AuditLine): boolean => contender.sent(line) && isPatch(line, namespace);
  const rolls = new Map<string, number>();
  for (let seen = 0; ;) {
    const lines = await trail.until((all) => {
      const found = all.filter(isRoll);
      return found.length > seen && new Set(found.map(({ name }) => name)).size === size ? found : undefined;
    });
    seen = lines.length;
    for (const { name, answered } of lines) rolls.set(name, answered);
    const after = await levers(controlPlane, namespace);
    // A patch of metadata alone, such as a map that was not written yet, is no roll.
    if (new Set(after).size === 1 && after.every((lever) => lever !== undefined && !before.includes(lever)))
      break;
  }
  const change = (await trail.lines()).find(
    (line) => line.namespace === namespace && line.resource === 'configmaps' && line.verb === 'patch',
  );
  return Math.max(...rolls.values()) - (change?.answered ?? Number.NaN);
}

const isPatch = ({ verb, resource, subresource, namespace, code }: AuditLine, where: string): boolean =>
  ['patch', 'update'].includes(verb) &&
  resource === 'deployments' &&
  subresource === '' &&
  namespace === where &&
  code === 200;

async function list(
  { api }: Pick<Stand['controlPlane'], 'api'>,
  namespace: string,
): Promise<readonly Deployment[]> {
  return (await api<{ items: Deployment[] }>('GET', deploymentPath(namespace))).items;
}

/** The value of the lever in each template. */
async function levers(
  controlPlane: Stand['controlPlane'],
  namespace: string,
): Promise<(string | undefined)[]> {
  return (await list(controlPlane, namespace)).map(
    ({ spec }) =>
      spec.template.spec.containers.flatMap(({ env = [] }) => env).find(({ name }) => name === LEVER)?.value,
  );
}

/** The patches that Restamp sent last to the crowd of this size, sent to one like it by a client that only sends. */
async function floorRound({ controlPlane, trail }: Stand, size: number): Promise<number> {
  const [model] = await list(controlPlane, fanOf(size));
  const annotations = Object.fromEntries(
    [STAMPS, LAST_ROLL].map((key) => [
      // Under a name of the same length that nobody reads.
      key.replace('restamp', 'floored'),
      `${model?.metadata.annotations?.[key] ?? ''} ${performance.now()}`,
    ]),
  );
  const value = performance.now().toString(16).replace('.', '').padEnd(40, '0');
  const patches = (await list(controlPlane, floorOf(size))).map(({ metadata }) => ({
    path: `${deploymentPath(floorOf(size), metadata.name)}?fieldManager=Reloader`,
    body: JSON.stringify({
      metadata: { resourceVersion: metadata.resourceVersion, annotations },
      spec: { template: { spec: { containers: [{ name: 'app', env: [{ name: LEVER, value }] }] } } },
    }),
  }));
  const { url, ca, adminToken: token } = controlPlane;
  await runFloor({ url, ca, token, atOnce: AT_ONCE, patches });
  const sent = (await trail.lines()).filter(
    (line) => line.agent === FLOOR_AGENT && isPatch(line, floorOf(size)),
  );
  if (sent.length !== size) throw new Error(`the floor sent ${sent.length} patches of ${size}`);
  return (
    Math.max(...sent.map(({ answered }) => answered)) - Math.min(...sent.map(({ received }) => received))
  );
}

async function runFloor(job: FloorJob): Promise<void> {
  const script = fileURLToPath(new URL('floor.ts', import.meta.url));
  const child = spawn(process.execPath, [script], { stdio: ['pipe', 'ignore', 'inherit'] });
  child.stdin.end(`${JSON.stringify(job)}\n`);
  const [code] = (await once(child, 'exit')) as [number | null];
  if (code !== 0) throw new Error(`the floor ended with code ${code ?? 'none'}`);
}
