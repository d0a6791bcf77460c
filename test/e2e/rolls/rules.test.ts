import t from 'tap';
import type { KubeObject } from '../../controlplane/http.ts';
import {
  AUTO,
  historyOf,
  leverOf,
  MATCH,
  SEARCH,
  sha1Of,
  source,
  STAMPS,
  workload,
  type Manifest,
  type SourceName,
  type WorkloadObject,
} from '../support/objects.ts';
import { openStage, type Stage } from '../support/environment.ts';

// The rules of the map that are easy to get wrong, each once as a user would meet it.
t.setTimeout(600_000);

const MERGE = 'application/merge-patch+json';
const manifestOf = (name: string, uses: readonly SourceName[]): Manifest =>
  workload('Deployment', name, { annotations: AUTO, uses });

/** The revisions of a Deployment, by the templates of its ReplicaSets. */
async function templates(stage: Stage, name: string): Promise<number> {
  const path = `/apis/apps/v1/namespaces/${stage.ns}/replicasets?labelSelector=app%3D${name}`;
  return (await stage.cp.api<KubeObject & { items: object[] }>('GET', path)).items.length;
}

const countOf = ({ status }: WorkloadObject, field: string): unknown =>
  (status as Readonly<Record<string, unknown>> | undefined)?.[field];

const complete = (stage: Stage, name: string, fits: (object: WorkloadObject) => boolean = () => true) =>
  stage.until(
    'Deployment',
    name,
    (object) =>
      fits(object) &&
      object.status?.observedGeneration === object.metadata.generation &&
      // Also the older pods are gone: while they run, a write that brings their template back is another case.
      ['replicas', 'updatedReplicas', 'availableReplicas'].every((count) => countOf(object, count) === 1),
  );

t.test('without the webhook, a replace from Git and an undo lose no map and roll nothing', async (t) => {
  const stage = await openStage(t, 'rules-replace', { admission: 'off' });
  const app: SourceName = 'ConfigMap/app';
  await stage.create(source(app, { a: '1' }), manifestOf('api', [app]));
  await stage.stamped('Deployment', 'api', [app]);
  await stage.change(app, { a: '2' });
  await complete(stage, 'api', (object) => leverOf(object, app) === sha1Of({ a: '2' }));
  const commands = [
    { args: ['replace', '-f', '-'], input: JSON.stringify(manifestOf('api', [app])) },
    { args: ['rollout', 'undo', 'deployment/api', '--to-revision=2'], input: '' },
  ];
  for (const [index, { args, input }] of commands.entries()) {
    await stage.cp.kubectl(['-n', stage.ns, ...args], { input });
    await stage.stamped('Deployment', 'api', [app]);
    const value = { a: `after ${args[0]}` };
    await stage.change(app, value);
    await complete(stage, 'api', (object) => leverOf(object, app) === sha1Of(value));
    // The line of the log follows the patch.
    await stage.restamp.until(() => stage.restamp.rolls(stage.ns).length >= index + 2);
    t.equal(stage.restamp.rolls(stage.ns).length, index + 2, `${args[0]}: the change alone has rolled it`);
  }
});

for (const flag of ['create', 'delete'] as const)
  t.test(
    `what is ${flag}d while Restamp is away rolls once with --reload-on-${flag}, and never without`,
    async (t) => {
      const stage = await openStage(t, `rules-${flag}`);
      const app: SourceName = 'ConfigMap/app';
      const bell: SourceName = 'ConfigMap/bell';
      await stage.create(source(bell, { rings: '0' }), manifestOf('api', [app, bell]));
      if (flag === 'delete') await stage.create(source(app, { a: '1' }));
      await stage.stamped('Deployment', 'api', [app, bell]);
      const toggle = async (): Promise<void> => {
        await stage.restamp.kill();
        if (flag === 'create') await stage.create(source(app, { a: '2' }));
        else await stage.remove(app);
      };
      await toggle();
      await stage.start();
      await stage.change(bell, { rings: '1' });
      const quiet = await stage.until(
        'Deployment',
        'api',
        (object) => leverOf(object, bell) === sha1Of({ rings: '1' }),
      );
      t.same(
        historyOf(quiet).map(({ sources }) => sources.map((one) => one.source)),
        [['cm/bell']],
      );
      // Back to where it was, then the same with the flag.
      if (flag === 'create') await stage.remove(app);
      else await stage.create(source(app, { a: '1' }));
      await stage.restamp.kill();
      const annotations = { [STAMPS]: null };
      await stage.cp.api('PATCH', stage.path('Deployment', 'api'), { metadata: { annotations } }, MERGE);
      await stage.start({ flags: [`--reload-on-${flag}=true`] });
      await stage.stamped('Deployment', 'api', [app, bell]);
      await toggle();
      await stage.start({ flags: [`--reload-on-${flag}=true`] });
      const after = await stage.until('Deployment', 'api', (object) => historyOf(object).length === 2);
      t.match(historyOf(after)[0]?.sources, [{ source: 'cm/app', cause: `${flag}d` }]);
    },
  );

t.test(
  'deleted and made again under search and match: other data rolls once, the same data never',
  async (t) => {
    const stage = await openStage(t, 'rules-search');
    const app: SourceName = 'Secret/app';
    await stage.create(source(app, { a: '1' }, MATCH));
    const api = await stage.observe('Deployment', 'api', { annotations: SEARCH, uses: [app] });
    await stage.remove(app);
    await stage.create(source(app, { a: '1' }, MATCH));
    t.same(await api.ring(), api.after());
    await stage.remove(app);
    await stage.create(source(app, { a: '2' }, MATCH));
    await api.rolledTimes(1);
    t.same(await api.ring(), api.after(['secret/app']));
  },
);

t.test(
  'the image of a combined release is undone while the older pods still run: they get the new config',
  async (t) => {
    const stage = await openStage(t, 'rules-was', { flags: ['--quiet-period=3s'] });
    const app: SourceName = 'ConfigMap/app';
    await stage.create(source(app, { a: '1' }), manifestOf('api', [app]));
    await stage.stamped('Deployment', 'api', [app]);
    await complete(stage, 'api');
    // A new pod that no node takes keeps the older one running.
    const nowhere = { 'kubernetes.io/hostname': 'nowhere' };
    const containers = [{ name: 'main', image: 'registry.example/main:2' }];
    const patch = (body: object): Promise<unknown> =>
      stage.cp.api('PATCH', stage.path('Deployment', 'api'), body, 'application/strategic-merge-patch+json');
    await stage.change(app, { a: '2' });
    await patch({ spec: { template: { spec: { nodeSelector: nowhere, containers } } } });
    const released = await stage.until(
      'Deployment',
      'api',
      ({ status, metadata }) => status?.observedGeneration === metadata.generation,
    );
    t.same(historyOf(released), [], 'the release was the rollout');
    t.equal(await templates(stage, 'api'), 2);
    await stage.cp.kubectl(['-n', stage.ns, 'rollout', 'undo', 'deployment/api']);
    const after = await complete(stage, 'api', (object) => leverOf(object, app) === sha1Of({ a: '2' }));
    t.equal(historyOf(after).length, 1);
    t.equal(
      await templates(stage, 'api'),
      3,
      'the older ReplicaSet’s pod has the old config: it was replaced',
    );
  },
);
