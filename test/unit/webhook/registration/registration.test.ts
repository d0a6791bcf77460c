import { inspect } from 'node:util';
import t, { type Test } from 'tap';
import { issueCa } from '../../../../certs/issue.ts';
import { createHmacKeys } from '../../../../certs/keys.ts';
import { reviewPaths } from '../../../../certs/review-paths.ts';
import {
  sourceConfiguration,
  workloadConfiguration,
  type ServiceName,
} from '../../../../webhook/registration/configurations.ts';
import {
  isRegistered,
  register,
  renewRegistration,
  unregister,
} from '../../../../webhook/registration/registration.ts';
import { connect, fakeApiServer } from '../../../support/fake-api-server.ts';
import { BUILT_IN } from '../../../../src/core/api/kind.ts';
import { RELOADER_KEYS } from '../../../../src/core/api/annotations.ts';
import { EVERYWHERE } from '../../../support/scopes.ts';

const { certPem: caPem } = await issueCa(Date.now());
const paths = reviewPaths(createHmacKeys().current);
const options = {
  name: 'restamp',
  address: new URL('https://127.0.0.1:9443') as URL | ServiceName,
  paths,
  caPem,
  ownUser: 'system:serviceaccount:restamp:restamp',
  scope: EVERYWHERE,
  keys: RELOADER_KEYS,
  autoReloadAll: false,
  observing: false,
  kinds: BUILT_IN,
};
const never = new AbortController().signal;
const BASE = '/apis/admissionregistration.k8s.io/v1';
const VALIDATING = `${BASE}/validatingwebhookconfigurations`;
const MUTATING = `${BASE}/mutatingwebhookconfigurations`;

/** An API server with these configurations, whoever made them. */
async function serving(t: Test, stored: Readonly<Record<string, object>>) {
  const api = await fakeApiServer(t);
  api.answer((exchange) => {
    const found = stored[exchange.path];
    if (exchange.method === 'POST') exchange.json({}, 201);
    else if (found === undefined) exchange.refuse(404);
    else exchange.json(found);
  });
  const { client } = connect(t, api.url);
  const writes = () => api.requests.items.filter(({ method }) => method !== 'GET');
  return { client, writes };
}

const ONE = `${VALIDATING}/restamp`;
const OTHER = `${MUTATING}/restamp`;
const OURS = { metadata: { labels: { 'app.kubernetes.io/managed-by': 'restamp' } } };
const THEIRS = { metadata: { labels: { 'app.kubernetes.io/managed-by': 'Helm' } } };

t.test('registration by address creates both configurations', async (t) => {
  const { client, writes } = await serving(t, {});
  await register(client, options);
  t.match(writes(), [
    { method: 'POST', path: VALIDATING },
    { method: 'POST', path: MUTATING },
  ]);
  t.same(JSON.parse(writes()[0]?.body ?? ''), sourceConfiguration(options));
  t.same(JSON.parse(writes()[1]?.body ?? ''), workloadConfiguration(options));
});

t.test('configurations that are there get our webhooks and nothing else', async (t) => {
  const { client, writes } = await serving(t, { [ONE]: THEIRS, [OTHER]: { ...OURS, webhooks: [{}] } });
  await register(client, options);
  t.match(writes(), [
    { method: 'PATCH', path: ONE, headers: { 'content-type': 'application/json-patch+json' } },
    { method: 'PATCH', path: OTHER },
  ]);
  t.same(
    writes().map(({ body }) => JSON.parse(body) as object),
    [sourceConfiguration(options), workloadConfiguration(options)].map(({ webhooks }) => [
      { op: 'add', path: '/webhooks', value: webhooks },
    ]),
  );
});

t.test('what is registered already is not written again', async (t) => {
  const { client, writes } = await serving(t, {
    [ONE]: { ...THEIRS, webhooks: sourceConfiguration(options).webhooks },
    [OTHER]: { ...THEIRS, webhooks: workloadConfiguration(options).webhooks },
  });
  await register(client, options);
  t.same(writes(), []);
});

t.test('in a cluster none is created: the installer must be able to take them away', async (t) => {
  const { client, writes } = await serving(t, {});
  const inCluster = { ...options, address: { namespace: 'tools', name: 'restamp' } };
  await t.rejects(register(client, inCluster), { code: 'RESTAMP_KUBE_NOT_FOUND' });
  t.same(writes(), []);
});

