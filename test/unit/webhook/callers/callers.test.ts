import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { Agent } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { issueCa, issueLeaf } from '../../../../certs/issue.ts';
import type { CertPair } from '../../../../certs/validity.ts';
import { Callers } from '../../../../webhook/callers/callers.ts';
import { followClientCa, readClientCa } from '../../../../webhook/callers/client-ca.ts';
import { fakeClock } from '../../../support/fake-clock.ts';
import { ca, good, openDoor, tls, type Door } from '../../../support/webhook/admission-server-harness.ts';

const [clientCa, otherCa] = [await issueCa(Date.now()), await issueCa(Date.now())];
const leafOf = (issuer: CertPair, ...names: string[]): Promise<CertPair> =>
  issueLeaf(issuer, names, Date.now());
const apiServer = await leafOf(clientCa, 'kube-apiserver.example.org', 'api');
const showing = ({ keyPem, certPem }: CertPair, keepAlive = false) => ({
  agent: new Agent({ ca: ca.certPem, key: keyPem, cert: certPem, keepAlive }),
});
const ours = { keyPem: tls.key, certPem: tls.cert };

/** A door that asks for a certificate of the API server. */
function guarded(t: Test, names: readonly string[], callers?: Callers): Promise<Door> {
  const made = callers ?? new Callers({ caPem: ca.certPem, client: { caPem: clientCa.certPem, names } });
  return openDoor(t, {
    tls: { ...tls, ca: made.trusted },
    callers: made,
    replicas: { path: '/sightings', take: () => undefined },
  });
}

t.test(
  'who shows a certificate of the CA for it is answered; nobody else, at the right address either',
  async (t) => {
    const door = await guarded(t, []);
    t.equal((await door.send(good, showing(apiServer))).status, 200);
    const others = [{}, showing(await leafOf(otherCa, 'api')), showing(ours)];
    for (const more of others) {
      const answer = await door.send(good, more);
      t.equal(answer.status, 403);
      t.match(answer.body, { code: 'RESTAMP_ADMISSION_CALLER' });
      t.equal(answer.headers.connection, 'close');
    }
    t.same(door.refused, ['client', 'client', 'client']);
    t.equal(door.reviewed.length, 1);
    t.equal(
      (await door.send(good, { ...showing(apiServer), path: '/sources' })).status,
      404,
      'and no other address',
    );
  },
);

t.test('replicas are told apart from clients', async (t) => {
  const door = await guarded(t, []);
  const path = '/sightings';
  t.equal((await door.send('{}', { path, ...showing(ours) })).status, 204);
  t.equal((await door.send('{}', { path, ...showing(apiServer) })).status, 403);
});

t.test('where names are given, the certificate must bear one of them, whole', async (t) => {
  const wild = await leafOf(clientCa, '*.example.org');
  for (const [names, shown, status] of [
    [['api'], apiServer, 200],
    [['other', 'kube-apiserver.example.org'], apiServer, 200],
    [['restamp'], apiServer, 200],
    [['other'], apiServer, 403],
    [['example.org', 'ap', 'api2', '*.example.org', 'system:masters'], apiServer, 403],
    [['kube-apiserver.example.org'], wild, 403],
  ] as const) {
    const door = await guarded(t, names);
    t.equal((await door.send(good, showing(shown))).status, status, names.join());
  }
});

t.test('another CA for clients counts from the next connection on', async (t) => {
  const callers = new Callers({ caPem: ca.certPem, client: { caPem: clientCa.certPem, names: [] } });
  const door = await guarded(t, [], callers);
  const next = await leafOf(otherCa, 'api');
  t.equal((await door.send(good, showing(next))).status, 403);
  callers.setClientCa(otherCa.certPem);
  door.server.setTls({ ...tls, ca: callers.trusted });
  t.equal((await door.send(good, showing(next))).status, 200);
  t.equal((await door.send(good, showing(apiServer))).status, 403);
  t.equal(
    (await door.send('{}', { path: '/sightings', ...showing(ours) })).status,
    204,
    'ours is trusted as ever',
  );
});

t.test('a CA that cannot be read is named, and the one before counts on', async (t) => {
  const callers = new Callers({ caPem: ca.certPem, client: { caPem: clientCa.certPem, names: [] } });
  const before = callers.trusted;
  for (const pem of ['', 'x', clientCa.keyPem, clientCa.certPem.replace(/M/g, 'N')])
    t.throws(() => callers.setClientCa(pem), { code: 'RESTAMP_CERTS_CLIENT_CA' });
  t.equal(callers.trusted, before);
  callers.setClientCa(`${clientCa.keyPem}${otherCa.certPem}`);
  t.notMatch(callers.trusted, 'PRIVATE KEY');
  t.throws(() => readClientCa('/nowhere/ca.crt'), { code: 'RESTAMP_CERTS_CLIENT_CA' });
});

t.test('the file is read again when its content changes; what does not do is told once', async (t) => {
  const dir = await mkdtemp(join(tmpdir(), 'restamp-ca-'));
  t.teardown(() => rm(dir, { recursive: true }));
  const path = join(dir, 'ca.crt');
  await writeFile(path, 'one');
  const clock = fakeClock(0);
  const [changes, errors]: [string[], unknown[]] = [[], []];
  const onChange = (pem: string): void => {
    if (pem === 'bad') throw new Error('it does not do');
    changes.push(pem);
  };
  const end = followClientCa(readClientCa(path), {
    path,
    clock,
    onChange,
    onError: (error) => errors.push(error),
  });
  clock.advance(300_000);
  await writeFile(path, 'two');
  clock.advance(300_000);
  await writeFile(path, 'bad');
  clock.advance(300_000);
  await rm(path);
  clock.advance(300_000);
  await writeFile(path, 'three');
  clock.advance(60_000);
  t.same(changes, ['two', 'three']);
  t.match(errors, [{ message: 'it does not do' }, { code: 'RESTAMP_CERTS_CLIENT_CA' }]);
  end();
  t.equal(clock.waiting(), 0);
});
