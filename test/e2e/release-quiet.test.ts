import t from 'tap';
import { source } from './objects.ts';
import { release, settled, templates, type Version } from './releases.ts';
import { openStage, type Stage } from './stage.ts';

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
