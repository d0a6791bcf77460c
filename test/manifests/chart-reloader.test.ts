// A values.yaml for Reloader's chart, used with ours unchanged.
import t from 'tap';
import { argsOf, deploymentOf, helm, chart, only, render } from './chart.ts';
import { RELOADER_DEFAULTS } from './reloader-values.ts';

const BASE = ['--namespace=$(POD_NAMESPACE)', '--instance=restamp', '--registration=restamp.tools'];
const LAST = '--shutdown-delay=10s';

/** The flags beside those that every installation has. */
async function flags(reloader: object): Promise<string[]> {
  const always = new Set([...BASE, LAST]);
  return argsOf(await render({ reloader })).filter((flag) => !always.has(flag));
}

t.test('all of its default values together give what no values give, with its one replica', async (t) => {
  const objects = await render(RELOADER_DEFAULTS);
  t.same(argsOf(objects), [...BASE, LAST]);
  const { spec } = deploymentOf(objects);
  t.equal(spec.replicas, 1);
  t.match(spec.template.spec.securityContext, { runAsUser: 65_534, runAsNonRoot: true });
  t.match(spec.template.spec.containers[0].securityContext, { readOnlyRootFilesystem: true });
});

t.test('its image is never what runs, whichever value names it', async (t) => {
  const image = async (values: object) =>
    deploymentOf(await render(values)).spec.template.spec.containers[0].image;
  const ours = await image({});
  t.equal(await image({ image: RELOADER_DEFAULTS.image }), ours);
  t.equal(
    await image({ image: { repository: 'mirror.example/stakater/reloader', digest: 'sha256:0' } }),
    ours,
  );
  t.equal(await image({ image: { repository: 'ghcr.io/stakater/reloader-ubi' } }), ours);
  t.equal(await image({ image: { tag: 'v1.4.21' } }), ours);
  const mirrored = { global: { imageRegistry: 'mirror.example' }, image: { name: 'stakater/reloader' } };
  t.match(await image(mirrored), 'mirror.example/restamp/restamp:');
  t.equal(await image({ image: { repository: 'mirror.example/r', tag: '9' } }), 'mirror.example/r:9');
  t.equal(await image({ image: { digest: 'sha256:0' } }), 'ghcr.io/restamp/restamp@sha256:0');
});