t.test(
  'replicas that register at once do not fail each other: who has lost the race looks again',
  async (t) => {
    const api = await fakeApiServer(t);
    const { client } = connect(t, api.url);
    let made = false;
    api.answer((exchange) => {
      if (exchange.method === 'PATCH') exchange.json({});
      else if (exchange.method === 'GET' && made) exchange.json(THEIRS);
      else exchange.refuse(exchange.method === 'GET' ? 404 : 409);
      made ||= exchange.method === 'POST';
    });
    await register(client, options);
    const first = api.requests.items.slice(0, 4).map(({ method }) => method);
    t.same(first, ['GET', 'POST', 'GET', 'PATCH']);
    api.answer((exchange) => exchange.refuse(exchange.method === 'GET' ? 404 : 409));
    await t.rejects(register(client, options), { code: 'RESTAMP_KUBE_CONFLICT' });
  },
);

t.test(
  'registered means that both are there, with webhooks that trust our CA and call our addresses',
  async (t) => {
    const bundle = Buffer.from(caPem).toString('base64');
    const stored = (caBundle: string, where: object = { url: `https://a:1/ours` }) => ({
      webhooks: [{ name: 'w', clientConfig: { caBundle, ...where } }],
    });
    const ours = stored(bundle);
    for (const [one, other, registered] of [
      [ours, ours, true],
      [ours, undefined, false],
      [ours, { webhooks: [] }, false],
      [stored(''), ours, false],
      [ours, stored(bundle, { service: { path: '/ours' } }), true],
      [ours, stored(bundle, { service: { path: '/sources' } }), false],
      [stored(bundle, { url: 'https://a:1/other?/ours' }), ours, false],
      [stored(bundle, {}), ours, false],
    ] as const) {
      const { client } = await serving(t, { [ONE]: one, ...(other === undefined ? {} : { [OTHER]: other }) });
      t.equal(
        await isRegistered(client, { name: 'restamp', caPem, observing: false }, (path) => path === '/ours'),
        registered,
      );
    }
  },
);

t.test('any other refusal of a registration stays an error', async (t) => {
  const api = await fakeApiServer(t);
  const { client } = connect(t, api.url);
  for (const [status, code] of [
    [403, 'RESTAMP_KUBE_FORBIDDEN'],
    [422, 'RESTAMP_KUBE_INVALID'],
  ] as const) {
    api.answer((exchange) => exchange.refuse(status));
    await t.rejects(register(client, options), { code });
    await t.rejects(unregister(client, 'restamp', never), { code });
  }
});

t.test('a registration that somebody has taken away is not made again when it changes', async (t) => {
  for (const address of [options.address, { namespace: 'tools', name: 'restamp' }]) {
    const { client, writes } = await serving(t, { [OTHER]: THEIRS });
    await renewRegistration(client, { ...options, address });
    t.match(writes(), [{ method: 'PATCH', path: OTHER }]);
  }
});

t.test('who refuses a registration and quotes it does not make us tell our addresses', async (t) => {
  const api = await fakeApiServer(t);
  const { client } = connect(t, api.url);
  const message = `webhooks[0].clientConfig.url: Invalid value: "https://a${paths.sources}": bad`;
  api.answer((exchange) => {
    if (exchange.method === 'GET') exchange.refuse(404);
    else exchange.json({ kind: 'Status', code: 422, message }, 422);
  });
  const error = await register(client, options).catch((thrown: unknown) => thrown as Error);
  t.match(error, { code: 'RESTAMP_KUBE_INVALID', message: /Invalid value: "https:\/\/a\/sources\/…": bad/ });
  t.notMatch(inspect(error, { depth: Infinity, showHidden: true }), paths.sources.slice('/sources/'.length));
});

t.test(
  'taking back deletes what a server made, empties what an installer made, and bears what is gone',
  async (t) => {
    const made = await serving(t, { [ONE]: OURS, [OTHER]: THEIRS });
    await unregister(made.client, 'restamp', never);
    t.match(made.writes(), [
      { method: 'DELETE', path: ONE },
      { method: 'PATCH', path: OTHER, body: '[{"op":"add","path":"/webhooks","value":[]}]' },
    ]);
    const gone = await serving(t, {});
    await unregister(gone.client, 'restamp', never);
    t.same(gone.writes(), []);
  },
);

t.test('an API server that does not answer is waited for no longer than there is time', async (t) => {
  const api = await fakeApiServer(t);
  const { client } = connect(t, api.url);
  const late = new AbortController();
  void api.next().then(() => late.abort());
  await t.rejects(unregister(client, 'restamp', late.signal), { code: 'RESTAMP_KUBE_UNAVAILABLE' });
});
