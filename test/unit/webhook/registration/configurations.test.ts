import t from 'tap';
import { issueCa } from '../../../../certs/issue.ts';
import { createHmacKeys } from '../../../../certs/keys.ts';
import { reviewPaths } from '../../../../certs/review-paths.ts';
import { RELOADER_KEYS } from '../../../../src/core/api/annotations.ts';
import { BUILT_IN, Kinds } from '../../../../src/core/api/kind.ts';
import type { Scope } from '../../../../src/core/api/scope.ts';
import {
  sourceConfiguration,
  workloadConfiguration,
} from '../../../../webhook/registration/configurations.ts';
import { EVERYWHERE } from '../../../support/scopes.ts';

const { certPem: caPem } = await issueCa(Date.now());
const paths = reviewPaths(createHmacKeys().current);
const options = {
  name: 'restamp',
  address: new URL('https://127.0.0.1:9443'),
  paths,
  caPem,
  ownUser: 'restamp',
  scope: EVERYWHERE,
  keys: RELOADER_KEYS,
  autoReloadAll: false,
  observing: false,
  kinds: BUILT_IN,
};

type Webhook = {
  readonly clientConfig: { url: string; caBundle: string };
  readonly matchConditions: readonly { name: string; expression: string }[];
  readonly namespaceSelector: { matchExpressions: readonly object[] };
  readonly objectSelector: object;
  readonly rules: readonly object[];
} & Readonly<Record<string, unknown>>;
const only = ({ webhooks }: { webhooks: readonly object[] }): Webhook => webhooks[0] as Webhook;

t.test('the configurations fail open, soon, and say what they do on a dry run', async (t) => {
  t.match(only(sourceConfiguration(options)), {
    failurePolicy: 'Ignore',
    sideEffects: 'NoneOnDryRun',
    timeoutSeconds: 2,
    admissionReviewVersions: ['v1'],
    matchPolicy: 'Equivalent',
  });
  t.match(only(workloadConfiguration(options)), {
    failurePolicy: 'Ignore',
    sideEffects: 'None',
    timeoutSeconds: 3,
    admissionReviewVersions: ['v1'],
    reinvocationPolicy: 'IfNeeded',
  });
});

t.test('they name our address and trust our CA', async (t) => {
  for (const [webhook, path] of [
    [only(sourceConfiguration(options)), paths.sources],
    [only(workloadConfiguration(options)), paths.workloads],
  ] as const) {
    t.equal(webhook.clientConfig.url, `https://127.0.0.1:9443${path}`);
    t.equal(Buffer.from(webhook.clientConfig.caBundle, 'base64').toString(), caPem);
  }
});

t.test('sources are reviewed on every write, workloads where they are created or updated', async (t) => {
  t.match(only(sourceConfiguration(options))['rules'], [
    {
      apiGroups: [''],
      operations: ['CREATE', 'UPDATE', 'DELETE'],
      resources: ['configmaps', 'secrets'],
      scope: 'Namespaced',
    },
  ]);
  const rules = only(workloadConfiguration(options))['rules'] as {
    resources: string[];
    operations: string[];
  }[];
  t.ok(
    ['deployments', 'daemonsets', 'statefulsets'].every((one) =>
      rules.some((rule) => rule.resources.includes(one)),
    ),
  );
  t.ok(rules.every(({ operations }) => !operations.includes('DELETE')));
  t.notMatch(JSON.stringify(rules), '/', 'no subresource');
});

t.test('no expression uses request.name, which is absent in some requests', async (t) => {
  for (const autoReloadAll of [true, false])
    for (const make of [sourceConfiguration, workloadConfiguration])
      for (const { name, expression } of only(make({ ...options, autoReloadAll })).matchConditions) {
        t.notMatch(expression, /request\.name\b/, name);
        t.match(name, /^[a-z-]+$/);
      }
});

t.test('our own writes are not reviewed, whatever our name is', async (t) => {
  const odd = { ...options, ownUser: 'a"b\\c' };
  for (const make of [sourceConfiguration, workloadConfiguration])
    t.equal(only(make(odd)).matchConditions[0]?.expression, 'request.userInfo.username != "a\\"b\\\\c"');
});

