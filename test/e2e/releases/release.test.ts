import t from 'tap';
import { source } from '../support/objects.ts';
import { asList, settled, templates, writeChart, type Version } from '../support/releases.ts';
import { openStage, type Stage } from '../support/environment.ts';
import type { HasTeardown } from '../../controlplane/shared.ts';

t.setTimeout(600_000);

/** More rounds show more: RELEASE_ROUNDS=20. */
const ROUNDS = Number(process.env['RELEASE_ROUNDS'] ?? 3);
const version = (round: number): Version => ({
  config: `c${round}`,
  secret: `s${round}`,
  image: `v${round}`,
});

async function open(test: HasTeardown, prefix: string): Promise<Stage> {
  const stage = await openStage(test, prefix, { flags: ['--quiet-period=2s'] });
  await stage.create(source('ConfigMap/bell', { rings: '0' }));
  return stage;
}

t.test(
  'helm: an install is one ReplicaSet, and each upgrade of config, Secret and image one more',
  async (t) => {
    const stage = await open(t, 'helm');
    const chart = await writeChart(t);
    const upgrade = ({ config, secret, image }: Version): Promise<unknown> =>
      stage.cp.helm([
        ...['upgrade', '--install', 'app', chart, '-n', stage.ns],
        ...['--set', `config=${config},secret=${secret},image=${image}`],
      ]);
    await upgrade(version(0));
    let before = 0;
    for (let round = 1; round <= ROUNDS + 1; round += 1) {
      t.equal((await settled(stage)) - before, 1, `round ${round}`);
      before = await templates(stage);
      if (round <= ROUNDS) await upgrade(version(round));
    }
  },
);

const apply = ['apply', '-f', '-'];
const serverSide = ['apply', '--server-side', '--field-manager=gitops', '--force-conflicts', '-f', '-'];
for (const [name, command] of [
  ['kubectl apply, config first', apply],
  ['server-side apply by another field manager', serverSide],
  ['kubectl replace', ['replace', '-f', '-']],
] as const)
  t.test(`${name}: a change of config and image is one rollout`, async (t) => {
    const stage = await open(t, 'apply');
    const { kubectl } = stage.cp;
    const first = command[0] === 'replace' ? ['create', '-f', '-', '--save-config'] : [...command];
    await kubectl(['-n', stage.ns, ...first], { input: asList(version(0)) });
    let before = 0;
    for (let round = 1; round <= ROUNDS + 1; round += 1) {
      t.equal((await settled(stage)) - before, 1, `round ${round}`);
      before = await templates(stage);
      if (round <= ROUNDS) await kubectl(['-n', stage.ns, ...command], { input: asList(version(round)) });
    }
  });

t.test('workload first and config after is at most two rollouts', async (t) => {
  const stage = await open(t, 'reverse');
  const { kubectl } = stage.cp;
  await kubectl(['-n', stage.ns, ...apply], { input: asList(version(0)) });
  t.equal(await settled(stage), 1);
  const before = await templates(stage);
  await kubectl(['-n', stage.ns, ...apply], { input: asList(version(1), true) });
  t.ok((await settled(stage)) - before <= 2);
});

t.test(
  'the version in Git, written again after a roll, makes no ReplicaSet, however it is written',
  async (t) => {
    const stage = await open(t, 'git');
    const { kubectl } = stage.cp;
    await kubectl(['-n', stage.ns, ...apply], { input: asList(version(0)) });
    t.equal(await settled(stage), 1);
    const before = await templates(stage);
    const workloadOnly = JSON.stringify((JSON.parse(asList(version(0))) as { items: object[] }).items[2]);
    for (let round = 0; round < 10; round += 1)
      for (const command of [
        apply,
        ['apply', '--server-side', '--field-manager=gitops', '-f', '-'],
        ['replace', '-f', '-'],
      ]) {
        // A first server-side apply over a client-side one may have to take fields over from kubectl, never from us.
        const { stderr } = await kubectl(
          ['-n', stage.ns, ...command, ...(command.includes('--server-side') ? ['--force-conflicts'] : [])],
          {
            input: workloadOnly,
          },
        );
        t.notMatch(stderr, /conflict/i);
      }
    t.equal((await settled(stage)) - before, 0);
  },
);

t.test(
  'rollout undo over a config-only roll is put back with a warning; over a new image it is one rollout',
  async (t) => {
    const stage = await open(t, 'undo');
    const { kubectl } = stage.cp;
    await kubectl(['-n', stage.ns, ...apply], { input: asList(version(0)) });
    t.equal(await settled(stage), 1);
    let before = await templates(stage);
    const undone = await kubectl(['-n', stage.ns, 'rollout', 'undo', 'deployment/api']);
    t.match(undone.stderr, /Warning: Deployment\/api keeps the rollout that its sources caused/);
    t.equal((await settled(stage)) - before, 0);

    before = await templates(stage);
    await kubectl(['-n', stage.ns, 'set', 'image', 'deployment/api', 'main=registry.example/api:v9']);
    // Its template counts as soon as the controller has made pods of it: the bell would replace it.
    await stage.until(
      'Deployment',
      'api',
      ({ metadata, status }) => status?.observedGeneration === metadata.generation,
    );
    t.equal((await settled(stage)) - before, 1, 'the image was one rollout of its own');
    before = await templates(stage);
    const first = await kubectl(['-n', stage.ns, 'rollout', 'undo', 'deployment/api', '--to-revision=1']);
    t.equal(first.code, 0);
    t.ok((await settled(stage)) - before <= 1);
  },
);

t.test('rollout restart is one rollout', async (t) => {
  const stage = await open(t, 'restart');
  const { kubectl } = stage.cp;
  await kubectl(['-n', stage.ns, ...apply], { input: asList(version(0)) });
  t.equal(await settled(stage), 1);
  const before = await templates(stage);
  await kubectl(['-n', stage.ns, 'rollout', 'restart', 'deployment/api']);
  t.equal((await settled(stage)) - before, 1);
});
