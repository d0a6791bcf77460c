import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import t, { type Test } from 'tap';
import type { KubeObject } from '../../controlplane/http.ts';
import {
  historyOf,
  leverOf,
  sha1Of,
  stampedKeys,
  stampKey,
  type Data,
  type SourceName,
} from '../support/objects.ts';
import { openStage } from '../support/environment.ts';

// A first try of Restamp with the example manifests, from start to end: three ways to opt in, one after the other.
// A busy machine takes several times as long as an idle one.
t.setTimeout(600_000);
const stage = await openStage(t, 'walkthrough');
const { cp, ns } = stage;
const folder = fileURLToPath(new URL('../../../manifests/examples/walkthrough-a/', import.meta.url));
const name = 'reloader-test';
const configMap = 'ConfigMap/test-configmap';
const secret = 'Secret/test-secret';

const apply = (...files: readonly string[]): Promise<unknown> =>
  cp.kubectl(['apply', '-n', ns, ...files.flatMap((file) => ['-f', `${folder}${file}`])]);

/** Applies a file after its value was edited; returns what kubectl says to the person. */
async function edit(file: string, value: string): Promise<string> {
  const text = await readFile(`${folder}${file}`, 'utf8');
  const input = text.replace(/(-key: \w*?)1234/, `$1${value}`);
  return (await cp.kubectl(['apply', '-n', ns, '-f', '-'], { input })).stderr;
}

type Status = { readonly replicas?: number; readonly updatedReplicas?: number };

/** Waits until all pods are of the newest template; returns their names. */
async function rolledOut(): Promise<string[]> {
  await stage.until('Deployment', name, ({ metadata, status = {} }) => {
    const { replicas, updatedReplicas } = status as Status;
    return (
      status.observedGeneration === metadata.generation &&
      [replicas, updatedReplicas, status.availableReplicas].every((count) => count === 3)
    );
  });
  const { items } = await cp.api<{ items: KubeObject[] }>('GET', `/api/v1/namespaces/${ns}/pods`);
  return items
    .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
    .map((pod) => pod.metadata.name);
}

/** Waits for the roll for a source and checks that it was for this source alone, with three new pods for the old ones. */
async function rolls(t: Test, which: SourceName, data: Data, old: readonly string[]): Promise<string[]> {
  const rolled = await stage.until('Deployment', name, (object) => leverOf(object, which) === sha1Of(data));
  t.same(
    historyOf(rolled)[0]?.sources.map(({ source }) => source),
    [stampKey(which)],
  );
  const fresh = await rolledOut();
  t.equal(fresh.length, 3);
  t.same(
    fresh.filter((pod) => old.includes(pod)),
    [],
    'all three pods are new',
  );
  for (const pod of old) await cp.untilGone(`/api/v1/namespaces/${ns}/pods/${pod}`);
  return fresh;
}

let pods: string[] = [];

t.test('1. auto: opting in restarts nothing, a change of the ConfigMap brings three new pods', async (t) => {
  await apply('configmap.yaml', 'secret.yaml', 'secret-2.yaml', 'deployment-auto.yaml');
  await stage.stamped('Deployment', name, [configMap, secret]);
  pods = await rolledOut();
  t.equal(pods.length, 3);
  const said = await edit('configmap.yaml', '5678');
  t.match(said, 'Warning: ConfigMap test-configmap rolls Deployment/reloader-test');
  pods = await rolls(t, configMap, { 'configmap-key': 'configmap5678' }, pods);
  const { spec } = await stage.get('Deployment', name);
  const variable = spec.template.spec.containers[0]?.env?.find(
    (one) => one.name === 'STAKATER_TEST_CONFIGMAP_CONFIGMAP',
  );
  t.match(variable?.value, /^[0-9a-f]{40}$/);
});

t.test('2. search: only the marked Secret brings new pods', async (t) => {
  await apply('deployment-search.yaml', 'secret-match.yaml');
  await stage.stamped('Deployment', name, [secret]);
  t.notMatch(await edit('configmap.yaml', '90'), 'rolls');
  t.match(await edit('secret-match.yaml', '5678'), 'Secret test-secret rolls Deployment/reloader-test');
  pods = await rolls(t, secret, { 'secret-key': 'secret5678' }, pods);
});

t.test('3. a list with a wrong name: the Secret brings nothing, the ConfigMap new pods', async (t) => {
  await apply('deployment-list.yaml');
  await stage.stamped('Deployment', name, [configMap, 'Secret/test-secret-dummy']);
  t.notMatch(await edit('secret-match.yaml', '90'), 'rolls');
  t.match(await edit('configmap.yaml', '12'), 'ConfigMap test-configmap rolls');
  pods = await rolls(t, configMap, { 'configmap-key': 'configmap12' }, pods);
});

t.test('4. a list with a Secret that is not used: a change of it brings new pods', async (t) => {
  await apply('deployment-list-2.yaml');
  await stage.stamped('Deployment', name, [configMap, 'Secret/test-secret-2']);
  t.match(await edit('secret-2.yaml', '5678'), 'Secret test-secret-2 rolls Deployment/reloader-test');
  pods = await rolls(t, 'Secret/test-secret-2', { 'secret-key': 'secret5678' }, pods);
});

t.test(
  'nothing but the four changes rolled it: no edit of its own annotations, no other change',
  async (t) => {
    const object = await stage.get('Deployment', name);
    t.equal(object.metadata.annotations?.['deployment.kubernetes.io/revision'], '5');
    t.equal(historyOf(object).length, 4);
    t.same(stampedKeys(object), ['cm/test-configmap', 'secret/test-secret-2']);
  },
);
