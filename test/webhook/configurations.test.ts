import t from 'tap';
import { issueCa } from '../../certs/issue.ts';
import { createHmacKeys } from '../../certs/keys.ts';
import { reviewPaths } from '../../certs/review-paths.ts';
import { RELOADER_KEYS } from '../../src/core/annotations.ts';
import { BUILT_IN, Kinds } from '../../src/core/kind.ts';
import type { Scope } from '../../src/core/scope.ts';
import { sourceConfiguration, workloadConfiguration } from '../../webhook/configurations.ts';
import { EVERYWHERE } from '../helpers/everywhere.ts';

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
  readonly namespaceSelector: object;
  readonly objectSelector: object;
  readonly rules: readonly object[];
  readonly matchConditions: readonly object[];
};
const only = ({ webhooks }: { webhooks: readonly object[] }): Webhook => webhooks[0] as Webhook;

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
    const conditions = only(sourceConfiguration(options)).matchConditions as { expression: string }[];
    const text = JSON.stringify(conditions);
    t.match(text, 'helm.sh/release.v1');
    for (const other of ['kubernetes.io/', 'kube-root-ca', 'leader']) t.notMatch(text, other);
  },
);
