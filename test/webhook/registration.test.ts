import t from 'tap';
import { issueCa } from '../../certs/issue.ts';
import { sourceConfiguration, workloadConfiguration } from '../../webhook/configurations.ts';
import { injectCa, register, unregister } from '../../webhook/registration.ts';
import { connect, fakeApiServer, type Exchange } from '../helpers/fake-api-server.ts';

const { certPem: caPem } = await issueCa(Date.now());
const options = {
  name: 'restamp',
  url: new URL('https://127.0.0.1:9443'),
  caPem,
  ownUser: 'system:serviceaccount:restamp:restamp',
  namespaces: [] as string[],
  autoReloadAll: false,
};
const BASE = '/apis/admissionregistration.k8s.io/v1';
const VALIDATING = `${BASE}/validatingwebhookconfigurations`;
const MUTATING = `${BASE}/mutatingwebhookconfigurations`;

type Webhook = {
  readonly clientConfig: { url: string; caBundle: string };
  readonly matchConditions: readonly { name: string; expression: string }[];
  readonly namespaceSelector: { matchExpressions: readonly object[] };
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
    [only(sourceConfiguration(options)), '/sources'],
    [only(workloadConfiguration(options)), '/workloads'],
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
    only(sourceConfiguration({ ...options, namespaces })).namespaceSelector;
  const key = 'kubernetes.io/metadata.name';
  t.same(selector([]), {
    matchExpressions: [{ key, operator: 'NotIn', values: ['kube-system', 'kube-node-lease'] }],
  });
  t.same(selector(['a', 'b']), { matchExpressions: [{ key, operator: 'In', values: ['a', 'b'] }] });
});

t.test('registration creates both configurations', async (t) => {
  const api = await fakeApiServer(t);
  api.answer((exchange) => exchange.json({}, 201));
  await register(connect(t, api.url).client, options);
  t.match(api.requests.items, [
    { method: 'POST', path: VALIDATING },
    { method: 'POST', path: MUTATING },
  ]);
  t.same(JSON.parse(api.requests.items[0]?.body ?? ''), sourceConfiguration(options));
  t.same(JSON.parse(api.requests.items[1]?.body ?? ''), workloadConfiguration(options));
});

t.test('what an earlier run left is replaced, at the version that was read', async (t) => {
  const api = await fakeApiServer(t);
  api.answer((exchange) => {
    if (exchange.method === 'POST') exchange.refuse(409, 'exists');
    else exchange.json({ metadata: { resourceVersion: '41' }, webhooks: [] });
  });
  await register(connect(t, api.url).client, options);
  const puts = api.requests.items.filter(({ method }) => method === 'PUT');
  t.same(
    puts.map(({ path }) => path),
    [`${VALIDATING}/restamp`, `${MUTATING}/restamp`],
  );
  const wanted = sourceConfiguration(options);
  t.same(JSON.parse(puts[0]?.body ?? ''), {
    ...wanted,
    metadata: { ...wanted.metadata, resourceVersion: '41' },
  });
});

t.test('any other refusal of a registration stays an error', async (t) => {
  const api = await fakeApiServer(t);
  const { client } = connect(t, api.url);
  for (const [status, code] of [
    [403, 'RESTAMP_KUBE_FORBIDDEN'],
    [422, 'RESTAMP_KUBE_INVALID'],
  ] as const) {
    api.answer((exchange) => exchange.refuse(status));
    await t.rejects(register(client, options), { code });
    await t.rejects(unregister(client, 'restamp'), { code });
    await t.rejects(injectCa(client, 'restamp', caPem), { code });
  }
  api.answer((exchange) => {
    if (exchange.method === 'POST') exchange.refuse(403);
    else exchange.json({ metadata: { resourceVersion: '1' } });
  });
  await t.rejects(register(client, options), { code: 'RESTAMP_KUBE_FORBIDDEN' });
  t.notOk(
    api.requests.items.some(({ method }) => method === 'PUT'),
    'nothing is replaced because of it',
  );
});

t.test('taking back deletes both, and does not mind what is gone', async (t) => {
  const api = await fakeApiServer(t);
  const { client } = connect(t, api.url);
  for (const answer of [(one: Exchange) => one.json({}), (one: Exchange) => one.refuse(404)]) {
    api.answer(answer);
    await unregister(client, 'restamp');
  }
  t.same(
    api.requests.items.map(({ method, path }) => `${method} ${path}`),
    [VALIDATING, MUTATING, VALIDATING, MUTATING].map((path) => `DELETE ${path}/restamp`),
  );
});

t.test('the CA is put in where it is not, and nothing is written where it is', async (t) => {
  const api = await fakeApiServer(t);
  const { client } = connect(t, api.url);
  const stored = (caBundle: string) => ({ webhooks: [{ name: 'w', clientConfig: { caBundle } }] });
  const bundle = Buffer.from(caPem).toString('base64');
  api.answer((exchange) => exchange.json(stored(bundle)));
  await injectCa(client, 'restamp', caPem);
  t.ok(api.requests.items.every(({ method }) => method === 'GET'));
  api.answer((exchange) => exchange.json(stored('')));
  await injectCa(client, 'restamp', caPem);
  const patches = api.requests.items.filter(({ method }) => method === 'PATCH');
  t.equal(patches.length, 2);
  t.equal(patches[0]?.headers['content-type'], 'application/json-patch+json');
  t.same(JSON.parse(patches[0]?.body ?? ''), [
    { op: 'test', path: '/webhooks/0/name', value: 'w' },
    { op: 'add', path: '/webhooks/0/clientConfig/caBundle', value: bundle },
  ]);
});
