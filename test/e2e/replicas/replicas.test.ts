import t from 'tap';
import { sharedControlPlane } from '../../controlplane/shared.ts';
import type { KubeObject } from '../../controlplane/http.ts';
import { get } from '../support/metrics.ts';
import { AUTO, historyOf, leverOf, sha1Of, source, workload, type Data } from '../support/objects.ts';
import { settled, templates, writeChart } from '../support/releases.ts';
import { Stage } from '../support/environment.ts';
import { metricsOf, Trio } from '../support/three-replicas.ts';

t.setTimeout(900_000);

/** More rounds show more: RELEASE_ROUNDS=20. */
const ROUNDS = Number(process.env['RELEASE_ROUNDS'] ?? 3);
const cp = await sharedControlPlane(t);

const CONFIGURATIONS = ['validatingwebhookconfigurations', 'mutatingwebhookconfigurations'] as const;
const listOf = (resource: string): string => `/apis/admissionregistration.k8s.io/v1/${resource}`;

async function registrations(stage: Stage): Promise<number> {
  let found = 0;
  for (const resource of CONFIGURATIONS) {
    const { items } = await cp.api<{ items: KubeObject[] }>('GET', listOf(resource));
    found += items.filter(({ metadata }) => metadata.name === stage.ns).length;
  }
  return found;
}

t.test(
  'three replicas: each upgrade of config, Secret and image is one ReplicaSet, whoever answers',
  async (t) => {
    const stage = new Stage(cp, await cp.freshNamespace('three'), {});
    const trio = await Trio.open(t, stage, ['--quiet-period=1s']);
    await stage.create(source('ConfigMap/bell', { rings: '0' }));
    const chart = await writeChart(t);
    const upgrade = (round: number): Promise<unknown> =>
      cp.helm([
        ...['upgrade', '--install', 'app', chart, '-n', stage.ns],
        ...['--set', `config=c${round},secret=s${round},image=v${round}`],
      ]);
    await upgrade(0);
    let before = 0;
    for (let round = 1; round <= ROUNDS + 1; round += 1) {
      t.equal((await settled(stage)) - before, 1, `round ${round}`);
      before = await templates(stage);
      await trio.balancer.turn();
      if (round <= ROUNDS) await upgrade(round);
    }
    const reviews = await trio.reviews();
    t.equal(reviews.length, 3);
    t.ok(
      reviews.every((count) => count > 0),
      `standbys answer too: ${reviews.join()}`,
    );
    const rolling = trio.running.filter((one) => one.rolls(stage.ns).length > 0);
    t.equal(rolling.length, 1, 'only the leader rolls');
  },
);

t.test('the leader is killed in the middle of rolls: nothing is lost and nothing rolls twice', async (t) => {
  const COUNT = 60;
  const names = Array.from({ length: COUNT }, (_, index) => `api-${index}`);
  const stage = new Stage(cp, await cp.freshNamespace('kill'), {});
  const trio = await Trio.open(t, stage, ['--roll-parallelism=1', '--recovery-rolls-per-second=50']);
  await stage.create(source('ConfigMap/app', { round: '0' }));
  await stage.create(
    ...names.map((name) =>
      workload('Deployment', name, { annotations: AUTO, uses: ['ConfigMap/app'], replicas: 0 }),
    ),
  );
  for (const name of names) await stage.stamped('Deployment', name, ['ConfigMap/app']);
  const rolled = (data: Data): Promise<unknown> =>
    Promise.all(
      names.map((name) =>
        stage.until('Deployment', name, (object) => leverOf(object, 'ConfigMap/app') === sha1Of(data)),
      ),
    );
  const KILLS = 2;
  for (let round = 1; round <= KILLS; round += 1) {
    const data = { round: String(round) };
    const leader = await trio.leader();
    await stage.change('ConfigMap/app', data);
    await leader.until(({ audit }) => audit === 'roll');
    await trio.end(leader, 'kill');
    t.ok(leader.rolls(stage.ns).length < COUNT, 'it had more to do');
    await rolled(data);
    await trio.start();
  }
  // One more change, after which whatever else was to roll has rolled.
  const data = { round: 'last' };
  await stage.change('ConfigMap/app', data);
  await rolled(data);
  for (const name of names) {
    const { metadata } = await stage.until(
      'Deployment',
      name,
      ({ metadata, status }) => status?.observedGeneration === metadata.generation,
    );
    t.equal(Number(metadata.annotations?.['deployment.kubernetes.io/revision']), KILLS + 2, name);
  }
});

