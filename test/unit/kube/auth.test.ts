import { X509Certificate } from 'node:crypto';
import { copyFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { issueCa, issueLeaf } from '../../../certs/issue.ts';
import { systemClock } from '../../../src/clock.ts';
import { loadAuth } from '../../../src/kube/auth.ts';
import { connect, fakeApiServer, writeKubeconfig } from '../../support/fake-api-server.ts';
import { fakeClock } from '../../support/fake-clock.ts';

const base64 = (text: string): string => Buffer.from(text).toString('base64');
const call = { method: 'GET', path: '/api' } as const;

t.test('a kubeconfig that is missing, damaged or names no cluster is an error of its own', async (t) => {
  const path = writeKubeconfig(t, 'https://127.0.0.1:1');
  t.throws(() => loadAuth(join(tmpdir(), 'restamp-no-such-file'), systemClock), {
    code: 'RESTAMP_KUBE_CONFIG',
  });
  for (const damaged of ['{', '', 'hello', '{"current-context":"gone"}', '{"clusters":5}']) {
    writeFileSync(path, damaged);
    t.throws(() => loadAuth(path, systemClock), { code: 'RESTAMP_KUBE_CONFIG' }, damaged);
  }
});

t.test('the error of a damaged kubeconfig does not quote the lines around the damage', async (t) => {
  const path = writeKubeconfig(t, 'https://127.0.0.1:1');
  writeFileSync(path, 'users:\n- name: u\n  user: {token: "CANARY-token\n- b: : :\n');
  try {
    loadAuth(path, systemClock);
    t.fail('it was read');
  } catch (error) {
    const { stack, message, cause } = error as Error;
    t.notMatch([stack, message, String(cause)].join('\n'), 'CANARY');
  }
});

t.test('the address has no slash at the end, and the namespace is that of the context', async (t) => {
  const named = connect(t, 'https://127.0.0.1:1///', { namespace: 'team-a' });
  t.equal(named.auth.server, 'https://127.0.0.1:1');
  t.match(named.auth, { namespace: 'team-a', insecure: false, inCluster: false });
  const unnamed = connect(t, 'http://127.0.0.1:1');
  t.match(unnamed.auth, { namespace: 'default', insecure: true });
});

t.test('a token and a name with a password are sent as such', async (t) => {
  const api = await fakeApiServer(t);
  api.answer((exchange) => exchange.json({}));
  await connect(t, api.url, { user: { token: 'tok' } }).client.send(call);
  await connect(t, api.url, { user: { username: 'ann', password: 'p:w' } }).client.send(call);
  await connect(t, api.url).client.send(call);
  t.same(
    api.requests.items.map(({ headers }) => headers['authorization']),
    ['Bearer tok', `Basic ${base64('ann:p:w')}`, undefined],
  );
});

t.test('credentials are asked for once in ten seconds, and again when they were refused', async (t) => {
  const clock = fakeClock(0);
  const { auth, kubeconfig } = connect(t, 'http://127.0.0.1:1', { clock, user: { token: 'one' } });
  const first = await auth.credentials();
  clock.advance(9_999);
  t.equal(await auth.credentials(), first);
  clock.advance(1);
  const second = await auth.credentials();
  t.not(second, first);
  t.equal(second.dispatcher, first.dispatcher, 'the connections stay');

  const other = writeKubeconfig(t, 'http://127.0.0.1:1', { user: { token: 'two' } });
  copyFileSync(other, kubeconfig);
  t.equal((await auth.credentials()).headers['Authorization'], 'Bearer one');
  auth.renew(auth.renewals);
  t.equal((await auth.credentials()).headers['Authorization'], 'Bearer two');
});

t.test('the certificate of the API server is checked under the CA of the kubeconfig', async (t) => {
  const ca = await issueCa(Date.now());
  const other = await issueCa(Date.now());
  const leaf = await issueLeaf(ca, ['127.0.0.1'], Date.now());
  const api = await fakeApiServer(t, { key: leaf.keyPem, cert: leaf.certPem });
  api.answer((exchange) => exchange.json({ ok: true }));
  const trusting = (certPem: string) =>
    connect(t, api.url, { cluster: { 'certificate-authority-data': base64(certPem) } }).client.send(call);
  t.same(await trusting(ca.certPem), { ok: true });
  await t.rejects(trusting(other.certPem), { code: 'RESTAMP_KUBE_UNAVAILABLE' });
  await t.rejects(connect(t, api.url).client.send(call), { code: 'RESTAMP_KUBE_UNAVAILABLE' });
  const insecure = { cluster: { 'insecure-skip-tls-verify': true } };
  t.same(await connect(t, api.url, insecure).client.send(call), { ok: true });
});

t.test('tls-server-name is the name that is asked for and checked', async (t) => {
  const ca = await issueCa(Date.now());
  const leaf = await issueLeaf(ca, ['kubernetes.example'], Date.now());
  const asked: string[] = [];
  const api = await fakeApiServer(t, {
    key: leaf.keyPem,
    cert: leaf.certPem,
    SNICallback: (name, done) => {
      asked.push(name);
      done(null);
    },
  });
  api.answer((exchange) => exchange.json({ ok: true }));
  const trust = { 'certificate-authority-data': base64(ca.certPem) };
  const named = connect(t, api.url, { cluster: { ...trust, 'tls-server-name': 'kubernetes.example' } });
  t.same(await named.client.send(call), { ok: true });
  t.same(asked, ['kubernetes.example']);
  await t.rejects(connect(t, api.url, { cluster: trust }).client.send(call), {
    code: 'RESTAMP_KUBE_UNAVAILABLE',
  });
});

t.test('the client certificate of the kubeconfig is shown to the API server', async (t) => {
  const ca = await issueCa(Date.now());
  const leaf = await issueLeaf(ca, ['127.0.0.1'], Date.now());
  const clients = await issueCa(Date.now());
  const api = await fakeApiServer(t, {
    key: leaf.keyPem,
    cert: leaf.certPem,
    ca: clients.certPem,
    requestCert: true,
    rejectUnauthorized: false,
  });
  const trust = { 'certificate-authority-data': base64(ca.certPem) };
  api.answer((exchange) => exchange.json({}));
  const user = {
    'client-certificate-data': base64(clients.certPem),
    'client-key-data': base64(clients.keyPem),
  };
  await connect(t, api.url, { cluster: trust }).client.send(call);
  await connect(t, api.url, { cluster: trust, user }).client.send(call);
  t.same(
    api.requests.items.map(({ certificate }) => certificate),
    [undefined, new X509Certificate(clients.certPem).fingerprint256],
  );
});
