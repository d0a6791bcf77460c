// The flags of Reloader, each in the cases of its own end-to-end tests (flags/*): what rolls with it, and what does not.
import t from 'tap';
import type { KubeObject } from '../../controlplane/http.ts';
import {
  AUTO,
  historyOf,
  leverOf,
  sha1Of,
  source,
  workload,
  type Annotations,
  type Manifest,
  type SourceName,
} from '../support/objects.ts';
import type { Stage, StageOptions } from '../support/environment.ts';
import { label, openPair, type Pair } from './pair.ts';

t.setTimeout(600_000);

/** Something is done to a source, and the workload that uses it rolls or does not. */
type Row = {
  readonly title: string;
  readonly of: 'ConfigMap' | 'Secret';
  readonly act?: 'change' | 'create' | 'delete';
  readonly rolls: boolean;
  readonly annotations?: Annotations;
  readonly labels?: Annotations;
  /** In which namespace; in the first one unless said. */
  readonly where?: keyof Pair;
};

type Installation = {
  readonly name: string;
  readonly setUp: (pair: Pair) => Promise<StageOptions>;
  /** What is sure to roll, to tell that the time to roll is over for what must not. */
  readonly witness?: 'ConfigMap' | 'Secret';
  readonly rows: readonly Row[];
};

const flags =
  (...given: readonly string[]) =>
  async (): Promise<StageOptions> => ({ flags: given });

/** All namespaces, as far as they are of this test: others run beside it. */
const everywhere =
  (more: (pair: Pair) => readonly string[], unlabelled?: keyof Pair) =>
  async (pair: Pair): Promise<StageOptions> => {
    const { ns } = pair.inside;
    for (const one of ['inside', 'outside'] as const)
      if (one !== unlabelled) await label(pair[one], { stage: ns });
    return { namespaces: [], flags: [`--namespace-selector=stage:${ns}`, ...more(pair)] };
  };

const LABELLED = { team: 'shop' };
const yes = { rolls: true, of: 'ConfigMap' } as const;
const no = { rolls: false, of: 'ConfigMap' } as const;

const installations: readonly Installation[] = [
  {
    name: 'auto-reload-all',
    setUp: flags('--auto-reload-all=true'),
    rows: [
      { ...yes, title: 'a workload that says nothing rolls', annotations: {} },
      { ...no, title: 'auto=false opts out', annotations: { 'reloader.stakater.com/auto': 'false' } },
    ],
  },
  {
    name: 'resources-to-ignore-secrets',
    setUp: flags('--resources-to-ignore=secrets'),
    rows: [
      { ...no, title: 'a Secret does not roll', of: 'Secret' },
      { ...yes, title: 'a ConfigMap rolls' },
    ],
  },
  {
    name: 'resources-to-ignore-configmaps',
    setUp: flags('--resources-to-ignore', 'configMaps'),
    witness: 'Secret',
    rows: [
      { ...no, title: 'a ConfigMap does not roll' },
      { ...yes, title: 'a Secret rolls', of: 'Secret' },
    ],
  },
  {
    name: 'namespaces-to-ignore',
    setUp: everywhere(({ outside }) => [`--namespaces-to-ignore=${outside.ns}`]),
    rows: [
      { ...no, title: 'an ignored namespace does not roll', where: 'outside' },
      { ...yes, title: 'any other namespace rolls' },
    ],
  },
  {
    name: 'namespace-selector',
    setUp: everywhere(() => [], 'outside'),
    rows: [
      { ...yes, title: 'a namespace with the label rolls' },
      { ...no, title: 'a namespace without the label does not roll', where: 'outside' },
    ],
  },
  {
    name: 'reload-on-create',
    setUp: flags('--reload-on-create=true'),
    rows: [
      { ...yes, title: 'a ConfigMap that is created rolls', act: 'create' },
      { ...yes, title: 'a Secret that is created rolls', act: 'create', of: 'Secret' },
    ],
  },
  {
    name: 'reload-on-delete',
    setUp: flags('--reload-on-delete=true'),
    rows: [
      { ...yes, title: 'a ConfigMap that is deleted rolls', act: 'delete' },
      { ...yes, title: 'a Secret that is deleted rolls', act: 'delete', of: 'Secret' },
    ],
  },
  {
    name: 'neither-create-nor-delete',
    setUp: flags('--reload-on-create=True', '--reload-on-delete=false'),
    rows: [
      { ...no, title: 'a ConfigMap that is created does not roll', act: 'create' },
      { ...no, title: 'a ConfigMap that is deleted does not roll', act: 'delete' },
    ],
  },
  {
    name: 'resource-label-selector',
    setUp: flags('--resource-label-selector=team:shop'),
    rows: [
      { ...yes, title: 'a ConfigMap with the label rolls', labels: LABELLED },
      { ...no, title: 'a ConfigMap without the label does not roll' },
    ],
  },
  {
    name: 'all-namespaces',
    setUp: everywhere(() => []),
    rows: [
      { ...yes, title: 'one namespace rolls' },
      { ...yes, title: 'another namespace rolls', where: 'outside' },
    ],
  },
  {
    name: 'one-namespace',
    setUp: async ({ inside }) => ({ namespaces: [], env: { KUBERNETES_NAMESPACE: inside.ns } }),
    rows: [
      { ...yes, title: 'the namespace of KUBERNETES_NAMESPACE rolls' },
      { ...no, title: 'no other one rolls', where: 'outside' },
    ],
  },
  {
    name: 'scoped-namespaces',
    setUp: async ({ inside, outside }) => ({
      namespaces: [inside.ns, outside.ns],
      env: { KUBERNETES_NAMESPACE: inside.ns },
    }),
    rows: [
      { ...yes, title: 'the first of --namespaces rolls' },
      { ...yes, title: 'the second one rolls, whatever KUBERNETES_NAMESPACE says', where: 'outside' },
    ],
  },
  {
    name: 'unlisted-namespace',
    setUp: async ({ inside }) => ({ namespaces: [inside.ns] }),
    rows: [{ ...no, title: 'a namespace that --namespaces does not name does not roll', where: 'outside' }],
  },
];