t.test('where every workload may be opted in, none is told by its annotations', async (t) => {
  const names = (autoReloadAll: boolean): string[] =>
    only(workloadConfiguration({ ...options, autoReloadAll })).matchConditions.map(({ name }) => name);
  t.ok(names(false).includes('opted-in'));
  t.notOk(names(true).includes('opted-in'));
});

t.test('all namespaces are meant but those of the cluster, or only those that are named', async (t) => {
  const selector = (namespaces: string[]) =>
    only(sourceConfiguration({ ...options, scope: { ...EVERYWHERE, namespaces } })).namespaceSelector;
  const key = 'kubernetes.io/metadata.name';
  t.same(selector([]), {
    matchExpressions: [{ key, operator: 'NotIn', values: ['kube-system', 'kube-node-lease'] }],
  });
  t.same(selector(['a', 'b']), { matchExpressions: [{ key, operator: 'In', values: ['a', 'b'] }] });
});

t.test('in a cluster they name our Service, with everything that the API server would fill in', async (t) => {
  const inCluster = { ...options, address: { namespace: 'tools', name: 'restamp' } };
  for (const [webhook, path] of [
    [only(sourceConfiguration(inCluster)), paths.sources],
    [only(workloadConfiguration(inCluster)), paths.workloads],
  ] as const) {
    const { caBundle, ...rest } = webhook.clientConfig;
    t.same(rest, { service: { namespace: 'tools', name: 'restamp', path, port: 443 } });
    t.equal(Buffer.from(caBundle, 'base64').toString(), caPem);
    t.same(webhook['objectSelector'], {});
  }
});

t.test('what is out of the scope is not reviewed', async (t) => {
  const scope: Scope = {
    ...EVERYWHERE,
    namespacesToIgnore: ['a', 'kube-system'],
    namespaceSelector: [{ key: 'env', operator: 'In', values: ['prod'] }],
    resourceLabelSelector: [{ key: 'team', operator: 'Exists' }],
    resourcesToIgnore: new Set(['secret']),
  };
  const sources = only(sourceConfiguration({ ...options, scope }));
  const workloads = only(
    workloadConfiguration({ ...options, scope, kinds: new Kinds(new Set(['DaemonSet'])).rows }),
  );
  const key = 'kubernetes.io/metadata.name';
  const matchExpressions = [
    { key, operator: 'NotIn', values: ['kube-system', 'kube-node-lease', 'a'] },
    { key: 'env', operator: 'In', values: ['prod'] },
  ];
  t.same(sources.namespaceSelector, { matchExpressions });
  t.same(workloads.namespaceSelector, { matchExpressions });
  t.same(sources.objectSelector, { matchExpressions: [{ key: 'team', operator: 'Exists' }] });
  t.same(workloads.objectSelector, {}, 'labels of workloads decide nothing');
  t.same(only(sourceConfiguration(options)).objectSelector, {});
  t.match(sources.rules, [{ resources: ['configmaps'] }]);
  t.notMatch(JSON.stringify(workloads.rules), 'daemonsets');
  t.match(JSON.stringify(workloads.rules), 'deployments');
});

t.test('a workload is told by the renamed annotations, and by them alone', async (t) => {
  const keys = { ...RELOADER_KEYS, auto: 'example.org/auto' };
  const renamed = JSON.stringify(only(workloadConfiguration({ ...options, keys })).matchConditions);
  t.match(renamed, 'example.org/auto');
  t.notMatch(renamed, `"reloader.stakater.com/auto`);
});

t.test('where nothing is written, no workload is reviewed', async (t) => {
  t.same(workloadConfiguration({ ...options, observing: true }).webhooks, []);
  t.equal(sourceConfiguration({ ...options, observing: true }).webhooks.length, 1);
});

t.test(
  'of sources only the records of Helm are not reviewed, whatever else a Secret or ConfigMap is',
  async (t) => {
    const conditions = only(sourceConfiguration(options)).matchConditions;
    const text = JSON.stringify(conditions);
    t.match(text, 'helm.sh/release.v1');
    for (const other of ['kubernetes.io/', 'kube-root-ca', 'leader']) t.notMatch(text, other);
  },
);
