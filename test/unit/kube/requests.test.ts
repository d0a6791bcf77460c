import t from 'tap';
import { sendEvent } from '../../../src/kube/events.ts';
import { patchWorkload, readOrNothing, readSource, readWorkload, whoAmI } from '../../../src/kube/objects.ts';
import { createSecretStore } from '../../../src/kube/secrets.ts';
import { rowOf } from '../../support/core/core-objects.ts';
import { connect, fakeApiServer } from '../../support/fake-api-server.ts';

const NOW = Date.UTC(2026, 10, 22, 12, 0, 0, 345);
const row = rowOf('Deployment');
const workload = { row, namespace: 'apps', name: 'api', uid: 'u-1', resourceVersion: '7' };

t.test('an Event stands on its workload, in the form of client-go', async (t) => {
  const api = await fakeApiServer(t);
  api.answer((exchange) => exchange.json({}));
  const { client } = connect(t, api.url);
  const text = {
    type: 'Normal',
    reason: 'Reloaded',
    message: 'text',
    component: 'reloader-secrets',
  } as const;
  await sendEvent(client, workload, text, NOW);
  const [seen] = api.requests.items;
  t.match(seen, { method: 'POST', path: '/api/v1/namespaces/apps/events' });
  t.same(JSON.parse(seen?.body ?? ''), {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { generateName: 'api.', namespace: 'apps' },
    involvedObject: {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      namespace: 'apps',
      name: 'api',
      uid: 'u-1',
      resourceVersion: '7',
    },
    type: 'Normal',
    reason: 'Reloaded',
    message: 'text',
    source: { component: 'reloader-secrets' },
    firstTimestamp: '2026-11-22T12:00:00Z',
    lastTimestamp: '2026-11-22T12:00:00Z',
    count: 1,
  });
});

t.test('an Event is never longer than the API server takes', async (t) => {
  const api = await fakeApiServer(t);
  api.answer((exchange) => exchange.json({}));
  const { client } = connect(t, api.url);
  const text = { type: 'Warning', reason: 'ReloadFail', message: 'm'.repeat(3000), component: 'c' } as const;
  await sendEvent(client, { ...workload, name: 'n'.repeat(253) }, text, NOW);
  const body = JSON.parse(api.requests.items[0]?.body ?? '') as {
    message: string;
    metadata: { generateName: string };
  };
  t.equal(body.message, 'm'.repeat(1024));
  t.ok(body.metadata.generateName.length <= 253 - 5);
});

t.test('sources and workloads are read at their own paths', async (t) => {
  const api = await fakeApiServer(t);
  api.answer((exchange) => exchange.json({ at: exchange.path }));
  const { client } = connect(t, api.url);
  t.same(await readSource(client, { type: 'cm', namespace: 'apps', name: 'app' }), {
    at: '/api/v1/namespaces/apps/configmaps/app',
  });
  t.same(await readSource(client, { type: 'secret', namespace: 'apps', name: 'db' }), {
    at: '/api/v1/namespaces/apps/secrets/db',
  });
  for (const [kind, resource] of [
    ['Deployment', 'deployments'],
    ['StatefulSet', 'statefulsets'],
    ['DaemonSet', 'daemonsets'],
  ] as const)
    t.same(await readWorkload(client, { row: rowOf(kind), namespace: 'apps', name: 'x' }), {
      at: `/apis/apps/v1/namespaces/apps/${resource}/x`,
    });
  for (const { query, method } of api.requests.items)
    t.same([method, query], ['GET', {}], 'without a resourceVersion, so as fresh as can be');
});

t.test('a workload is patched as Reloader, with the content type of the patch', async (t) => {
  const api = await fakeApiServer(t);
  api.answer((exchange) => exchange.json({ stored: true }));
  const { client } = connect(t, api.url);
  t.same(await patchWorkload(client, workload, { type: 'strategic', body: { a: 1 } }), { stored: true });
  await patchWorkload(client, workload, { type: 'merge', body: { b: 2 } });
  t.match(api.requests.items, [
    {
      method: 'PATCH',
      path: '/apis/apps/v1/namespaces/apps/deployments/api',
      query: { fieldManager: 'Reloader' },
      headers: { 'content-type': 'application/strategic-merge-patch+json' },
      body: '{"a":1}',
    },
    { headers: { 'content-type': 'application/merge-patch+json' }, body: '{"b":2}' },
  ]);
});

t.test('who we are is asked of the API server', async (t) => {
  const api = await fakeApiServer(t);
  const { client } = connect(t, api.url);
  api.answer((exchange) =>
    exchange.json({ status: { userInfo: { username: 'system:serviceaccount:a:b' } } }),
  );
  t.equal(await whoAmI(client), 'system:serviceaccount:a:b');
  const [seen] = api.requests.items;
  t.match(seen, { method: 'POST', path: '/apis/authentication.k8s.io/v1/selfsubjectreviews' });
  t.same(JSON.parse(seen?.body ?? ''), {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'SelfSubjectReview',
  });
  api.answer((exchange) => exchange.json({ status: { userInfo: {} } }));
  t.equal(await whoAmI(client), '');
});

t.test('what does not exist is nothing; any other refusal stays an error', async (t) => {
  const api = await fakeApiServer(t);
  const { client } = connect(t, api.url);
  api.answer((exchange) => exchange.refuse(404));
  t.equal(await readOrNothing(client, '/api/x'), undefined);
  api.answer((exchange) => exchange.refuse(403));
  await t.rejects(readOrNothing(client, '/api/x'), { code: 'RESTAMP_KUBE_FORBIDDEN' });
});

t.test('the own Secret is read, created and replaced whole', async (t) => {
  const api = await fakeApiServer(t);
  const { client } = connect(t, api.url);
  const store = createSecretStore(client);
  const secret = { metadata: { namespace: 'restamp', name: 'restamp-keys' }, data: { a: 'eA==' } };
  api.answer((exchange) => exchange.refuse(404));
  t.equal(await store.read('restamp', 'restamp-keys'), undefined);
  api.answer((exchange) => exchange.json(secret));
  t.same(await store.read('restamp', 'restamp-keys'), secret);
  t.same(await store.create(secret), secret);
  t.same(await store.replace(secret), secret);
  t.match(api.requests.items.slice(1), [
    { method: 'GET', path: '/api/v1/namespaces/restamp/secrets/restamp-keys' },
    { method: 'POST', path: '/api/v1/namespaces/restamp/secrets', body: JSON.stringify(secret) },
    { method: 'PUT', path: '/api/v1/namespaces/restamp/secrets/restamp-keys', body: JSON.stringify(secret) },
  ]);
  api.answer((exchange) => exchange.refuse(409));
  await t.rejects(store.create(secret), { code: 'RESTAMP_KUBE_CONFLICT' });
});