for (const { name, setUp, rows, witness = 'ConfigMap' } of installations)
  t.test(name, async (t) => {
    const pair = await openPair(t, name, setUp);
    const ears: SourceName = `${witness}/ears`;
    await pair.inside.create(marked(source(ears, { n: '0' }), LABELLED));
    await put(pair.inside, 'witness', AUTO, ears);
    await pair.inside.stamped('Deployment', 'witness', [ears]);
    let n = 0;
    const listen = async (): Promise<void> => {
      n += 1;
      const data = { n: String(n) };
      await pair.inside.change(ears, data);
      await pair.inside.until('Deployment', 'witness', (object) => leverOf(object, ears) === sha1Of(data));
    };
    await listen();
    for (const [index, row] of rows.entries())
      await t.test(row.title, async (t) => {
        const stage = pair[row.where ?? 'inside'];
        const subject = `subject-${String(index)}`;
        const which: SourceName = `${row.of}/${subject}`;
        const made = marked(source(which, { n: 'old' }), row.labels ?? {});
        if (row.act !== 'create') await stage.create(made);
        await put(stage, subject, row.annotations ?? AUTO, which);
        if (row.rolls) await stage.stamped('Deployment', subject, [which]);
        await listen();
        if (row.act === 'create') await stage.create(made);
        else if (row.act === 'delete') await stage.remove(which);
        else await stage.change(which, { n: 'new' });
        if (row.rolls)
          await stage.until('Deployment', subject, (object) => sourcesOf(object).includes(subject));
        await listen();
        const object = await stage.get('Deployment', subject);
        t.same(sourcesOf(object), row.rolls ? [subject] : [], 'what its history names');
        if (row.act === 'delete') return;
        const lever = sha1Of({ n: row.act === 'create' ? 'old' : 'new' });
        t.equal(leverOf(object, which), row.rolls ? lever : undefined);
      });
  });

/** Creates a Deployment that uses a source. */
async function put(stage: Stage, name: string, annotations: Annotations, uses: SourceName): Promise<void> {
  await stage.create(workload('Deployment', name, { annotations, uses: [uses] }));
}

function marked(manifest: Manifest, labels: Annotations): Manifest {
  return { ...manifest, metadata: { ...manifest.metadata, ...{ labels } } };
}

/** The names of all sources for which a workload was rolled. */
function sourcesOf(object: KubeObject): string[] {
  return historyOf(object).flatMap(({ sources }) => sources.map((one) => one.source.split('/')[1] ?? ''));
}
