import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import type { RestampError } from '../../../src/errors.ts';
import { journal } from '../../support/recording.ts';
import { connect, fakeApiServer, type Exchange } from '../../support/fake-api-server.ts';

const call = { method: 'GET', path: '/api' } as const;

/** A credential plugin whose answer is `script`; `runs` counts how often it was run. */
function plugin(t: Test, script: string): { user: object; runs: () => number } {
  const dir = mkdtempSync(join(tmpdir(), 'restamp-plugin-'));
  t.teardown(() => rmSync(dir, { recursive: true, force: true }));
  const count = join(dir, 'count');
  writeFileSync(count, '');
  const code = `
    const { appendFileSync, readFileSync } = require('node:fs');
    appendFileSync(${JSON.stringify(count)}, '.');
    const runs = readFileSync(${JSON.stringify(count)}, 'utf8').length;
    ${script}`;
  const exec = {
    apiVersion: 'client.authentication.k8s.io/v1',
    command: process.execPath,
    args: ['-e', code],
    interactiveMode: 'Never',
  };
  return { user: { exec }, runs: () => readFileSync(count, 'utf8').length };
}

const tokenScript = `console.log(JSON.stringify({
  apiVersion: 'client.authentication.k8s.io/v1',
  kind: 'ExecCredential',
  status: { token: 'token-' + runs },
}));`;

const authorized = (token: string) => (exchange: Exchange) => {
  if (exchange.headers['authorization'] === `Bearer ${token}`) exchange.json({ ok: true });
  else exchange.refuse(401);
};

t.test('the token of a credential plugin is sent, and the plugin runs again after a 401', async (t) => {
  const api = await fakeApiServer(t);
  const { user, runs } = plugin(t, tokenScript);
  const { client } = connect(t, api.url, { user });
  api.answer(authorized('token-1'));
  await client.send(call);
  await client.send(call);
  t.equal(runs(), 1);

  api.answer(authorized('token-2'));
  t.same(await client.send(call), { ok: true });
  t.equal(runs(), 2);
  t.same(
    api.requests.items.map(({ headers }) => headers['authorization']),
    ['Bearer token-1', 'Bearer token-1', 'Bearer token-1', 'Bearer token-2'],
  );
});

t.test('calls that begin together run the plugin once', async (t) => {
  const api = await fakeApiServer(t);
  const { user, runs } = plugin(t, tokenScript);
  const { client } = connect(t, api.url, { user });
  api.answer(authorized('token-1'));
  await Promise.all(Array.from({ length: 8 }, () => client.send(call)));
  t.equal(runs(), 1);
});

t.test('calls that are refused together run the plugin once more, and no oftener', async (t) => {
  const api = await fakeApiServer(t);
  const { user, runs } = plugin(t, tokenScript);
  const { client } = connect(t, api.url, { user });
  api.answer(authorized('token-1'));
  await client.send(call);
  const refused = journal<Exchange>();
  api.answer((exchange) => {
    if (exchange.headers['authorization'] === 'Bearer token-1') refused.note(exchange);
    else authorized('token-2')(exchange);
  });
  const all = Array.from({ length: 20 }, () => client.send(call));
  // One hears of it first, the others while its plugin runs and after that.
  const [first, ...others] = await refused.until(20);
  first?.refuse(401);
  for (const exchange of others.slice(0, 10)) exchange.refuse(401);
  await Promise.race(all);
  for (const exchange of others.slice(10)) exchange.refuse(401);
  await Promise.all(all);
  t.equal(runs(), 2);
});

t.test('what was asked for before a renewal is not kept after it', async (t) => {
  const { user } = plugin(t, tokenScript);
  const { auth } = connect(t, 'http://127.0.0.1:1', { user });
  const before = auth.credentials();
  auth.renew(auth.renewals);
  const after = auth.credentials();
  const old = await before;
  t.not(await auth.credentials(), old);
  t.equal(await auth.credentials(), await after);
});

t.test('a plugin that fails once does not fail the next call', async (t) => {
  const api = await fakeApiServer(t);
  api.answer((exchange) => exchange.json({ ok: true }));
  const { user } = plugin(t, `if (runs === 1) process.exit(3);${tokenScript}`);
  const { client } = connect(t, api.url, { user });
  await t.rejects(client.send(call), { code: 'RESTAMP_KUBE_UNAVAILABLE' });
  t.same(await client.send(call), { ok: true });
});

t.test('what a plugin says is cut, and an answer that is no credential is not quoted', async (t) => {
  const api = await fakeApiServer(t);
  const wordy = plugin(t, `process.stderr.write('x'.repeat(5000)); process.exitCode = 1;`);
  const cut: unknown = await connect(t, api.url, { user: wordy.user })
    .client.send(call)
    .catch((thrown: unknown) => thrown);
  t.match(cut, { code: 'RESTAMP_KUBE_UNAVAILABLE' });
  t.equal((cut as RestampError).detail, `GET /api: ${'x'.repeat(300)}`);
  const chatty = plugin(t, `console.log('CANARY-token');`);
  const error: unknown = await connect(t, api.url, { user: chatty.user })
    .client.send(call)
    .catch((thrown: unknown) => thrown);
  t.match(error, { code: 'RESTAMP_KUBE_UNAUTHORIZED' });
  const { stack, cause } = error as Error;
  t.notMatch(`${stack}${String(cause)}`, 'CANARY');
  t.equal(chatty.runs(), 2, 'it was tried once more');
});
