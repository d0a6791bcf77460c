import { setTimeout as pause } from 'node:timers/promises';
import t from 'tap';
import { source, type Manifest } from '../support/objects.ts';
import { release, settled, templates, type Version } from '../support/releases.ts';
import { openStage, type Stage } from '../support/environment.ts';

t.setTimeout(600_000);

const HELM = '?fieldManager=helm';
const MERGE = 'application/merge-patch+json';
const labels = { 'app.kubernetes.io/instance': 'app' };
const version: Version = { config: 'c0', secret: 's0', image: 'v0' };

/** Creates the release as a tool that marks its objects would. */
async function install(stage: Stage): Promise<void> {
  await stage.create(source('ConfigMap/bell', { rings: '0' }));
  for (const object of release(version))
    await stage.cp.api('POST', `${stage.path(object.kind)}${HELM}`, {
      ...object,
      metadata: { ...object.metadata, labels },
    });
  await stage.stamped('Deployment', 'api', ['ConfigMap/app', 'ConfigMap/bell', 'Secret/app']);
}

const writeConfig = (stage: Stage, config: string): Promise<unknown> =>
  stage.cp.api('PATCH', `${stage.path('ConfigMap', 'app')}${HELM}`, { data: { A: config } }, MERGE);

t.test('a release tool that writes config and, long after, the workload makes one rollout', async (t) => {
  const stage = await openStage(t, 'slow', { flags: ['--release-quiet=60s'] });
  await install(stage);
  t.equal(await settled(stage), 1);
  const before = await templates(stage);
  await writeConfig(stage, 'c1');
  await stage.restamp.until((line) => line.audit === 'held' && line['reason'] === 'release');
  const containers = [{ name: 'main', image: 'registry.example/api:v1' }];
  const body = { spec: { template: { spec: { containers } } } };
  await stage.cp.api(
    'PATCH',
    `${stage.path('Deployment', 'api')}${HELM}`,
    body,
    'application/strategic-merge-patch+json',
  );
  t.equal((await settled(stage)) - before, 1);
});

t.test('a release that changes config alone rolls when it has been quiet', async (t) => {
  const stage = await openStage(t, 'config', { flags: ['--release-quiet=2s'] });
  await install(stage);
  t.equal(await settled(stage), 1);
  const before = await templates(stage);
  await writeConfig(stage, 'c1');
  await stage.restamp.until((line) => line.audit === 'held' && line['reason'] === 'release');
  await stage.restamp.until(
    (line) => line.audit === 'roll' && line.msg.includes("'app' of type 'CONFIGMAP'"),
  );
  t.equal((await settled(stage)) - before, 1);
});

t.test(
  'a release of 100 objects with 5 s between its config and its workload is one ReplicaSet',
  async (t) => {
    // Only the quiet period is shortened: 5 s are within what the defaults wait for a release.
    const stage = await openStage(t, 'hundred');
    const PARTS = 97;
    const annotations = { 'meta.helm.sh/release-name': 'app', 'meta.helm.sh/release-namespace': stage.ns };
    const parts = Array.from({ length: PARTS }, (_, index) => `part-${index}`);
    // The workload uses the first, a middle and the last one that the tool writes, and the release's own two.
    const used = [parts[0], parts[48], parts[96]].map((name) => ({ configMapRef: { name } }));
    const envFrom = [{ configMapRef: { name: 'app' } }, { secretRef: { name: 'app' } }, ...used];
    const marked = (object: Manifest): object => ({
      ...object,
      metadata: { ...object.metadata, annotations: { ...object.metadata.annotations, ...annotations } },
    });
    const post = (object: Manifest, body: object): Promise<unknown> =>
      stage.cp.api('POST', `${stage.path(object.kind)}${HELM}`, body);
    const template = (image: string): object => ({
      spec: { containers: [{ name: 'main', image: `registry.example/api:${image}`, envFrom }] },
    });

    await stage.create(source('ConfigMap/bell', { rings: '0' }));
    for (const name of parts) {
      const part = source(`ConfigMap/${name}`, { A: 'c0' });
      await post(part, marked(part));
    }
    const objects = release(version);
    for (const object of objects) await post(object, marked(object));
    const usePath = `${stage.path('Deployment', 'api')}${HELM}`;
    const STRATEGIC = 'application/strategic-merge-patch+json';
    await stage.cp.api('PATCH', usePath, { spec: { template: template('v0') } }, STRATEGIC);
    await settled(stage);
    const before = await templates(stage);

    for (const name of parts)
      await stage.cp.api('PATCH', `${stage.path('ConfigMap', name)}${HELM}`, { data: { A: 'c1' } }, MERGE);
    await writeConfig(stage, 'c1');
    const secret = `${stage.path('Secret', 'app')}${HELM}`;
    await stage.cp.api('PATCH', secret, { stringData: { B: 's1' } }, MERGE);
    await pause(5_000);
    t.equal(await templates(stage), before, 'nothing rolls before the workload is written');
    await stage.cp.api('PATCH', usePath, { spec: { template: template('v1') } }, STRATEGIC);
    t.equal((await settled(stage)) - before, 1);
  },
);
