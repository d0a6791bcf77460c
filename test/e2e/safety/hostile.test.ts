import t, { type Test } from 'tap';
import { Random } from '../../chaos/random.ts';
import type { KubeObject } from '../../controlplane/http.ts';
import { sharedControlPlane } from '../../controlplane/shared.ts';
import { hostileText, withOtherPart } from '../../support/hostile-values.ts';
import { get } from '../support/metrics.ts';
import { AUTO, source, workload, WORKLOAD_KINDS, type SourceName } from '../support/objects.ts';
import {
  EXAMPLES,
  hidden,
  keysOfTheCode,
  kindOf,
  name,
  ofVictim,
  OURS,
  planOf,
  SEED,
  Siege,
  VICTIMS,
} from '../support/siege.ts';
import { Stage } from '../support/environment.ts';

// What strangers write into annotations concerns their own workloads: it ends no process and holds nobody else up. The
// values are the same for the same seed; HOSTILE_SEED repeats another run.

t.setTimeout(900_000);

const ROUNDS = 6;
const STATE = '/api/v1/namespaces/restamp/secrets';

/** What was begun with Jobs, as a stranger who may write the Secret puts it. */
async function plantRemakes({ cp, ns }: Stage): Promise<void> {
  const random = new Random(SEED, 'remakes');
  const metadata = { name: 'nobodys', namespace: ns, annotations: { 'restamp.dev/stamps': '{}' } };
  const job = { apiVersion: 'batch/v1', kind: 'Job', metadata, spec: { template: {} } };
  const remake = { namespace: ns, name: 'nobodys', uid: 'u', resourceVersion: '7', manifest: job };
  const values = Array.from({ length: 120 }, (_none, at) =>
    at % 4 === 0 ? hostileText(random, random.pick(EXAMPLES)) : JSON.stringify(withOtherPart(random, remake)),
  );
  const stringData = Object.fromEntries(values.map((value, at) => [`remake-${at}`, value.slice(0, 5_000)]));
  await cp.api('POST', STATE, { metadata: { name: `${ns}-remakes` }, stringData });
}

const canaries: string[] = [];
const canary = (): string => {
  canaries.push(`canary-${canaries.length}-Vq8sT3nY6kLp`);
  return canaries.at(-1)!;
};

/** All that Restamp says or writes there. */
async function told({ cp, ns, lines }: Stage, metrics: string): Promise<string> {
  const texts = [metrics, ...lines.map((line) => JSON.stringify(line))];
  for (const path of [
    `/api/v1/namespaces/${ns}/events`,
    ...WORKLOAD_KINDS.map((kind) => `/apis/apps/v1/namespaces/${ns}/${kind.toLowerCase()}s`),
  ]) {
    const { items } = await cp.api<{ items: KubeObject[] }>('GET', path);
    texts.push(...items.map((item) => JSON.stringify(item)));
  }
  return texts.join('\n');
}

async function besiege(
  t: Test,
  admission: 'on' | 'off',
  keys: readonly string[],
): Promise<Map<string, number>> {
  const cp = await sharedControlPlane(t);
  const [ns, elsewhere] = [await cp.freshNamespace('hostile'), await cp.freshNamespace('neighbour')];
  const flags = ['--roll-limit=0', '--log-level=info'];
  const stage = new Stage(cp, ns, { admission, flags, namespaces: [ns, elsewhere] });
  const neighbour = new Stage(cp, elsewhere, {});
  t.teardown(() => stage.close());
  await plantRemakes(stage);
  await cp.api('POST', '/api/v1/namespaces/restamp/configmaps', { metadata: { name: ns } });
  await stage.start();
  await stage.create(source(hidden, { key: canary() }));
  for (let victim = 0; victim < VICTIMS; victim += 1) {
    await stage.create(source(ofVictim(victim), { round: '0' }));
    const uses = [hidden, ofVictim(victim)];
    await stage.create(workload(kindOf(victim), name(victim), { annotations: AUTO, uses, replicas: 0 }));
  }
  const shared: SourceName = 'ConfigMap/shared';
  await neighbour.create(source(shared, { round: '0' }));
  const bystanders = await Promise.all(
    WORKLOAD_KINDS.map((kind) =>
      neighbour.observe(kind, 'bystander-'.concat(kind.toLowerCase()), { uses: [shared] }),
    ),
  );
  const siege = new Siege(stage);
  const plan = planOf(keys, admission);
  const share = Math.ceil(plan.length / ROUNDS);
  for (let round = 1; round <= ROUNDS; round += 1) {
    const sending = siege.send(plan.slice((round - 1) * share, round * share));
    if (round % 3 === 0) await stage.change(hidden, { key: canary() });
    const data = { round: String(round) };
    await neighbour.change(shared, data);
    for (const bystander of bystanders) {
      await bystander.rolledFor(shared, data);
      t.same(
        await bystander.happened(),
        { rolls: [['cm/shared']], revisions: 1 },
        `${bystander.kind}, ${round}`,
      );
    }
    await sending;
  }
  await siege.lift(keys);
  for (const bystander of bystanders) t.same(await bystander.ring(), bystander.after());

  const metrics = await stage.metrics();
  const faults = get(metrics, 'restamp_errors_total', { code: 'RESTAMP_INTERNAL_FAULT' });
  t.equal(faults, 0, 'nothing unforeseen was met');
  if (faults > 0) t.comment(stage.lines.filter(({ msg }) => msg.includes('unforeseen')).slice(0, 5));
  const text = await told(stage, metrics);
  const leaks = canaries.filter((one) => text.includes(one) || text.includes(btoa(one)));
  t.same(leaks, [], 'no value of a Secret is told');
  t.equal((await fetch(`${stage.restamp.opsUrl}/readyz`)).status, 200);
  t.equal(await stage.restamp.stop(), 0, 'it ended when it was asked to, and not before');
  return siege.sent;
}

t.test(
  '5,000 hostile values of all annotations end nothing, and bystanders roll once for each change',
  async (t) => {
    t.comment(`seed ${SEED}`);
    const keys = await keysOfTheCode();
    const modes = await Promise.all([
      besiege(
        t,
        'on',
        keys.filter((key) => !OURS.includes(key)),
      ),
      besiege(t, 'off', [...keys, ...OURS]),
    ]);
    const counts = keys.map((key) => ({
      key,
      count: modes.reduce((sum, mode) => sum + (mode.get(key) ?? 0), 0),
    }));
    t.same(
      counts.filter(({ count }) => count < 100),
      [],
      'at least a hundred of each have come',
    );
    const all = counts.reduce((sum, { count }) => sum + count, 0);
    t.comment(`${all} values of ${keys.length} annotations`);
    t.ok(all >= 5_000, `${all} values`);
  },
);
