import t from 'tap';
import { RELOADER_KEYS } from '../../../src/core/api/annotations.ts';
import { problemsOf, read } from '../../support/config.ts';

t.test('the defaults of Reloader’s flags are Reloader’s', async (t) => {
  t.has(read(), {
    keys: RELOADER_KEYS,
    reloadStrategy: 'env-vars',
    argoRollouts: false,
    csiIntegration: false,
    webhookUrl: undefined,
    resourcesToIgnore: new Set(),
    ignoredWorkloadTypes: new Set(),
    namespacesToIgnore: [],
    namespaceSelector: [],
    resourceLabelSelector: [],
    syncAfterRestart: false,
    enableHa: false,
    enablePprof: false,
    pprofAddr: ':6060',
    alert: { onReload: false, sink: 'raw', url: undefined, proxy: undefined, info: '' },
    metricsByNamespace: false,
  });
});

t.test('Reloader’s flags are read in Reloader’s spellings', async (t) => {
  t.same(read(['--resources-to-ignore=configMaps']).resourcesToIgnore, new Set(['cm']));
  t.same(read(['--resources-to-ignore', 'SECRETS']).resourcesToIgnore, new Set(['secret']));
  t.same(
    read(['--ignored-workload-types=jobs', '--ignored-workload-types=cronjobs']).ignoredWorkloadTypes,
    new Set(['Job', 'CronJob']),
  );
  t.equal(read(['--reload-strategy=default']).reloadStrategy, 'env-vars');
  t.ok(read(['--is-Argo-Rollouts', 'true']).argoRollouts);
  t.notOk(read(['--is-Argo-Rollouts=True']).argoRollouts);
  t.ok(read(['--enable-csi-integration=T']).csiIntegration);
  t.same(read(['--namespaces-to-ignore="a,b"', '--namespaces-to-ignore=c']).namespacesToIgnore, [
    'a',
    'b',
    'c',
  ]);
  t.same(read(['--workload-kinds=apps.kruise.io/v1alpha1/CloneSet=/spec/template']).workloadKinds, [
    { group: 'apps.kruise.io', version: 'v1alpha1', kind: 'CloneSet', template: ['spec', 'template'] },
  ]);
  t.same(
    read(['--annotation-lever-kinds=Rollout,CloneSet']).annotationLeverKinds,
    new Set(['Rollout', 'CloneSet']),
  );
  t.equal(read([], { ALERT_SINK: ' Slack ' }).alert.sink, 'slack');
  t.equal(read([], { ALERT_SINK: 'pager' }).alert.sink, 'raw');
  t.notOk(read([], { ALERT_ON_RELOAD: 'True' }).alert.onReload);
  t.notOk(read([], { METRICS_COUNT_BY_NAMESPACE: 'true' }).metricsByNamespace);
});

t.test('a selector that is given twice, or in quotes, must hold as a whole', async (t) => {
  const expected = [
    { key: 'a', operator: 'In', values: ['b'] },
    { key: 'c', operator: 'Exists' },
    { key: 'd', operator: 'In', values: ['x', 'y'] },
  ];
  for (const args of [
    ['--namespace-selector=a:b', '--namespace-selector=c:*', '--namespace-selector=d in (x,y)'],
    ['--namespace-selector', '"a=b,c=*,d in (x, y)"'],
  ])
    t.same(read(args).namespaceSelector, expected);
});

t.test('settings that contradict each other are refused', async (t) => {
  const both: readonly (readonly string[])[] = [
    ['--resources-to-ignore=configmaps,secrets'],
    ['--namespaces=a', '--namespace-selector=b=c'],
    ['--enable-ha', '--leader-elect=false'],
    ['--mode=observe', '--webhook-url=https://hook.example'],
  ];
  for (const args of both) t.equal(problemsOf(args).length, 1, args.join(' '));
  t.equal(problemsOf(['--namespace-selector=b=c'], { KUBERNETES_NAMESPACE: 'a' }).length, 1);
  t.equal(problemsOf(both.flat()).length, both.length, 'all of them at once');
  t.same(problemsOf(['--enable-ha']), [], 'POD_NAME is not needed');
});

t.test('--namespaces goes before KUBERNETES_NAMESPACE, and an empty one means all', async (t) => {
  t.same(read([], { KUBERNETES_NAMESPACE: 'a' }).namespaces, ['a']);
  t.same(read(['--namespaces=b'], { KUBERNETES_NAMESPACE: 'a' }).namespaces, ['b']);
  t.same(read([], { RESTAMP_NAMESPACES: 'c', KUBERNETES_NAMESPACE: 'a' }).namespaces, ['c']);
  t.same(read([], { KUBERNETES_NAMESPACE: '' }).namespaces, []);
  t.equal(read([], { POD_NAMESPACE: 'own' }).namespace, 'own');
});

t.test('a log format that is none leaves the log level as it is', async (t) => {
  t.equal(read(['--log-format=logfmt', '--log-level=error']).logLevel, 'error');
});
