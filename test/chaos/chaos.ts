import { startControlPlane, type ControlPlane } from '../controlplane/controlplane.ts';
import { defineKind, grantKind, ROLLOUT } from '../e2e/support/crds.ts';
import { CsiDriver, grantCsi, POD_STATUS, PROVIDER_CLASS } from '../e2e/support/csi-driver.ts';
import { AUTO, stampedKeys, stampKey } from '../e2e/support/objects.ts';
import { Archive } from '../controlplane/archive.ts';
import { castOf, type Actor, type Prop, type Size } from './population/cast.ts';
import { Crowd } from './population/crowd.ts';
import { Driver } from './population/driver.ts';
import { Janitor } from './population/janitor.ts';
import { actorPath, templateText } from './population/kinds.ts';
import { manifestOf } from './population/manifest.ts';
import { keep } from './verdict/keep.ts';
import { Mounts } from './population/mounts.ts';
import { Observer } from './verdict/observer.ts';
import { Passing } from './population/passing.ts';
import { Pods, type Pod } from './population/pods.ts';
import { Random } from './random.ts';
import { Replica, type Setting } from './faults/replica.ts';
import { revisionsOf } from './verdict/revisions.ts';
import { blow, type Counts, type StormOptions } from './storm.ts';
import { storedDigests } from './verdict/stored.ts';
import { User } from './user.ts';
import { excused, judge, lost, rollsOf, type Evidence, type Failing } from './verdict/verdict.ts';

export type ChaosOptions = StormOptions &
  Pick<Setting, 'admission' | 'baseline'> & {
    readonly size: Size;
  };

/** What a run was and what it found. */
export type ChaosReport = Counts & {
  /** How many of each kind, bystanders included. */
  readonly workloads: Readonly<{ [kind: string]: number }>;
  readonly sources: number;
  readonly rolls: number;
  /** Those that a user's own write of a workload may have made. */
  readonly ownRolls: number;
  /** Sources that a workload need not show, because a write took them out of its map while no webhook was there. */
  readonly excused: number;
  readonly failings: readonly Failing[];
  readonly deaths: number;
  /** How long the last workload took to be right, after the last fault. */
  readonly settleMs: number;
  readonly durationMs: number;
};

const READY_MS = 120_000;
const SETTLE_MS = 120_000;
const AT_ONCE = 8;
/** How many of the changes are rotations of a SecretProviderClass. */
const ROTATIONS = 0.06;
/** How much of what happens beside is a namespace that comes or goes. */
const PASSING = 0.15;
const LINES = [
  { name: 'one', speech: 'http2' },
  { name: 'two', speech: 'http1' },
] as const;
const BELL: Prop = { name: 'ConfigMap/bell', annotations: {} };

/** Runs one storm on a control plane of its own: the same changes and the same faults for the same seed. */
export async function runChaos(options: ChaosOptions): Promise<ChaosReport> {
  const cp = await startControlPlane({ onProgress: options.say });
  try {
    return await run(cp, options);
  } finally {
    // A frozen program does not end when it is asked to.
    await cp.resume('kube-apiserver').catch(() => undefined);
    await cp.stop();
  }
}

