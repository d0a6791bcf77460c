import { access, readFile } from 'node:fs/promises';
import t from 'tap';
import { startControlPlane } from './controlplane.ts';
import type { KubeObject } from './http.ts';
import { isAlive } from './processes.ts';

// A busy machine takes several times as long as an idle one.
t.setTimeout(180_000);

type Deployment = KubeObject & { readonly status?: { readonly availableReplicas?: number } };

const deployment = (replicas: number): object => ({
  metadata: { name: 'web' },
  spec: {
    replicas,
    selector: { matchLabels: { app: 'web' } },
    template: {
      metadata: { labels: { app: 'web' } },
      spec: { containers: [{ name: 'web', image: 'web' }] },
    },
  },
});

t.test("a control plane of one's own", async (t) => {
  const controlPlane = await startControlPlane({
    audit: true,
    featureGates: { WatchList: false },
    serviceAccountCredentials: true,
  });
  t.teardown(controlPlane.stop);
  const { api, kubectl, untilObject, untilGone, freshNamespace } = controlPlane;
  const namespace = await freshNamespace('own');
  const path = `/apis/apps/v1/namespaces/${namespace}/deployments`;
  const available = (replicas: number) => (object: Deployment) =>
    object.status?.availableReplicas === replicas;

  await t.test('a Deployment becomes Available', async (t) => {
    await api('POST', path, deployment(3));
    t.ok(await untilObject(`${path}/web`, available(3)));
  });

  await t.test('kubectl reads from its input and fails loudly', async (t) => {
    const input = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'a', namespace },
      data: { k: 'v' },
    };
    t.match((await kubectl(['apply', '-f', '-'], { input })).stdout, 'configmap/a created');
    await t.rejects(kubectl(['get', 'configmap', 'b']), { message: /kubectl .*get configmap b.*NotFound/ });
    t.equal((await kubectl(['get', 'configmap', 'b'], { mayFail: true })).code, 1);
  });

  await t.test('the user restamp is somebody else than the driver and has no rights by itself', async (t) => {
    const kubeconfig = controlPlane.kubeconfigFor('restamp');
    const { stdout } = await kubectl(['auth', 'whoami', '-o', 'json'], { kubeconfig });
    t.match(JSON.parse(stdout), { status: { userInfo: { username: 'restamp', groups: ['restamp'] } } });
    const { code } = await kubectl(['auth', 'can-i', '*', '*'], { kubeconfig, mayFail: true });
    t.equal(code, 1);
    t.match(await readFile(kubeconfig, 'utf8'), 'namespace: restamp');
    t.notMatch(await readFile(kubeconfig, 'utf8'), 'insecure');
  });

  await t.test('an object can be awaited before it exists and until it is gone', async (t) => {
    const configMaps = `/api/v1/namespaces/${namespace}/configmaps`;
    const awaited = untilObject(`${configMaps}/later`, () => true);
    await api('POST', configMaps, { metadata: { name: 'later' } });
    t.equal((await awaited).metadata.name, 'later');
    const gone = untilGone(`${configMaps}/later`);
    await api('DELETE', `${configMaps}/later`);
    await gone;
  });

  await t.test('what did not happen in time is named, without its data', async (t) => {
    const secrets = `/api/v1/namespaces/${namespace}/secrets`;
    await api('POST', secrets, { metadata: { name: 's' }, stringData: { k: 'canary' } });
    const error = await untilObject(`${secrets}/s`, () => false, 300).catch((reason: unknown) => reason);
    const { message } = error as Error;
    t.match(message, `${secrets}/s was not as awaited after 0.3 s: its last state was {"resourceVersion"`);
    t.notMatch(message, /canary|Y2FuYXJ5/);
    await t.rejects(untilGone(`${secrets}/s`, 100), { message: /was not as awaited/ });
    await t.rejects(
      untilObject(`${secrets}/x`, () => false, 100),
      { message: /it does not exist/ },
    );
  });

  await t.test('a frozen program does nothing until it is resumed', async (t) => {
    await controlPlane.freeze('kube-controller-manager');
    await api('PATCH', `${path}/web`, { spec: { replicas: 4 } }, 'application/merge-patch+json');
    await t.rejects(untilObject(`${path}/web`, available(4), 700));
    await controlPlane.resume('kube-controller-manager');
    t.ok(await untilObject(`${path}/web`, available(4)));
  });

  await t.test('a killed API server is gone, and one started again has all data', async (t) => {
    const watched = untilObject(`${path}/web`, available(2), 60_000);
    const before = controlPlane.pids.get('kube-apiserver') ?? 0;
    await controlPlane.kill('kube-apiserver');
    t.notOk(isAlive(before));
    await t.rejects(api('GET', `${path}/web`), { code: 'ECONNREFUSED' });
    await controlPlane.restart('kube-apiserver');
    t.not(controlPlane.pids.get('kube-apiserver'), before);
    await api('PATCH', `${path}/web`, { spec: { replicas: 2 } }, 'application/merge-patch+json');
    t.ok(await watched, 'a watch goes on');
  });

  await t.test('an API server that does not answer is no reason to wait longer than asked', async (t) => {
    await controlPlane.freeze('kube-apiserver');
    const start = performance.now();
    await t.rejects(untilObject(`${path}/web`, available(9), 300), { message: /not as awaited/ });
    t.ok(performance.now() - start < 5_000);
    await controlPlane.resume('kube-apiserver');
  });

  await t.test('etcd can be killed and started again', async (t) => {
    await controlPlane.kill('etcd');
    await controlPlane.restart('etcd');
    await untilObject('/api/v1/namespaces/restamp', () => true);
    t.ok(await freshNamespace('again'));
  });

  await t.test('kwok is started again when it dies by itself', async (t) => {
    const before = controlPlane.pids.get('kwok') ?? 0;
    process.kill(before, 'SIGKILL');
    await api('PATCH', `${path}/web`, { spec: { replicas: 5 } }, 'application/merge-patch+json');
    t.ok(await untilObject(`${path}/web`, available(5)));
    t.not(controlPlane.pids.get('kwok'), before);
  });

  await t.test('the audit log says who wrote', async (t) => {
    const log = await readFile(controlPlane.auditLog ?? '', 'utf8');
    t.match(log, '"username":"admin"');
    t.match(log, '"username":"system:serviceaccount:kube-system:deployment-controller"');
    t.notMatch(log, /canary|Y2FuYXJ5/);
  });

  await t.test('the API server has the feature gates that were asked for', async (t) => {
    const metrics = await api<string>('GET', '/metrics');
    t.match(metrics, /kubernetes_feature_enabled\{name="WatchList",stage="[A-Z]*"\} 0/);
  });

  await t.test('at the end no process and no folder is left', async (t) => {
    const pids = [...controlPlane.pids.values(), controlPlane.supervisorPid];
    t.equal(pids.length, 6);
    await controlPlane.freeze('kube-scheduler');
    await Promise.all([controlPlane.stop(), controlPlane.stop()]);
    t.same(pids.filter(isAlive), []);
    await t.rejects(access(controlPlane.dir), { code: 'ENOENT' });
  });
});

t.test('a program that cannot start is named with the end of its log', async (t) => {
  const dir = t.testdir();
  await t.rejects(startControlPlane({ dir, featureGates: { NoSuchGate: true }, programs: [] }), {
    message: /^kube-apiserver ended \(code 1\).*\n( {2}\|.*\n)*.*unrecognized feature gate: NoSuchGate/,
  });
});
