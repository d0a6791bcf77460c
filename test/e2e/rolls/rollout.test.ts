import t from 'tap';
import type { KubeObject } from '../../controlplane/http.ts';
import { AUTO, leverOf, sha1Of, source, type SourceName, type WorkloadObject } from '../support/objects.ts';
import { openStage, type Stage } from '../support/environment.ts';

// What can be seen after one change: the env var, the log, the Event, the rollout itself.
// A busy machine takes several times as long as an idle one.
t.setTimeout(600_000);
const stage = await openStage(t, 'rollout');
const { cp, ns } = stage;
const configMap: SourceName = 'ConfigMap/test-configmap';
const secret: SourceName = 'Secret/test-secret';
const said = (where: string): string =>
  `Changes detected in 'test-configmap' of type 'CONFIGMAP' in namespace '${where}'; updated 'api' of type 'Deployment' in namespace '${where}'`;

type Event = KubeObject & {
  readonly type: string;
  readonly reason: string;
  readonly message: string;
  readonly source: { readonly component: string };
  readonly involvedObject: { readonly name: string; readonly uid: string };
};

/** The Event about a workload that tells of this source, there or to come. */
async function eventAbout(at: Stage, name: string, what: string): Promise<Event> {
  const selector = encodeURIComponent(
    `involvedObject.name=${name},involvedObject.kind=Deployment,reason=Reloaded`,
  );
  const stop = AbortSignal.timeout(30_000);
  const path = `/api/v1/namespaces/${at.ns}/events?watch=true&fieldSelector=${selector}`;
  for await (const { object } of at.cp.watch<Event>(path, stop))
    if (object.message.includes(what)) return object;
  throw new Error('the watch has ended');
}

const before = { 'a-b': '1', a: '2', z: 'last' };
await stage.create(source(configMap, before), source(secret, { password: 'old' }));
const api = await stage.observe('Deployment', 'api', { uses: [configMap, secret], replicas: 2 });

t.test('a change of a ConfigMap stands as its SHA-1 in STAKATER_TEST_CONFIGMAP_CONFIGMAP', async (t) => {
  await stage.change(configMap, { a: '3' });
  // printf 'a-b=1;a=3;z=last' | sha1sum
  const value = 'f1aea465d02800ca42a8dc1e6d813ae3e886bfa9';
  t.equal(sha1Of({ ...before, a: '3' }), value, 'the other tests compute it so');
  const rolled = await stage.until('Deployment', 'api', (object) => leverOf(object, configMap) === value);
  const [main] = rolled.spec.template.spec.containers;
  t.same(main?.env, [{ name: 'STAKATER_TEST_CONFIGMAP_CONFIGMAP', value }]);
});

t.test('a change of a Secret stands as the SHA-1 of its decoded bytes', async (t) => {
  await stage.patch('Secret', 'test-secret', { data: { password: null, k: 'gP8A' } });
  const rolled = await stage.until('Deployment', 'api', (object) => leverOf(object, secret) !== undefined);
  t.equal(leverOf(rolled, secret), '8d9b568c444b1bad2cd879c68e2a89f551747662');
});

t.test('the log has the line that Reloader writes, with fields beside it', async (t) => {
  const line = await stage.restamp.until(({ msg }) => msg === said(ns));
  t.match(line, {
    level: 'info',
    audit: 'roll',
    kind: 'Deployment',
    namespace: ns,
    name: 'api',
    attributed: true,
    sources: [{ source: 'cm/test-configmap', cause: 'changed', keys: ['a'], by: 'admin' }],
  });
  t.ok(Date.parse(String(line['time'])));
});

t.test('the text log has the same line in the form of logrus', async (t) => {
  const text = await openStage(t, 'rollout-text', { flags: ['--log-format='] });
  await text.create(source(configMap, { key: 'old' }));
  const observed = await text.observe('Deployment', 'api', { uses: [configMap] });
  await text.change(configMap, { key: 'new' });
  await observed.rolledFor(configMap, { key: 'new' });
  const { msg } = await text.restamp.until(({ msg }) => msg.includes('Changes detected'));
  t.match(msg, /^time="\d{4}-\d\d-\d\dT[\d:.]+Z" level=info msg="Changes detected/);
  t.ok(msg.includes(` msg="${said(text.ns)}" `), msg);
  t.ok(msg.includes(` audit=roll kind=Deployment namespace=${text.ns} name=api attributed=true `), msg);
});

t.test('an Event Reloaded stands on the workload', async (t) => {
  const event = await eventAbout(stage, 'api', 'test-configmap');
  t.match(event, {
    type: 'Normal',
    reason: 'Reloaded',
    message: said(ns).replace('; updated', ', Updated'),
    source: { component: 'reloader-configmaps' },
    involvedObject: { name: 'api', uid: (await api.get()).metadata.uid },
  });
});

t.test('the new ReplicaSet becomes ready and the old one goes to zero', async (t) => {
  await stage.create(source('ConfigMap/web', { key: 'old' }));
  const web = await stage.observe('Deployment', 'web', { uses: ['ConfigMap/web'], replicas: 3 });
  type Replicas = {
    readonly replicas?: number;
    readonly readyReplicas?: number;
    readonly updatedReplicas?: number;
  };
  type ReplicaSet = WorkloadObject & { readonly spec: { readonly replicas: number } };
  const ready = ({ metadata, status = {} }: WorkloadObject): boolean => {
    const { replicas, readyReplicas, updatedReplicas } = status as Replicas;
    const whole = [replicas, readyReplicas, updatedReplicas].every((count) => count === 3);
    return status.observedGeneration === metadata.generation && whole;
  };
  await stage.until('Deployment', 'web', ready);
  await stage.change('ConfigMap/web', { key: 'new' });
  await web.rolledFor('ConfigMap/web', { key: 'new' });
  await stage.until('Deployment', 'web', ready);
  const { items } = await cp.api<{ items: ReplicaSet[] }>(
    'GET',
    `/apis/apps/v1/namespaces/${ns}/replicasets?labelSelector=app%3Dweb`,
  );
  const found = items.map((one) => ({
    rolled: leverOf(one, 'ConfigMap/web') !== undefined,
    wanted: one.spec.replicas,
    ready: (one.status as Replicas).readyReplicas ?? 0,
  }));
  t.same(
    found.sort((a, b) => a.wanted - b.wanted),
    [
      { rolled: false, wanted: 0, ready: 0 },
      { rolled: true, wanted: 3, ready: 3 },
    ],
  );
});

t.test('what Reloader’s rules in the field rely on: the field manager is Reloader', async (t) => {
  const { metadata } = await api.get();
  const managers = metadata.managedFields?.filter(({ fieldsV1 }) =>
    JSON.stringify(fieldsV1).includes('STAKATER_TEST_CONFIGMAP_CONFIGMAP'),
  );
  t.same(
    managers?.map(({ manager }) => manager),
    ['Reloader'],
  );
  t.match(metadata.annotations, AUTO);
});
