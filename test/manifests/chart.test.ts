import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { SETTINGS } from '../../src/config/settings.ts';
import { argsOf, chart, deploymentOf, helm, only, render } from './chart.ts';
import { parseManifests } from './roles.ts';

type Named = Readonly<Record<string, unknown>>;
const values = parseManifests(await readFile(`${chart}/values.yaml`, 'utf8'))[0] as unknown as {
  readonly restamp: Named;
};
const packageFile = fileURLToPath(new URL('../../package.json', import.meta.url));

t.test('the chart passes lint, strictly', async (t) => {
  const { code, stdout } = await helm(['lint', '--strict', chart]);
  t.equal(code, 0, stdout);
  t.notMatch(stdout, /\[(WARNING|ERROR)\]/);
});

t.test('the chart, its app and the package are of one version', async (t) => {
  const { version } = JSON.parse(await readFile(packageFile, 'utf8')) as { version: string };
  const about = parseManifests(await readFile(`${chart}/Chart.yaml`, 'utf8'))[0];
  t.match(about, { version, appVersion: version });
  const { containers } = deploymentOf(await render()).spec.template.spec;
  t.equal(containers[0].image, `ghcr.io/restamp/restamp:${version}`);
});

t.test('without values the server gets nothing but its names', async (t) => {
  t.same(argsOf(await render()), [
    '--namespace=$(POD_NAMESPACE)',
    '--instance=restamp',
    '--registration=restamp.tools',
    '--shutdown-delay=10s',
  ]);
});

t.test('every value of ours is a flag of the server, and becomes it', async (t) => {
  const names = Object.keys(values.restamp).filter((name) => !['extraFlags', 'egressPorts'].includes(name));
  t.ok(names.length > 10);
  const flagOf = (name: string): string => name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  for (const name of names) t.ok(flagOf(name) in SETTINGS, name);
  const args = argsOf(
    await render({
      restamp: { quietPeriod: '2s', rollLimit: 0, adopt: 'roll', extraFlags: ['--roll-parallelism=4'] },
    }),
  );
  for (const wanted of ['--quiet-period=2s', '--roll-limit=0', '--adopt=roll', '--roll-parallelism=4'])
    t.ok(args.includes(wanted), wanted);
});

t.test('a misspelt value of ours is refused, and so is any failure policy but Ignore', async (t) => {
  for (const [bad, word] of [
    [{ restamp: { quietPeriode: '2s' } }, /quietPeriode/],
    [{ restamp: { quietPeriod: '2 seconds' } }, /quietPeriod/],
    [{ restamp: { egressPorts: ['8443'] } }, /egressPorts/],
    [{ webhook: { enable: true } }, /enable/],
    [{ webhook: { failurePolicy: 'Fail' } }, /failurePolicy/],
    [{ reloader: { reloadStrategy: 'env' } }, /reloadStrategy/],
  ] as const) {
    const { code, stderr } = await helm(['template', 'restamp', chart], bad);
    t.not(code, 0);
    t.match(stderr, word);
  }
});

t.test('what cannot be meant is refused with the values named', async (t) => {
  for (const [reloader, word] of [
    [{ ignoreSecrets: true, ignoreConfigMaps: true }, /ignoreSecrets and reloader.ignoreConfigMaps/],
    [{ namespaces: ['a'] }, /watchGlobally: false/],
  ] as const) {
    const { code, stderr } = await helm(['template', 'restamp', chart], { reloader });
    t.not(code, 0);
    t.match(stderr, word);
  }
});

t.test('the pods are restricted, probed, and end later than their endpoints', async (t) => {
  const { spec } = deploymentOf(await render()).spec.template;
  const [container] = spec.containers;
  t.match(spec.securityContext, { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } });
  t.same(container.securityContext, {
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    capabilities: { drop: ['ALL'] },
  });
  t.match(container.livenessProbe.httpGet, { path: '/livez', port: 'http' });
  t.match(container.readinessProbe.httpGet, { path: '/readyz', port: 'http' });
  t.same(
    container.ports.map(({ name, containerPort }) => [name, containerPort]),
    [
      ['admission', 9443],
      ['http', 9090],
    ],
  );
  t.ok(spec.terminationGracePeriodSeconds > 10);
  t.same(
    container.env.map(({ name }) => name),
    ['POD_NAME', 'POD_NAMESPACE', 'POD_IP', 'RELOADER_NAMESPACE', 'RELOADER_DEPLOYMENT_NAME'],
  );
});

t.test('every selector picks the pods, and no label is of another release', async (t) => {
  const objects = await render({
    reloader: {
      matchLabels: { team: 'a' },
      netpol: { enabled: true },
      podMonitor: { enabled: true },
      serviceMonitor: { enabled: true },
    },
  });
  const { selector, template } = deploymentOf(objects).spec;
  const wanted = {
    'app.kubernetes.io/name': 'restamp',
    'app.kubernetes.io/instance': 'restamp',
    team: 'a',
  };
  t.same(selector.matchLabels, wanted);
  t.match(template.metadata.labels, wanted);
  const spec = (kind: string) => only(objects, kind)['spec'] as Named;
  t.same(spec('Service')['selector'], wanted);
  for (const kind of ['PodDisruptionBudget', 'PodMonitor', 'ServiceMonitor'])
    t.same(spec(kind)['selector'], { matchLabels: wanted }, kind);
  t.same(spec('NetworkPolicy')['podSelector'], { matchLabels: wanted });
  for (const { kind, metadata } of objects)
    t.equal(metadata.labels?.['app.kubernetes.io/managed-by'], 'Helm', kind);
});

t.test('the webhook configurations come empty, under a name that no other namespace has', async (t) => {
  const objects = await render();
  for (const kind of ['ValidatingWebhookConfiguration', 'MutatingWebhookConfiguration']) {
    const object = only(objects, kind);
    t.equal(object.metadata.name, 'restamp.tools');
    t.notOk('webhooks' in object);
  }
  t.ok(argsOf(objects).includes('--registration=restamp.tools'));
});

t.test('without the webhook nothing is left of it', async (t) => {
  const objects = await render({ webhook: { enabled: false } });
  t.notOk(objects.some(({ kind }) => /Webhook|^Service$/.test(kind)));
  t.ok(argsOf(objects).includes('--admission=off'));
  t.notMatch(JSON.stringify(objects), /admissionregistration|9443/);
});

t.test('one replica needs no budget, and a budget is as it is given', async (t) => {
  const of = async (more: object) =>
    (await render({ reloader: more })).find(({ kind }) => kind === 'PodDisruptionBudget')?.['spec'];
  t.equal(await of({ deployment: { replicas: 1 } }), undefined);
  t.equal(await of({ podDisruptionBudget: { enabled: false } }), undefined);
  t.match(await of({}), { maxUnavailable: 1, unhealthyPodEvictionPolicy: 'AlwaysAllow' });
  t.match(await of({ podDisruptionBudget: { enabled: true, minAvailable: 1 } }), { minAvailable: 1 });
});

t.test('the release may be named as one likes', async (t) => {
  const named = async (release: string, more: object = {}) => {
    const { stdout } = await helm(['template', release, chart, '--namespace=tools'], more);
    return deploymentOf(parseManifests(stdout)).metadata.name;
  };
  t.equal(await named('restamp'), 'restamp');
  t.equal(await named('my-restamp'), 'my-restamp');
  t.equal(await named('reloader'), 'reloader-restamp');
  t.equal(await named('reloader', { fullnameOverride: 'reloader' }), 'reloader');
});
