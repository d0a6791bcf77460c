import { setTimeout as delay } from 'node:timers/promises';
import type { ControlPlane } from '../../controlplane/controlplane.ts';
import type { KubeObject } from '../../controlplane/http.ts';
import { insist, insistOn, MERGE } from '../insist.ts';
import type { Random } from '../random.ts';
import type { Replica } from './replica.ts';

/** What faults happen to. */
export type Stand = {
  readonly cp: ControlPlane;
  readonly replicas: readonly Replica[];
  readonly random: Random;
};

const CONFIGURATIONS = ['validatingwebhookconfigurations', 'mutatingwebhookconfigurations'];
const FAN_OUT_MS = 3_000;

type Rules = { readonly rules: readonly { readonly resources?: readonly string[] }[] };

/** Every kind of fault. Each ends by itself and leaves everything running. */
export const FAULTS = {
  /** The Restamp that rolls is killed between two of its rolls, and comes back. */
  async kill({ replicas, random }) {
    const first = Promise.any(replicas.map((replica) => replica.rolling(FAN_OUT_MS)));
    const other = random.pick(replicas);
    const victim = await first.catch(() => other);
    await victim.kill();
    await delay(random.between(0, 1_500));
    await victim.start();
  },
  /** No Restamp at all for a while; its webhooks point at nobody. */
  async blackout({ replicas, random }) {
    await Promise.all(replicas.map((replica) => replica.kill()));
    await delay(random.between(0, 1_500));
    await Promise.all(replicas.map((replica) => replica.start()));
  },
  /** The API server stands still. */
  async freeze({ cp, random }) {
    await cp.freeze('kube-apiserver');
    await delay(random.between(800, 2_200));
    await cp.resume('kube-apiserver');
  },
  /** The API server ends, politely or not, and comes back with empty caches. */
  async restart({ cp, random }) {
    if (random.chance(0.5)) await cp.kill('kube-apiserver');
    await cp.restart('kube-apiserver');
  },
  async cut({ replicas, random }) {
    for (const { proxy } of replicas) if (random.chance(0.8)) proxy.cutWatches();
  },
  /** One watch hears everything late. */
  async late({ replicas, random }) {
    const ms = random.between(500, 3_000);
    for (const { proxy } of replicas) proxy.delayWatch(ms);
    await delay(ms);
  },
  /** A share of the requests is answered with 409, 429 or 503. */
  async refuse({ replicas, random }) {
    for (const { proxy } of replicas) proxy.refuse = 0.1 + random.next() * 0.5;
    await delay(random.between(1_000, 2_500));
    for (const { proxy } of replicas) proxy.refuse = 0;
  },
  /** A share of the writes is carried out, but the answer is lost. */
  async swallow({ replicas, random }) {
    for (const { proxy } of replicas) proxy.swallow = 0.2 + random.next() * 0.6;
    await delay(random.between(1_000, 2_500));
    for (const { proxy } of replicas) proxy.swallow = 0;
  },
  /** One Restamp loses the API server for longer than its Lease lasts. */
  async sever({ replicas, random }) {
    const { proxy } = random.pick(replicas);
    proxy.sever();
    await delay(random.between(2_000, 5_000));
    proxy.mend();
  },
  /** The webhooks are taken away. */
  async unregister({ cp }) {
    const path = '/apis/admissionregistration.k8s.io/v1';
    for (const resource of CONFIGURATIONS)
      await insist(cp, { method: 'DELETE', path: `${path}/${resource}` });
  },
  /** The right to read Secrets is taken away for a while. */
  async forbid({ cp, random }) {
    const path = '/apis/rbac.authorization.k8s.io/v1/clusterroles/restamp';
    const { rules } = (await insistOn(cp, { method: 'GET', path })).object as KubeObject & Rules;
    const others = rules.map((rule) => ({
      ...rule,
      resources: (rule.resources ?? []).filter((resource) => resource !== 'secrets'),
    }));
    const put = async (now: Rules['rules']): Promise<unknown> =>
      insistOn(cp, { method: 'PATCH', path, body: { rules: now }, contentType: MERGE });
    await put(others.filter(({ resources }) => resources.length > 0));
    await delay(random.between(1_000, 4_000));
    await put(rules);
  },
} as const satisfies Record<string, (stand: Stand) => Promise<void>>;

export type FaultName = keyof typeof FAULTS;

/** What cannot be broken twice at once. */
const CLASHES: readonly (readonly FaultName[])[] = [
  ['freeze', 'restart'],
  ['kill', 'blackout'],
];

/**
 * The faults of so many places, in an order of their own: one, then two at once, and so on; every kind once before
 * any comes again.
 */
export function scheduleOf(places: number, random: Random): FaultName[][] {
  const kinds = Object.keys(FAULTS) as FaultName[];
  const queue = Array.from({ length: places }, () => random.shuffled(kinds)).flat();
  return Array.from({ length: places }, (_, place) => {
    const first = queue.shift()!;
    if (place % 2 === 0) return [first];
    const fits = (other: FaultName): boolean =>
      other !== first && !CLASHES.some((clash) => clash.includes(first) && clash.includes(other));
    return [first, ...queue.splice(queue.findIndex(fits), 1)];
  });
}

/** How many places a schedule needs in which every kind comes. */
export const EVERY_KIND = Math.ceil((Object.keys(FAULTS).length * 2) / 3);
