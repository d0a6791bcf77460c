import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import t from 'tap';
import { PLAIN, plainText } from '../../manifests/generate.ts';
import { rightsOf } from '../../manifests/rights.ts';
import { findBinaries } from '../controlplane/build/binaries.ts';
import { argsOf, deploymentOf, only, render } from './chart.ts';
import {
  EVERYTHING,
  linesOfRights,
  linesOfRoles,
  manifests,
  parseManifests,
  type Manifest,
} from './roles.ts';

const run = promisify(execFile);
const { paths } = await findBinaries();
const plain = await readFile(PLAIN, 'utf8');
const objects = parseManifests(plain);

t.test('the plain YAML is that of the base', async (t) => {
  t.equal(plain, await plainText(), 'run `node manifests/generate.ts`');
});

t.test(
  'the plain YAML has the same objects as the chart, with the same rights, pods and ports',
  async (t) => {
    const charted = await render({}, ['--namespace=restamp']);
    const kinds = (of: readonly Manifest[]) => of.map(({ kind }) => kind).sort();
    t.same(kinds(objects.filter(({ kind }) => kind !== 'Namespace')), kinds(charted));
    for (const kind of ['ClusterRole', 'Role'])
      t.same(linesOfRoles([only(objects, kind)]), linesOfRoles([only(charted, kind)]), kind);
    const [ours, theirs] = [objects, charted].map((of) => deploymentOf(of).spec.template.spec);
    for (const field of [
      'ports',
      'env',
      'livenessProbe',
      'readinessProbe',
      'securityContext',
      'image',
    ] as const)
      t.same(ours?.containers[0][field], theirs?.containers[0][field], field);
    t.same(
      argsOf(objects),
      argsOf(charted).filter((flag) => flag !== '--instance=restamp'),
    );
    t.equal(deploymentOf(objects).spec.replicas, deploymentOf(charted).spec.replicas);
    t.same(only(objects, 'Service')['spec'], only(charted, 'Service')['spec']);
  },
);

t.test('every object that is in a namespace is in ours, and images are of our registry', async (t) => {
  for (const { kind, metadata } of objects) t.ok([undefined, 'restamp'].includes(metadata.namespace), kind);
  t.match(deploymentOf(objects).spec.template.spec.containers[0].image, /^ghcr\.io\/restamp\/restamp:/);
});

t.test('the overlay for one namespace asks for nothing outside of it', async (t) => {
  const { stdout } = await run(paths.kubectl ?? 'kubectl', [
    'kustomize',
    `${manifests}overlays/one-namespace`,
  ]);
  const overlaid = parseManifests(stdout);
  t.ok(overlaid.length > 5);
  for (const { kind, metadata } of overlaid) t.equal(metadata.namespace, 'my-namespace', kind);
  const scope = { ...EVERYTHING, global: false, webhook: false, registration: '' };
  const { watched, own } = rightsOf(scope);
  t.same(linesOfRoles(overlaid.filter(({ kind }) => kind === 'Role')), linesOfRights([...watched, ...own]));
  for (const { subjects } of overlaid.filter(({ kind }) => kind === 'RoleBinding'))
    t.match(subjects, [{ name: 'restamp', namespace: 'my-namespace' }]);
  t.same(argsOf(overlaid), [
    '--namespace=$(POD_NAMESPACE)',
    '--namespaces=$(POD_NAMESPACE)',
    '--admission=off',
  ]);
});

t.test('nothing of it depends on where the repository lies', async (t) => {
  const dir = await mkdtemp(join(tmpdir(), 'restamp-base-'));
  t.teardown(() => rm(dir, { recursive: true, force: true }));
  await cp(`${manifests}base`, join(dir, 'base'), { recursive: true });
  const { stdout } = await run(paths.kubectl ?? 'kubectl', ['kustomize', join(dir, 'base')]);
  t.ok(plain.endsWith(stdout));
});

t.test('the component lets in the API server, monitoring and the replicas, and nobody else', async (t) => {
  const dir = await mkdtemp(join(tmpdir(), 'restamp-component-'));
  t.teardown(() => rm(dir, { recursive: true, force: true }));
  for (const folder of ['base', 'components'])
    await cp(`${manifests}${folder}`, join(dir, folder), { recursive: true });
  // What the README tells people to write.
  const readme = await readFile(`${manifests}README.md`, 'utf8');
  const [, example = ''] =
    /```yaml\n(apiVersion: kustomize[^`]*components\/network-policy[^`]*)```/.exec(readme) ?? [];
  await mkdir(join(dir, 'overlays', 'mine'), { recursive: true });
  await writeFile(join(dir, 'overlays', 'mine', 'kustomization.yaml'), example);
  const { stdout } = await run(paths.kubectl ?? 'kubectl', ['kustomize', join(dir, 'overlays', 'mine')]);
  const overlaid = parseManifests(stdout);
  const policy = only(overlaid, 'NetworkPolicy');
  t.same(
    overlaid.filter((one) => one !== policy).map(({ kind }) => kind),
    objects.map(({ kind }) => kind),
  );
  const labels = { 'app.kubernetes.io/name': 'restamp', 'app.kubernetes.io/instance': 'restamp' };
  t.same(policy.metadata.namespace, 'restamp');
  t.same(policy['spec'], {
    podSelector: { matchLabels: labels },
    policyTypes: ['Ingress'],
    ingress: [
      { ports: [{ port: 'admission' }], from: [{ ipBlock: { cidr: '10.0.0.10/32' } }] },
      {
        ports: [{ port: 'http' }],
        from: [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'monitoring' } } }],
      },
      { ports: [{ port: 'admission' }], from: [{ podSelector: { matchLabels: labels } }] },
    ],
  });
  const pod = deploymentOf(overlaid).spec.template;
  t.match(pod.metadata.labels, labels);
  t.same(
    pod.spec.containers[0].ports.map(({ name, containerPort }) => [name, containerPort]),
    [
      ['admission', 9443],
      ['http', 9090],
    ],
  );
});
