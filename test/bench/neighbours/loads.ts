// One load in a process of its own: `node loads.ts NAME`, which prints its figures as one line of JSON.
import { setTimeout as sleep } from 'node:timers/promises';
import { formatStamps } from '../../../src/core/stamps/stamp-map.ts';
import { keyedDigest } from '../../../src/core/objects/digest.ts';
import { sourceData } from '../../../src/core/objects/source-data.ts';
import { NAMESPACE, ring } from '../../support/controller/builders.ts';
import { upTo } from '../crowd.ts';
import { costOf, Lab } from './lab.ts';

const LIST = 'configmap.reloader.stakater.com/reload';
const KEY = ring.keys.get(ring.current) as Buffer;

/** The entry of a map that says that a workload has seen this value of a ConfigMap. */
function seen(namespace: string, name: string, value: string) {
  const h = keyedDigest(
    { key: KEY, source: `${namespace}/cm/${name}` },
    sourceData('cm', { data: { value } }),
  );
  return { h, uid: `uid-${namespace}-${name}`, rv: '1' };
}

/** `count` workloads of a namespace, each with a ConfigMap that has changed since its map was made. */
function putStale(lab: Lab, namespace: string, count: number): void {
  for (const at of upTo(count)) {
    lab.put('cm', `app-${at}`, '2', namespace);
    const name = `api-${at}`;
    const map = {
      n: 1,
      key: ring.current,
      s: new Map([[`cm/app-${at}`, seen(namespace, `app-${at}`, '1')]]),
    };
    lab.deploy(
      name,
      { uses: [`cm/app-${at}`] },
      namespace,
      formatStamps(map, `${namespace}/Deployment/${name}`),
    );
  }
}

async function allRolled(lab: Lab, count: number): Promise<void> {
  while (lab.rolls.size < count) await sleep(5);
}

/** Heap in use after forced collections, in bytes. */
async function heap(): Promise<number> {
  for (let time = 0; time < 4; time += 1) {
    globalThis.gc?.();
    await sleep(50);
  }
  return process.memoryUsage().heapUsed;
}

const loads = {
  idle: async () => ({ ...(await costOf(() => sleep(3_000))) }),

  /** 10 workloads that match all of 2,000 ConfigMaps. */
  patterns: async () => {
    const lab = new Lab();
    for (const at of upTo(2_000)) lab.put('cm', `application-config-${at}`, '1');
    for (const at of upTo(10)) lab.deploy(`api-${at}`, { annotations: { [LIST]: '.*' }, uses: [] });
    lab.roll.mutator.start();
    await lab.quiet();
    return { ...(await costOf(() => lab.sweep())) };
  },

  /** 5,000 workloads with four ConfigMaps each, in 1,000 namespaces. */
  spread: async () => {
    const lab = new Lab();
    for (const at of upTo(5_000)) {
      const namespace = `team-${at % 1_000}`;
      const uses = upTo(4).map((config) => `cm/config-${at}-${config}`);
      for (const key of uses) lab.put('cm', key.slice(3), '1', namespace);
      lab.deploy(`api-${at}`, { uses }, namespace);
    }
    lab.roll.mutator.start();
    await lab.quiet();
    return { ...(await costOf(() => lab.sweep())) };
  },

  /** 100 workloads with 50 pods each that mount one SecretProviderClass: all of them mount another version. */
  pods: async () => {
    const lab = new Lab();
    lab.put('spc', 'vault', '');
    const pods = upTo(100).flatMap((at) => upTo(50).map((pod) => ({ at, name: `api-${at}-${pod}` })));
    for (const at of upTo(100)) lab.deploy(`api-${at}`, { uses: ['spc/vault'] });
    for (const { at, name } of pods) lab.owners.set(name, `${NAMESPACE}/Deployment/api-${at}`);
    const mount = async (version: string): Promise<void> => {
      for (const [index, { name }] of pods.entries()) {
        lab.mount(name, 'vault', version);
        // As a watch tells: a few at once.
        if (index % 10 === 0) await sleep(0);
      }
    };
    await mount('1');
    lab.roll.mutator.start();
    await sleep(5_000);
    lab.rolls.clear();
    const cost = await costOf(async () => {
      await mount('2');
      await allRolled(lab, 100);
    });
    return { ...cost };
  },

  /** 20 workloads that each list every name of three letters and digits. */
  names: async () => {
    const lab = new Lab();
    const letters = Array.from('abcdefghijklmnopqrstuvwxyz0123456789');
    const list = letters.flatMap((a) => letters.flatMap((b) => letters.map((c) => a + b + c))).join();
    const cost = await costOf(async () => {
      for (const at of upTo(20)) lab.deploy(`api-${at}`, { annotations: { [LIST]: list }, uses: [] });
      lab.roll.mutator.start();
      await lab.quiet();
      await lab.sweep();
    });
    return { ...cost, rss: process.memoryUsage().rss / 1e6 };
  },

  /** 20,000 namespaces with three workloads and ten ConfigMaps come, are rolled, and go. */
  namespaces: async () => {
    const lab = new Lab();
    lab.roll.mutator.start();
    const round = async (from: number, count: number): Promise<void> => {
      for (const at of upTo(count)) await lab.comeAndGo(`preview-${from + at}`);
      await lab.quiet();
      await sleep(1_500);
    };
    await round(0, 2_000);
    const before = await heap();
    await round(2_000, 20_000);
    return {
      kib: ((await heap()) - before) / 20_000 / 1024,
      states: lab.roll.reader.size,
      changes: lab.roll.changes.size,
    };
  },

  /** One roll in a namespace of its own. */
  alone: () => oneRoll(0),
  /** The same beside 5,000 stale workloads of another one. */
  beside: () => oneRoll(5_000),

  /** 100 stale workloads at a start, five a second. */
  pace: async () => {
    const lab = new Lab({ recoveryRollsPerSecond: 5 });
    putStale(lab, NAMESPACE, 100);
    const started = performance.now();
    lab.roll.mutator.start();
    await allRolled(lab, 100);
    const times = [...lab.rolls.values()].map((at) => (at - started) / 1000).sort((a, b) => a - b);
    return { first: times[0] ?? 0, last: times.at(-1) ?? 0 };
  },
} satisfies Readonly<Record<string, () => Promise<Record<string, number>>>>;
export type LoadName = keyof typeof loads;

async function oneRoll(others: number): Promise<Record<string, number>> {
  const lab = new Lab({ quietMs: 0 });
  lab.put('cm', 'app', '1', 'lone');
  lab.deploy('api', { uses: ['cm/app'] }, 'lone');
  putStale(lab, 'crowd', others);
  lab.roll.mutator.start();
  await sleep(3_000);
  const times: number[] = [];
  for (const value of ['2', '3', '4', '5', '6']) {
    lab.rolls.delete('lone/Deployment/api');
    const changed = performance.now();
    lab.put('cm', 'app', value, 'lone');
    while (!lab.rolls.has('lone/Deployment/api')) await sleep(1);
    times.push((lab.rolls.get('lone/Deployment/api') ?? 0) - changed);
  }
  return { ms: times.sort((a, b) => a - b)[2] ?? 0 };
}

const name = process.argv[2] as LoadName;
if (!Object.hasOwn(loads, name)) throw new Error(`${name}: one of ${Object.keys(loads).join(', ')}`);
process.stdout.write(`${JSON.stringify(await loads[name]())}\n`);
process.exit(0);
