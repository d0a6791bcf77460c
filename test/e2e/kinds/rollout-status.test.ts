import t from 'tap';
import { systemClock } from '../../../src/clock.ts';
import { Kinds } from '../../../src/core/api/kind.ts';
import {
  rolloutFacts,
  rolloutStatus,
  type RolloutFacts,
  type RolloutStatus,
} from '../../../src/core/objects/rollout.ts';
import { RolloutObserver, type RolloutOutcome } from '../../../src/controller/rollout-observer.ts';
import { sharedControlPlane } from '../../controlplane/shared.ts';
import {
  pathOf,
  workload,
  WORKLOAD_KINDS,
  type WorkloadKind,
  type WorkloadObject,
} from '../support/objects.ts';

// Rollouts as the real controllers tell of them, judged by ours and by kubectl.
t.setTimeout(180_000);
const kinds = new Kinds();
const cp = await sharedControlPlane(t);
const ns = await cp.freshNamespace('rollout-status');
// The product's timers keep no process alive.
const awake = setInterval(() => undefined, 1_000);
t.teardown(() => clearInterval(awake));
const NO_TIME = { elapsedMs: 0, deadlineMs: 600_000 };
const MERGE = 'application/merge-patch+json';

function factsOf(kind: WorkloadKind, object: WorkloadObject): RolloutFacts {
  const facts = rolloutFacts(kinds.get(kind)!, object);
  if (facts === undefined) throw new Error(`no facts of a ${kind}`);
  return facts;
}

const textOf = (status: RolloutStatus | RolloutOutcome): string =>
  'reason' in status ? `${status.is} ${status.reason}` : status.is;
const judge = (kind: WorkloadKind, object: WorkloadObject): string =>
  textOf(rolloutStatus(factsOf(kind, object), NO_TIME));

/** What is said of each state that comes, up to the first one that is `end`. */
async function until(kind: WorkloadKind, name: string, end: string): Promise<string[]> {
  const said: string[] = [];
  await cp.untilObject<WorkloadObject>(
    pathOf(ns, kind, name),
    (object) => said[said.push(judge(kind, object)) - 1] === end,
    60_000,
  );
  return said;
}

async function create(kind: WorkloadKind, name: string, spec: object = {}): Promise<void> {
  const manifest = workload(kind, name, { replicas: 3 }) as { readonly spec?: object };
  await cp.api('POST', pathOf(ns, kind), { ...manifest, spec: { ...manifest.spec, ...spec } });
}

const patch = (kind: WorkloadKind, name: string, spec: object): Promise<WorkloadObject> =>
  cp.api<WorkloadObject>('PATCH', pathOf(ns, kind, name), { spec }, MERGE);

/** A new template, as a roll makes one. */
const roll = (kind: WorkloadKind, name: string, podSpec: object = {}): Promise<WorkloadObject> =>
  patch(kind, name, {
    template: { metadata: { annotations: { rolled: String(Math.random()) } }, spec: podSpec },
  });

async function kubectlSays(kind: WorkloadKind, name: string): Promise<string> {
  const what = `${kind.toLowerCase()}/${name}`;
  return (await cp.kubectl(['rollout', 'status', what, '-n', ns, '--watch=false'])).stdout;
}

for (const kind of WORKLOAD_KINDS) {
  t.test(`a ${kind} is progressing until it is complete, and kubectl agrees`, async (t) => {
    await create(kind, 'plain');
    const created = await until(kind, 'plain', 'complete');
    t.same(new Set(created.slice(0, -1)), new Set(created.length > 1 ? ['progressing'] : []));
    t.equal(judge(kind, await roll(kind, 'plain')), 'progressing', 'the answer to the patch is of before it');
    const rolled = await until(kind, 'plain', 'complete');
    t.same(new Set(rolled.slice(0, -1)), new Set(rolled.length > 1 ? ['progressing'] : []));
    t.match(await kubectlSays(kind, 'plain'), /successfully rolled out|complete/);
  });

  t.test(`the observer reports the completion of a ${kind} once`, async (t) => {
    const said: string[] = [];
    const rollouts = new RolloutObserver({ clock: systemClock, onOutcome: (_, { is }) => said.push(is) });
    await create(kind, 'observed');
    await until(kind, 'observed', 'complete');
    rollouts.rolled('observed', factsOf(kind, await roll(kind, 'observed')));
    await cp.untilObject<WorkloadObject>(pathOf(ns, kind, 'observed'), (object) => {
      rollouts.look('observed', factsOf(kind, object));
      return judge(kind, object) === 'complete';
    });
    t.same(said, ['completed']);
    t.equal(rollouts.size, 0);
  });
}

