import t from 'tap';
import { systemClock } from '../../../src/clock.ts';
import type { RestampError } from '../../../src/errors.ts';
import { loadAuth } from '../../../src/kube/auth.ts';
import { createClient, type KubeClient } from '../../../src/kube/client.ts';
import { LeaderElection, type ElectionOptions } from '../../../src/kube/leader-election.ts';
import type { KubeObject } from '../../controlplane/http.ts';
import { sharedControlPlane } from '../../controlplane/shared.ts';

// Leadership as the real API server's Lease shows it.
t.setTimeout(120_000);
const cp = await sharedControlPlane(t);
const namespace = await cp.freshNamespace('lease');
const auth = loadAuth(cp.kubeconfig, systemClock);
t.teardown(() => auth.close());
const client = createClient(auth);
// The product's timers keep no process alive.
const awake = setInterval(() => undefined, 1_000);
t.teardown(() => clearInterval(awake));

type Lease = KubeObject & {
  readonly spec: {
    readonly holderIdentity?: string;
    readonly leaseDurationSeconds: number;
    readonly acquireTime: string;
    readonly renewTime: string;
    readonly leaseTransitions: number;
  };
};

const MICRO_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/;
const pathOf = (name: string): string =>
  `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases/${name}`;
const untilHeld = (name: string, holder: string): Promise<Lease> =>
  cp.untilObject<Lease>(pathOf(name), ({ spec }) => spec.holderIdentity === holder);

type Contender = LeaderElection & {
  readonly said: string[];
  readonly troubles: RestampError[];
  readonly gained: Promise<undefined>;
  readonly lost: Promise<undefined>;
};

/** A contender that looks often and is stopped at the end. */
function contender(name: string, identity: string, options: Partial<ElectionOptions> = {}): Contender {
  const said: string[] = [];
  const troubles: RestampError[] = [];
  const gained = Promise.withResolvers<undefined>();
  const lost = Promise.withResolvers<undefined>();
  const election = new LeaderElection({
    client,
    clock: systemClock,
    namespace,
    name,
    identity,
    retryMs: 200,
    onGain: () => {
      said.push('gain');
      gained.resolve(undefined);
    },
    onLose: () => {
      said.push('lose');
      lost.resolve(undefined);
    },
    onTrouble: (error) => troubles.push(error),
    ...options,
  });
  t.teardown(() => election.stop());
  return Object.assign(election, { said, troubles, gained: gained.promise, lost: lost.promise });
}

t.test('a Lease is made in the form of client-go, and kubectl reads it', async (t) => {
  const a = contender('form', 'replica-a');
  a.start();
  await a.gained;
  const { spec, metadata } = await untilHeld('form', 'replica-a');
  t.match(spec.acquireTime, MICRO_TIME);
  t.match(spec.renewTime, MICRO_TIME);
  t.equal(spec.leaseDurationSeconds, 15);
  t.equal(spec.leaseTransitions, 0);
  const renewed = await cp.untilObject<Lease>(
    pathOf('form'),
    (lease) => lease.metadata.resourceVersion !== metadata.resourceVersion,
  );
  t.equal(renewed.spec.acquireTime, spec.acquireTime);
  t.not(renewed.spec.renewTime, spec.renewTime);
  t.match((await cp.kubectl(['get', 'lease', 'form', '-n', namespace])).stdout, /replica-a/);
  t.same(a.troubles, []);
});

t.test('the first stops: the Lease is released, and the second leads', async (t) => {
  const a = contender('released', 'replica-a');
  const b = contender('released', 'replica-b');
  a.start();
  await a.gained;
  b.start();
  const freed = untilHeld('released', '');
  await a.stop();
  t.same(a.said, ['gain', 'lose']);
  const { spec } = await Promise.race([freed, untilHeld('released', 'replica-b')]);
  t.not(spec.holderIdentity, 'replica-a');
  await b.gained;
  const held = await untilHeld('released', 'replica-b');
  t.equal(held.spec.leaseTransitions, 1);
  t.equal(b.leader, 'replica-b');
  t.same([...a.troubles, ...b.troubles], []);
});

t.test('the first is cut off without a release: the second leads when the lease time is over', async (t) => {
  let cut = false;
  const wire: Pick<KubeClient, 'send'> = {
    send: (call) => (cut ? new Promise<never>(() => undefined) : client.send(call)),
  };
  const short = { leaseMs: 5_000, renewMs: 3_000 };
  const a = contender('killed', 'replica-a', { ...short, client: wire });
  const b = contender('killed', 'replica-b', short);
  a.start();
  await a.gained;
  b.start();
  const { spec } = await untilHeld('killed', 'replica-a');
  t.equal(spec.leaseTransitions, 0);
  cut = true;
  await a.lost;
  t.same(b.said, [], 'the first has stopped before the second begins');
  await b.gained;
  const held = await untilHeld('killed', 'replica-b');
  t.equal(held.spec.leaseTransitions, 1);
  t.ok(held.spec.acquireTime > spec.acquireTime);
  cut = false;
  const look = await cp.api<Lease>('GET', pathOf('killed'));
  t.equal(look.spec.holderIdentity, 'replica-b', 'the first takes nothing back');
  t.same(a.said, ['gain', 'lose']);
});

t.test('of three that start at once one leads, and a deleted Lease is made again', async (t) => {
  // Who has never seen a Lease takes a missing one for free: all must have seen it before it goes.
  const seen = [0, 1, 2].map(() => Promise.withResolvers<undefined>());
  const all = seen.map((first, index) => {
    const send = async (call: Parameters<typeof client.send>[0]): Promise<unknown> => {
      const answer = await client.send(call);
      first.resolve(undefined);
      return answer;
    };
    return contender('three', `replica-${index}`, { client: { send } });
  });
  for (const one of all) one.start();
  await Promise.race(all.map(({ gained }) => gained));
  await Promise.all(seen.map(({ promise }) => promise));
  const first = await cp.untilObject<Lease>(pathOf('three'), () => true);
  await cp.api('DELETE', pathOf('three'));
  const again = await cp.untilObject<Lease>(
    pathOf('three'),
    ({ metadata }) => metadata.uid !== first.metadata.uid,
  );
  t.equal(again.spec.holderIdentity, first.spec.holderIdentity, 'by the one who led');
  t.same(
    all.flatMap(({ said }) => said),
    ['gain'],
  );
});

t.test('without the right to the Lease nobody leads, and it is said why', async (t) => {
  const restamp = loadAuth(cp.kubeconfigFor('restamp'), systemClock);
  t.teardown(() => restamp.close());
  const a = contender('forbidden', 'replica-a', { client: createClient(restamp) });
  const told = Promise.withResolvers<RestampError>();
  a.troubles.push = (error) => {
    told.resolve(error);
    return 0;
  };
  a.start();
  t.equal((await told.promise).code, 'RESTAMP_KUBE_FORBIDDEN');
  await a.stop();
  t.same(a.said, []);
});