type Row = readonly [value: string, reloader: object, flags: readonly string[]];
const ROWS: readonly Row[] = [
  ['autoReloadAll', { autoReloadAll: true }, ['--auto-reload-all=true']],
  ['isArgoRollouts', { isArgoRollouts: true }, ['--is-Argo-Rollouts=true']],
  ['ignoreSecrets', { ignoreSecrets: true }, ['--resources-to-ignore=secrets']],
  ['ignoreConfigMaps', { ignoreConfigMaps: true }, ['--resources-to-ignore=configmaps']],
  ['ignoreJobs', { ignoreJobs: true }, ['--ignored-workload-types=jobs']],
  ['ignoreCronJobs', { ignoreCronJobs: true }, ['--ignored-workload-types=cronjobs']],
  ['both', { ignoreJobs: true, ignoreCronJobs: true }, ['--ignored-workload-types=jobs,cronjobs']],
  ['reloadOnCreate', { reloadOnCreate: true }, ['--reload-on-create=true']],
  ['reloadOnDelete', { reloadOnDelete: true }, ['--reload-on-delete=true']],
  ['syncAfterRestart', { syncAfterRestart: true }, ['--sync-after-restart=true']],
  ['reloadStrategy annotations', { reloadStrategy: 'annotations' }, ['--reload-strategy=annotations']],
  ['reloadStrategy env-vars', { reloadStrategy: 'env-vars' }, []],
  ['ignoreNamespaces', { ignoreNamespaces: 'a,b' }, ['--namespaces-to-ignore=a,b']],
  ['namespaceSelector', { namespaceSelector: 'a:b,c:d' }, ['--namespace-selector=a:b,c:d']],
  [
    'both selectors where not all namespaces are watched',
    { watchGlobally: false, ignoreNamespaces: 'a', namespaceSelector: 'a:b' },
    ['--namespaces=tools'],
  ],
  [
    'resourceLabelSelector',
    { resourceLabelSelector: 'a in (b, c)' },
    ['--resource-label-selector=a in (b, c)'],
  ],
  ['logFormat', { logFormat: 'json' }, ['--log-format=json']],
  ['logLevel', { logLevel: 'debug' }, ['--log-level=debug']],
  ['watchGlobally', { watchGlobally: false }, ['--namespaces=tools']],
  ['namespaces', { watchGlobally: false, namespaces: ['b', 'a'] }, ['--namespaces=a,b,tools']],
  ['enableCSIIntegration', { enableCSIIntegration: true }, ['--enable-csi-integration=true']],
  ['enableHA', { enableHA: true }, []],
  ['enablePProf', { enablePProf: true }, []],
  // Reloader's chart forgets it unless an annotation is renamed too.
  ['webhookUrl', { webhookUrl: 'https://example.com/x?y=z' }, ['--webhook-url=https://example.com/x?y=z']],
  [
    'custom_annotations',
    {
      custom_annotations: {
        configmap: 'x/1',
        secret: 'x/2',
        auto: 'x/3',
        secret_auto: 'x/4',
        configmap_auto: 'x/5',
        search: 'x/6',
        match: 'x/7',
        ignore: 'x/8',
        pausePeriod: 'x/9',
        pauseTime: 'x/10',
      },
    },
    [
      '--auto-annotation=x/3',
      '--configmap-annotation=x/1',
      '--configmap-auto-annotation=x/5',
      '--ignore-annotation=x/8',
      '--search-match-annotation=x/7',
      '--pause-deployment-annotation=x/9',
      '--pause-deployment-time-annotation=x/10',
      '--auto-search-annotation=x/6',
      '--secret-annotation=x/2',
      '--secret-auto-annotation=x/4',
    ],
  ],
];

for (const [value, reloader, wanted] of ROWS)
  t.test(`reloader.${value} gives ${wanted.length === 0 ? 'no flag' : wanted.join(' ')}`, async (t) => {
    t.same((await flags(reloader)).sort(), [...wanted].sort());
  });

t.test('several replicas need no further value: there is always one leader', async (t) => {
  const objects = await render({ reloader: { enableHA: false, deployment: { replicas: 3 } } });
  t.equal(deploymentOf(objects).spec.replicas, 3);
  const names = deploymentOf(objects).spec.template.spec.containers[0].env.map(({ name }) => name);
  t.ok(names.includes('POD_NAME'));
});

t.test('variables come from values, a Secret of the chart, fields and other Secrets', async (t) => {
  const objects = await render({
    reloader: {
      enableMetricsByNamespace: true,
      deployment: {
        env: {
          open: { ALERT_ON_RELOAD: true, EMPTY: '' },
          secret: { ALERT_WEBHOOK_URL: 'https://example.com' },
          field: { NODE: 'spec.nodeName' },
          existing: { theirs: { TOKEN: 'token' } },
        },
      },
    },
  });
  const { env } = deploymentOf(objects).spec.template.spec.containers[0];
  t.same(env.slice(5), [
    { name: 'METRICS_COUNT_BY_NAMESPACE', value: 'enabled' },
    { name: 'ALERT_ON_RELOAD', value: 'true' },
    {
      name: 'ALERT_WEBHOOK_URL',
      valueFrom: { secretKeyRef: { name: 'restamp-env', key: 'ALERT_WEBHOOK_URL' } },
    },
    { name: 'TOKEN', valueFrom: { secretKeyRef: { name: 'theirs', key: 'token' } } },
    { name: 'NODE', valueFrom: { fieldRef: { fieldPath: 'spec.nodeName' } } },
  ]);
  t.match(only(objects, 'Secret'), {
    metadata: { name: 'restamp-env' },
    data: { ALERT_WEBHOOK_URL: Buffer.from('https://example.com').toString('base64') },
  });
});