t.test('every roll is attributed, whichever replica has reviewed the write', async (t) => {
  const stage = new Stage(cp, await cp.freshNamespace('actor'), {});
  const trio = await Trio.open(t, stage, ['--quiet-period=1s', '--roll-limit=0']);
  const leader = await trio.leader();
  const used = ['ConfigMap/app', 'Secret/app'] as const;
  await stage.create(...used.map((which) => source(which, { round: '0' })));
  await stage.create(workload('Deployment', 'api', { annotations: AUTO, uses: used, replicas: 0 }));
  await stage.stamped('Deployment', 'api', used);
  const { status } = await cp.api<KubeObject & { status: { userInfo: { username: string } } }>(
    'POST',
    '/apis/authentication.k8s.io/v1/selfsubjectreviews',
    { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' },
  );
  for (let round = 1; round <= ROUNDS * 2; round += 1) {
    await trio.balancer.turn();
    const which = used[round % 2]!;
    const data = { round: String(round) };
    await stage.change(which, data);
    const rolled = await stage.until(
      'Deployment',
      'api',
      (object) => leverOf(object, which) === sha1Of(data),
    );
    const [entry] = historyOf(rolled);
    t.match(entry?.sources, [{ by: status.userInfo.username, keys: ['round'] }], `round ${round}`);
  }
  const admitted = trio.running.map((one) => one.lines.filter(({ audit }) => audit === 'admission').length);
  // What a roll counts for comes later than the roll.
  await leader.until(() => leader.rolls(stage.ns).length >= ROUNDS * 2);
  const told = get(await metricsOf(leader), 'restamp_rolls_total', { attributed: 'true' });
  t.equal(told, ROUNDS * 2);
  t.ok(admitted.filter((count) => count > 0).length > 1, `standbys have reviewed some: ${admitted.join()}`);
});

t.test('a replica that ends leaves the registration to the others; the last one takes it back', async (t) => {
  const stage = new Stage(cp, await cp.freshNamespace('ends'), {});
  const trio = await Trio.open(t, stage);
  t.equal(await registrations(stage), 2);
  await trio.end(await trio.leader(), 'stop');
  t.equal(await registrations(stage), 2, 'the leader has ended');
  const [first, last] = trio.running;
  await trio.end(first!, 'stop');
  t.equal(await registrations(stage), 2, 'one still runs');
  t.equal(await trio.end(last!, 'stop'), 0);
  t.equal(await registrations(stage), 0);
});

t.test(
  'a registration that somebody removes is told of by all, with one Event, and stays removed',
  async (t) => {
    const stage = new Stage(cp, await cp.freshNamespace('removed'), {});
    const trio = await Trio.open(t, stage);
    await trio.leader();
    for (const one of trio.running) t.equal(get(await metricsOf(one), 'restamp_webhook_registered'), 1);
    await cp.api('DELETE', `${listOf(CONFIGURATIONS[0])}/${stage.ns}`);
    for (const one of trio.running) {
      await one.until(({ msg }) => msg.startsWith('The webhook registration is gone'));
      t.equal(get(await metricsOf(one), 'restamp_webhook_registered'), 0);
      t.equal((await fetch(`${one.opsUrl}/readyz`)).status, 200);
    }
    type Event = KubeObject & { readonly reason: string; readonly involvedObject: { readonly name: string } };
    const events = async (): Promise<Event[]> => {
      const { items } = await cp.api<{ items: Event[] }>('GET', '/api/v1/namespaces/restamp/events');
      return items.filter(
        (one) => one.involvedObject.name === stage.ns && one.reason === 'WebhookUnregistered',
      );
    };
    await Promise.all(trio.running.map((one) => trio.end(one, 'stop')));
    t.equal((await events()).length, 1);
  },
);
