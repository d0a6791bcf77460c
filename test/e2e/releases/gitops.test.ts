import t from 'tap';
import { sharedControlPlane } from '../../controlplane/shared.ts';
import { defineKind, grantKind, ROLLOUT } from '../support/crds.ts';
import { AUTO, historyOf, source, stampedKeys, type WorkloadObject } from '../support/objects.ts';
import { Stage } from '../support/environment.ts';

t.setTimeout(600_000);

const cp = await sharedControlPlane(t);
await defineKind(cp, ROLLOUT);
await grantKind(cp, ROLLOUT.group, ROLLOUT.plural);

const serverSide = (manager: string): string[] => ['--server-side', `--field-manager=${manager}`];
/** How GitOps tools write: under these names, and by force where they apply at the server. */
const TOOLS = [
  ['Argo CD', ['--field-manager=argocd-controller'], []],
  ['Argo CD, server-side', serverSide('argocd-controller'), ['--force-conflicts']],
  ['Flux', serverSide('kustomize-controller'), ['--force-conflicts']],
] as const;
/** What Git has of a container: the API server merges a list that is there otherwise than one that is not. */
const CONTAINERS = [
  ['an env in Git', { env: [{ name: 'A', value: '1' }] }],
  ['no env in Git', {}],
] as const;
type Kind = 'Deployment' | 'Rollout';

const pathOf = (ns: string, kind: Kind, name = ''): string => {
  const api = kind === 'Deployment' ? 'apps/v1' : `${ROLLOUT.group}/${ROLLOUT.version}`;
  return `/apis/${api}/namespaces/${ns}/${kind.toLowerCase()}s${name === '' ? '' : `/${name}`}`;
};

async function open(prefix: string, admission: 'on' | 'off', flags: readonly string[]): Promise<Stage> {
  const stage = new Stage(cp, await cp.freshNamespace(prefix), {
    flags: ['--is-Argo-Rollouts=true', ...flags],
    admission,
  });
  t.teardown(() => stage.close());
  await stage.start();
  return stage;
}

type Drift = {
  /** What the tool shows as differing between Git and the cluster after a roll: lines that go or come. */
  readonly diff: string;
  /** What it is told when it applies the same again without force. */
  readonly told: string;
  /** Whether applying the same by its own way has left the template of the roll. */
  readonly kept: boolean;
};

/** The controller of Deployments has written all that it will. */
function isComplete({ metadata, status }: WorkloadObject): boolean {
  const { conditions = [], replicas, updatedReplicas } = (status ?? {}) as Progress;
  return (
    status?.observedGeneration === metadata.generation &&
    replicas === 1 &&
    updatedReplicas === 1 &&
    conditions.some(({ reason }) => reason === 'NewReplicaSetAvailable')
  );
}
type Progress = {
  readonly replicas?: number;
  readonly updatedReplicas?: number;
  readonly conditions?: readonly { readonly reason: string }[];
};

let count = 0;

/** Applies a workload as a tool does, changes its ConfigMap, waits for the roll, and looks at what the tool makes of it. */
async function driftOf(
  stage: Stage,
  kind: Kind,
  tool: (typeof TOOLS)[number],
  container: object,
): Promise<Drift> {
  const [, how, force] = tool;
  const name = `app-${(count += 1)}`;
  const labels = { app: name };
  const main = {
    name: 'main',
    image: 'registry.example/main:1',
    envFrom: [{ configMapRef: { name } }],
    ...container,
  };
  const input = JSON.stringify({
    apiVersion: kind === 'Deployment' ? 'apps/v1' : `${ROLLOUT.group}/${ROLLOUT.version}`,
    kind,
    metadata: { name, namespace: stage.ns, annotations: AUTO },
    spec: {
      replicas: 1,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [main] } },
    },
  });
  const path = pathOf(stage.ns, kind, name);
  await stage.create(source(`ConfigMap/${name}`, { a: '1' }));
  await cp.kubectl(['apply', ...how, ...force, '-f', '-'], { input });
  await cp.untilObject(path, (object) => stampedKeys(object)?.length === 1);
  await stage.change(`ConfigMap/${name}`, { a: '2' });
  const rolled = await cp.untilObject<WorkloadObject>(
    path,
    (object) => historyOf(object).length === 1 && (kind === 'Rollout' || isComplete(object)),
  );
  const diff = await cp.kubectl(['diff', ...how, ...force, '-f', '-'], { input, mayFail: true });
  const told = await cp.kubectl(['apply', ...how, '-f', '-'], { input, mayFail: true });
  await cp.kubectl(['apply', ...how, ...force, '-f', '-'], { input });
  const after = await cp.api<WorkloadObject>('GET', path);
  return {
    diff: diff.stdout.replaceAll(/^([^-+]|---|\+\+\+).*\n/gm, ''),
    told: told.stderr,
    kept: JSON.stringify(after.spec.template) === JSON.stringify(rolled.spec.template),
  };
}

for (const [kind, flag] of [
  ['Deployment', '--reload-strategy=env-vars'],
  ['Deployment', '--reload-strategy=annotations'],
  ['Rollout', '--annotation-lever-kinds=Rollout'],
] as const)
  for (const admission of ['on', 'off'] as const)
    t.test(`${flag}, webhook ${admission}: a roll of a ${kind} is no drift`, async (t) => {
      const stage = await open('drift', admission, [flag]);
      for (const tool of TOOLS)
        for (const [what, container] of CONTAINERS)
          t.same(
            await driftOf(stage, kind, tool, container),
            { diff: '', told: '', kept: true },
            `${tool[0]}, ${what}`,
          );
    });

t.test('env var on a Rollout, webhook on: a roll is no drift for who applies by force', async (t) => {
  const stage = await open('drift-env', 'on', []);
  for (const tool of TOOLS)
    for (const [what, container] of CONTAINERS)
      t.match(
        await driftOf(stage, 'Rollout', tool, container),
        {
          diff: '',
          kept: true,
          told:
            tool[2].length > 0
              ? /conflict with "Reloader"[^]*\.spec\.template\.spec\.containers\n/
              : /^$|keeps the rollout that its sources caused/,
        },
        `${tool[0]}, ${what}`,
      );
});

t.test('env var on a Rollout, webhook off: the drift is that env var', async (t) => {
  const stage = await open('drift-off', 'off', []);
  for (const tool of TOOLS) {
    const { diff } = await driftOf(stage, 'Rollout', tool, { env: [{ name: 'A', value: '1' }] });
    t.match(diff, /^-\s+- name: STAKATER_APP_\d+_CONFIGMAP\n-\s+value: [0-9a-f]{40}\n/m, tool[0]);
  }
});