async function run(cp: ControlPlane, options: ChaosOptions): Promise<ChaosReport> {
  const { seed, size, say, admission, baseline } = options;
  const started = performance.now();
  const ns = await cp.freshNamespace('chaos');
  for (const kind of [ROLLOUT, PROVIDER_CLASS, POD_STATUS]) await defineKind(cp, kind);
  await grantKind(cp, ROLLOUT.group, ROLLOUT.plural);
  await grantCsi(cp);
  const random = new Random(seed, 'changes');
  const driver = new Driver(cp, ns, random);
  const cast = castOf(size, new Random(seed, 'cast'));
  const ringer: Actor = {
    kind: 'Deployment',
    name: 'ringer',
    sources: [BELL.name],
    manifest: manifestOf('Deployment', 'ringer', { annotations: AUTO, uses: [BELL.name], pods: false }),
    bystander: false,
  };
  const actors = [...cast.actors, ringer];
  await each([...cast.changing, ...cast.still, BELL], (prop) => driver.create(prop));
  const passing = new Passing(cp, ns);
  const crowd = await Crowd.gather(cp, ns, new Random(seed, 'crowd'), cast.changing[0]!.name);
  const janitor = new Janitor(cp, new Random(seed, 'janitor'), [actorPath(ns, 'Job'), ...passing.paths]);
  const csi = new CsiDriver(cp, ns);
  await each(cast.classes, (source) => csi.define(source.slice(source.indexOf('/') + 1)));
  await each(actors, ({ manifest }) => cp.api('POST', actorPath(ns, manifest.kind), manifest));

  const observer = new Observer(cp, ns, actors);
  const user = new User({
    cp,
    ns,
    random: new Random(seed, 'user'),
    onBare: (actor, sources, since) => observer.bare(actor, sources, since),
  });
  const pods = new Pods(cp, ns);
  const { ledger } = driver;
  const mounts = new Mounts({
    cp,
    ns,
    random: new Random(seed, 'rotations'),
    ledger,
    pods,
    classes: cast.classes,
  });
  const podsOf = (actor: Actor): Pod[] => {
    const uid = observer.record(actor)?.object.metadata.uid;
    return uid === undefined || actor.kind === 'Job' || actor.kind === 'CronJob' ? [] : pods.living(uid);
  };
  const look = (): void => {
    observer.start();
    pods.start((pod) => {
      if (pod !== undefined) mounts.see(pod);
      observer.look();
    });
  };
  const lookAway = (): void => {
    observer.stop();
    pods.stop();
  };
  look();
  janitor.start();
  const replicas: Replica[] = [];
  try {
    const setting: Setting = { namespaces: [ns, passing.name], admission, baseline };
    const opening = LINES.map((line) => Replica.open(cp, setting, seed, line));
    replicas.push(...(await Promise.all(opening)));
    const ready = baseline === 'memory' ? isObserved : isReady;
    const complete = await observer.until(() => actors.every((actor) => ready(observer, actor)), READY_MS);
    if (!complete) {
      const late = actors
        .filter((actor) => !ready(observer, actor))
        .map(({ kind, name }) => `${kind}/${name}`);
      throw new Error(`without its stamps before anything was changed or broken: ${late.join(', ')}`);
    }
    const before = new Map(actors.map((actor) => [actor, templateText(observer.record(actor)!.object)]));
    const revisions = await revisionsOf(cp, ns);
    say(`${actors.length} workloads are ready; the storm begins`);

    const faulty = { cp, replicas, random: new Random(seed, 'faults') };
    const spins = new Random(seed, 'spins');
    const archive = new Archive({ cp, memories: [ledger, user, observer, mounts], look, lookAway });
    const writers = new Random(seed, 'writers');
    const counts = await blow(
      options,
      faulty,
      {
        change: () =>
          spins.chance(ROTATIONS) ? mounts.rotate() : driver.change(random.pickEarly(cast.changing)),
        write: () => user.act(writers.pick(cast.actors)),
        beside: () => (spins.chance(PASSING) ? passing.act() : crowd.act()),
      },
      archive,
    );

    if (baseline === 'memory') {
      // What changed while nobody was there may be lost. What changes now must not be.
      await each(
        cast.changing.filter(({ name }) => ledger.get(name).exists),
        (prop) => driver.edit(prop),
      );
      for (const source of cast.classes) await mounts.rotate(source);
    }
    const calm = performance.now();
    const stored = await storedDigests(cp, ns);
    const evidence = (actor: Actor, now: ReadonlyMap<string, number>, digests = stored): Evidence => {
      const id = `${actor.kind}/${actor.name}`;
      return {
        actor,
        before: before.get(actor)!,
        record: observer.record(actor),
        revisions: (now.get(id) ?? 0) - (revisions.get(id) ?? 0),
        ledger,
        deeds: user.deeds(actor),
        stored: digests,
        pods: podsOf(actor).map((pod) => ({ pod, mounted: mounts.startedWith(pod) })),
        maps: baseline === 'annotation',
      };
    };
    const right = (): boolean => actors.every((actor) => lost(evidence(actor, revisions)).length === 0);
    await observer.until(right, SETTLE_MS);
    const settleMs = performance.now() - calm;
    // What Restamp still had in mind comes before the answer to one more change.
    await driver.edit(BELL);
    const last = await storedDigests(cp, ns);
    await observer.until(() => lost(evidence(ringer, revisions, last)).length === 0, SETTLE_MS);
    const settled = (actor: Actor): boolean =>
      isObserved(observer, actor) && lost(evidence(actor, revisions, last)).length === 0;
    await observer.until(() => actors.every(settled), SETTLE_MS);
    for (const replica of replicas) await replica.revive();

    const now = await revisionsOf(cp, ns);
    const all = actors.map((actor) => evidence(actor, now, last));
    const failings = all.flatMap(judge);
    if (failings.length > 0)
      process.stderr.write(
        `What it can be explained by: ${await keep(cp, { replicas, pods, observer, ledger })}\n`,
      );
    return {
      ...counts,
      workloads: tally(actors.map(({ kind }) => kind)),
      sources: cast.changing.length,
      rolls: sum(all.map(rollsOf)),
      ownRolls: sum(all.map(({ deeds }) => deeds.rolls)),
      excused: sum(all.map(excused)),
      failings,
      deaths: sum(replicas.map(({ deaths }) => deaths)),
      settleMs,
      durationMs: performance.now() - started,
    };
  } finally {
    lookAway();
    janitor.stop();
    await Promise.all(replicas.map((replica) => replica.close()));
  }
}

/** It has a map with all that it depends on, and its controller has seen it. */
function isReady(observer: Observer, actor: Actor): boolean {
  const object = observer.record(actor)?.object;
  if (object === undefined || !isObserved(observer, actor)) return false;
  const known = stampedKeys(object) ?? [];
  return actor.sources.every((source) => known.includes(stampKey(source)));
}

function isObserved(observer: Observer, actor: Actor): boolean {
  const { status, metadata } = observer.record(actor)?.object ?? {};
  if (['CronJob', 'Job', 'Rollout'].includes(actor.kind)) return metadata !== undefined;
  return metadata !== undefined && (status?.observedGeneration ?? 0) >= (metadata.generation ?? 0);
}

async function each<T>(items: readonly T[], work: (item: T) => Promise<unknown>): Promise<void> {
  const left = [...items];
  const worker = async (): Promise<void> => {
    for (let item = left.shift(); item !== undefined; item = left.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((all, one) => all + one, 0);
}

function tally(words: readonly string[]): { [word: string]: number } {
  const counts: { [word: string]: number } = {};
  for (const word of words) counts[word] = (counts[word] ?? 0) + 1;
  return counts;
}
