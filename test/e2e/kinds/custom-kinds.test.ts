import t from 'tap';
import { sharedControlPlane } from '../../controlplane/shared.ts';
import type { KubeObject } from '../../controlplane/http.ts';
import { defineKind, grantKind, ROLLOUT } from '../support/crds.ts';
import {
  AUTO,
  historyOf,
  leverOf,
  sha1Of,
  source,
  stampedKeys,
  workload,
  type Annotations,
} from '../support/objects.ts';
import { Stage } from '../support/environment.ts';

t.setTimeout(300_000);

type Custom = KubeObject & {
  readonly spec: {
    readonly restartAt?: string;
    readonly template?: {
      readonly metadata?: { readonly annotations?: Annotations };
      readonly spec: {
        readonly containers: readonly { readonly name: string; readonly env?: readonly object[] }[];
      };
    };
  };
};

const CLONE_SET = { group: 'apps.kruise.io', version: 'v1alpha1', kind: 'CloneSet', plural: 'clonesets' };
type CustomKind = typeof ROLLOUT;

const cp = await sharedControlPlane(t);
await defineKind(cp, ROLLOUT);
for (const { group, plural } of [ROLLOUT, CLONE_SET]) await grantKind(cp, group, plural);
const stage = new Stage(cp, await cp.freshNamespace('custom'), {
  flags: [
    '--is-Argo-Rollouts=true',
    `--workload-kinds=${CLONE_SET.group}/${CLONE_SET.version}/${CLONE_SET.kind}=/spec/template`,
  ],
});
t.teardown(() => stage.close());
await stage.start();

const pathOf = ({ group, version, plural }: CustomKind, name = ''): string =>
  `/apis/${group}/${version}/namespaces/${stage.ns}/${plural}${name === '' ? '' : `/${name}`}`;
const until = (kind: CustomKind, name: string, fits: (object: Custom) => boolean): Promise<Custom> =>
  cp.untilObject<Custom>(pathOf(kind, name), fits);

/** An object of a custom kind whose second container uses a source of its own. */
async function prepared(kind: CustomKind, name: string, annotations: Annotations = {}): Promise<Custom> {
  await stage.create(source(`ConfigMap/${name}`, { a: '1' }));
  await cp.api('POST', pathOf(kind), {
    apiVersion: `${kind.group}/${kind.version}`,
    kind: kind.kind,
    metadata: { name, annotations: { ...AUTO, ...annotations } },
    spec: {
      template: {
        spec: {
          containers: [
            { name: 'side', image: 'registry.example/side:1' },
            {
              name: 'main',
              image: 'registry.example/main:1',
              env: [{ name: 'A', value: '1' }],
              envFrom: [{ configMapRef: { name } }],
            },
          ],
        },
      },
    },
  });
  return until(kind, name, (object) => stampedKeys(object)?.join() === `cm/${name}`);
}

const lever = (name: string, value: string) => ({
  name: `STAKATER_${name.toUpperCase()}_CONFIGMAP`,
  value: sha1Of({ a: value }),
});

t.test(
  'an Argo Rollout gets the env var in its container, and keeps everything else of its lists',
  async (t) => {
    const before = await prepared(ROLLOUT, 'canary');
    for (const [index, value] of ['2', '3'].entries()) {
      await stage.change('ConfigMap/canary', { a: value });
      const after = await until(ROLLOUT, 'canary', (object) => historyOf(object).length === index + 1);
      const [side, main] = after.spec.template?.spec.containers ?? [];
      t.same(side, before.spec.template?.spec.containers[0]);
      t.same(main?.env, [{ name: 'A', value: '1' }, lever('canary', value)]);
    }
    const line = await stage.restamp.until(({ audit, name }) => audit === 'roll' && name === 'canary');
    t.match(line.msg, `updated 'canary' of type 'Rollout' in namespace '${stage.ns}'`);
  },
);