t.test('what it says of pods is said of ours', async (t) => {
  const given = {
    nodeSelector: { disk: 'ssd' },
    tolerations: [{ key: 'a', operator: 'Exists' }],
    affinity: { nodeAffinity: {} },
    dnsConfig: { nameservers: ['10.0.0.10'] },
    priorityClassName: 'high',
    hostUsers: false,
    volumes: [{ name: 'v', emptyDir: {} }],
    topologySpreadConstraints: [{ maxSkew: 1, topologyKey: 'zone', whenUnsatisfiable: 'DoNotSchedule' }],
  };
  const objects = await render({
    global: { imagePullSecrets: ['a', { name: 'b' }] },
    reloader: {
      deployment: {
        ...given,
        labels: { team: 'x' },
        annotations: { note: '{{ .Release.Name }}' },
        pod: { annotations: { note: 'y' } },
        volumeMounts: [{ name: 'v', mountPath: '/v' }],
        resources: { limits: { cpu: '1' } },
        livenessProbe: { periodSeconds: 3 },
      },
      service: { port: 8080, ipFamilies: ['IPv6'] },
    },
  });
  const deployment = deploymentOf(objects);
  t.match(deployment.metadata, { labels: { team: 'x' }, annotations: { note: 'restamp' } });
  t.match(deployment.spec.template.metadata, { labels: { team: 'x' }, annotations: { note: 'y' } });
  t.match(deployment.spec.template.spec, { ...given, imagePullSecrets: [{ name: 'a' }, { name: 'b' }] });
  t.match(deployment.spec.template.spec.containers[0], {
    volumeMounts: [{ name: 'v', mountPath: '/v' }],
    resources: { limits: { cpu: '1' } },
    livenessProbe: { periodSeconds: 3, timeoutSeconds: 5 },
  });
  const ports = (only(objects, 'Service')['spec'] as { ports: { name: string; port: number }[] }).ports;
  t.match(ports, [
    { name: 'admission', port: 443 },
    { name: 'http', port: 8080 },
  ]);
});

t.test('monitors, a network policy and an autoscaler are made where they are asked for', async (t) => {
  const kinds = ['PodMonitor', 'ServiceMonitor', 'NetworkPolicy', 'VerticalPodAutoscaler'];
  const none = await render(RELOADER_DEFAULTS);
  t.notOk(none.some(({ kind }) => kinds.includes(kind)));
  const objects = await render(
    {
      reloader: {
        podMonitor: { enabled: true, interval: '10s', namespace: 'monitoring' },
        serviceMonitor: { enabled: true, labels: { release: 'prometheus' } },
        netpol: { enabled: true, from: [{ podSelector: {} }] },
        verticalPodAutoscaler: { enabled: true, minAllowed: { memory: '64Mi' } },
      },
    },
    ['--api-versions=autoscaling.k8s.io/v1'],
  );
  t.match(only(objects, 'PodMonitor'), {
    metadata: { namespace: 'monitoring' },
    spec: { podMetricsEndpoints: [{ port: 'http', path: '/metrics', interval: '10s' }] },
  });
  t.match(only(objects, 'ServiceMonitor'), { metadata: { labels: { release: 'prometheus' } } });
  const { ingress } = only(objects, 'NetworkPolicy')['spec'] as { ingress: object[] };
  t.same(ingress, [
    { ports: [{ port: 'admission' }] },
    { ports: [{ port: 'http' }], from: [{ podSelector: {} }] },
  ]);
  t.match(only(objects, 'VerticalPodAutoscaler'), {
    spec: {
      resourcePolicy: { containerPolicies: [{ containerName: 'restamp', minAllowed: { memory: '64Mi' } }] },
    },
  });
});

t.test('the notes say that its image is not what runs', async (t) => {
  const { stdout } = await helm(
    ['install', 'restamp', chart, '--namespace=tools', '--dry-run=client'],
    RELOADER_DEFAULTS,
  );
  t.match(stdout, 'image.* names an image of Reloader; ghcr.io/restamp/restamp:');
});