t.test('a Deployment that is paused waits, and goes on when it is not', async (t) => {
  await create('Deployment', 'paused');
  await until('Deployment', 'paused', 'complete');
  await patch('Deployment', 'paused', { paused: true });
  await roll('Deployment', 'paused');
  t.ok(await until('Deployment', 'paused', 'waiting paused'));
  t.match(await kubectlSays('Deployment', 'paused'), /Waiting for deployment/);
  await patch('Deployment', 'paused', { paused: false });
  t.ok(await until('Deployment', 'paused', 'complete'));
});

for (const kind of ['StatefulSet', 'DaemonSet'] as const)
  t.test(`a ${kind} under OnDelete waits until a person has deleted the old pods`, async (t) => {
    const name = `on-delete-${kind.toLowerCase()}`;
    await create(kind, name, { updateStrategy: { type: 'OnDelete' } });
    await until(kind, name, 'complete');
    await roll(kind, name);
    t.ok(await until(kind, name, 'waiting on-delete'));
    await cp.kubectl(['delete', 'pods', '-n', ns, '-l', `app=${name}`, '--wait=false']);
    t.ok(await until(kind, name, 'complete'));
  });

t.test('a StatefulSet with a partition waits when its part is complete', async (t) => {
  await create('StatefulSet', 'part');
  await until('StatefulSet', 'part', 'complete');
  await patch('StatefulSet', 'part', { updateStrategy: { rollingUpdate: { partition: 2 } } });
  await roll('StatefulSet', 'part');
  const said = await until('StatefulSet', 'part', 'waiting partition');
  t.notOk(said.includes('complete'));
  const { status } = await cp.api<WorkloadObject>('GET', pathOf(ns, 'StatefulSet', 'part'));
  t.match(status, { updatedReplicas: 1, replicas: 3 });
  t.match(await kubectlSays('StatefulSet', 'part'), /partitioned roll out complete: 1 new pods/);
  await patch('StatefulSet', 'part', { updateStrategy: { rollingUpdate: { partition: 0 } } });
  t.ok(await until('StatefulSet', 'part', 'complete'));
});

t.test('without replicas it is complete at the roll itself', async (t) => {
  for (const kind of ['Deployment', 'StatefulSet'] as const) {
    await create(kind, 'none', { replicas: 0 });
    t.equal(judge(kind, await roll(kind, 'none')), 'complete');
  }
});

t.test(
  'a Deployment whose new pods find no node fails by its deadline, and completes when they do',
  async (t) => {
    await create('Deployment', 'stuck', { progressDeadlineSeconds: 2 });
    await until('Deployment', 'stuck', 'complete');
    await roll('Deployment', 'stuck', { nodeSelector: { nowhere: 'at-all' } });
    const said = await until('Deployment', 'stuck', 'failed deadline');
    t.notOk(said.includes('complete'));
    await t.rejects(kubectlSays('Deployment', 'stuck'), /exceeded its progress deadline/);
    const mended = await roll('Deployment', 'stuck', { nodeSelector: null });
    t.equal(judge('Deployment', mended), 'progressing', 'the deadline of the rollout before counts no more');
    t.ok(await until('Deployment', 'stuck', 'complete'));
  },
);

for (const kind of ['StatefulSet', 'DaemonSet'] as const)
  t.test(`a ${kind} whose new pods find no room fails by our deadline`, async (t) => {
    const name = `lost-${kind.toLowerCase()}`;
    const said: string[] = [];
    const failed = Promise.withResolvers<undefined>();
    const rollouts = new RolloutObserver({
      clock: systemClock,
      deadlineMs: 1_000,
      onOutcome: (_, outcome) => {
        said.push(textOf(outcome));
        failed.resolve(undefined);
      },
    });
    await create(kind, name);
    await until(kind, name, 'complete');
    // More than the node has; unlike its labels, a DaemonSet's controller does not look at its room.
    const resources = { requests: { cpu: '5000' } };
    const containers = [{ name: 'main', image: 'registry.example/main:1', resources }];
    rollouts.rolled('lost', factsOf(kind, await roll(kind, name, { containers })));
    const look = cp.untilObject<WorkloadObject>(pathOf(ns, kind, name), (object) => {
      rollouts.look('lost', factsOf(kind, object));
      return rollouts.size === 0;
    });
    await failed.promise;
    t.same(said, ['failed deadline']);
    await patch(kind, name, { template: { spec: { containers: [{ ...containers[0], resources: {} }] } } });
    // The StatefulSet's controller leaves a pod that never was ready to a person.
    await cp.kubectl(['delete', 'pods', '-n', ns, '-l', `app=${name}`, '--wait=false']);
    await look;
    t.match(said.join(), /^failed deadline,completed$/);
  });