t.test(
  'rollout-strategy: restart sets restartAt to a time after the change, once, and no lever',
  async (t) => {
    const before = await prepared(ROLLOUT, 'again', { 'reloader.stakater.com/rollout-strategy': 'restart' });
    await stage.change('ConfigMap/again', { a: '2' });
    const after = await until(ROLLOUT, 'again', ({ spec }) => spec.restartAt !== undefined);
    t.same(after.spec.template, before.spec.template);
    t.match(after.spec.restartAt, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    await stage.change('ConfigMap/again', { a: '3' });
    const later = await until(ROLLOUT, 'again', ({ spec }) => spec.restartAt !== after.spec.restartAt);
    t.ok((later.spec.restartAt ?? '') > (after.spec.restartAt ?? ''));
  },
);

t.test('restamp.dev/lever: annotation rolls a custom resource without owning its lists', async (t) => {
  const before = await prepared(ROLLOUT, 'marked', { 'restamp.dev/lever': 'annotation' });
  await stage.change('ConfigMap/marked', { a: '2' });
  const after = await until(ROLLOUT, 'marked', (object) => historyOf(object).length === 1);
  t.same(after.spec.template?.spec, before.spec.template?.spec);
  const text = after.spec.template?.metadata?.annotations?.['reloader.stakater.com/last-reloaded-from'];
  t.match(JSON.parse(text ?? ''), {
    type: 'CONFIGMAP',
    name: 'marked',
    namespace: stage.ns,
    hash: sha1Of({ a: '2' }),
    containerRefs: ['main'],
  });
});

t.test(
  'a Rollout with workloadRef and its Deployment are one: whichever is annotated, the template rolls',
  async (t) => {
    const uses = ['ConfigMap/referred'] as const;
    await stage.create(
      source('ConfigMap/referred', { a: '1' }),
      workload('Deployment', 'referred', { uses, replicas: 0 }),
    );
    const ref = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'referred' };
    await cp.api('POST', pathOf(ROLLOUT), {
      apiVersion: `${ROLLOUT.group}/${ROLLOUT.version}`,
      kind: 'Rollout',
      metadata: { name: 'referring', annotations: AUTO },
      spec: { workloadRef: ref },
    });
    await stage.stamped('Deployment', 'referred', uses);
    await stage.change('ConfigMap/referred', { a: '2' });
    const after = await stage.until('Deployment', 'referred', (object) => historyOf(object).length === 1);
    t.equal(leverOf(after, 'ConfigMap/referred'), sha1Of({ a: '2' }));
    const lender = await cp.api<Custom>('GET', pathOf(ROLLOUT, 'referring'));
    t.same(lender.spec, { workloadRef: ref });
  },
);

t.test(
  'a kind of --workload-kinds is followed as soon as its definition is there, and stamped as it is written',
  async (t) => {
    t.notOk(stage.lines.some(({ msg }) => msg.includes('is served now')));
    await defineKind(cp, CLONE_SET);
    await stage.restamp.until(({ msg }) => msg === 'A kind of workload is served now, and followed');
    await prepared(CLONE_SET, 'clones');
    await stage.change('ConfigMap/clones', { a: '2' });
    const after = await until(CLONE_SET, 'clones', (object) => historyOf(object).length === 1);
    t.same(after.spec.template?.spec.containers[1]?.env, [{ name: 'A', value: '1' }, lever('clones', '2')]);
    const [side, main] = after.spec.template?.spec.containers ?? [];
    const bare = [side, { ...main, env: [{ name: 'A', value: '1' }] }];
    const replaced = await cp.api<Custom>('PUT', pathOf(CLONE_SET, 'clones'), {
      ...after,
      metadata: { name: 'clones', annotations: AUTO, resourceVersion: after.metadata.resourceVersion },
      spec: { template: { spec: { containers: bare } } },
    });
    t.same(
      replaced.spec.template?.spec.containers[1]?.env,
      [{ name: 'A', value: '1' }, lever('clones', '2')],
      'put back',
    );
  },
);
