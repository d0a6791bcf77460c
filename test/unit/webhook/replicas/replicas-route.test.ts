import t, { type Test } from 'tap';
import { issueCa, issueLeaf } from '../../../../certs/issue.ts';
import { Agent } from 'node:https';
import type { Sighting } from '../../../../src/attribution/sightings.ts';
import { formatSightings, MAX_BATCH, parseSightings } from '../../../../webhook/replicas/sighting-codec.ts';
import { ca, good, openDoor, tls, type Door } from '../../../support/webhook/admission-server-harness.ts';
import { seen } from '../../../support/webhook/sighting-fixture.ts';

const PATH = '/sightings';

async function openReplicas(t: Test): Promise<Door & { taken: Sighting[] }> {
  const taken: Sighting[] = [];
  const door = await openDoor(t, {
    replicas: { path: PATH, take: (body) => void taken.push(...parseSightings(body)) },
  });
  return { ...door, taken };
}

const withCertificate = (pair: { key: string; cert: string }) => ({
  path: PATH,
  agent: new Agent({ ca: ca.certPem, ...pair }),
});

t.test('a replica with a leaf of our CA is heard', async (t) => {
  const door = await openReplicas(t);
  const answer = await door.send(formatSightings([seen, { ...seen, user: 'bob' }]), withCertificate(tls));
  t.equal(answer.status, 204);
  t.same(door.taken, [seen, { ...seen, user: 'bob' }]);
});

t.test('who shows no certificate, or one of another CA, is not heard', async (t) => {
  const door = await openReplicas(t);
  const body = formatSightings([seen]);
  const other = await issueLeaf(await issueCa(Date.now()), ['127.0.0.1'], Date.now());
  for (const more of [{ path: PATH }, withCertificate({ key: other.keyPem, cert: other.certPem })]) {
    const answer = await door.send(body, more);
    t.equal(answer.status, 403);
    t.match(answer.body, { code: 'RESTAMP_ADMISSION_REPLICA' });
  }
  t.same(door.refused, ['replica', 'replica']);
  t.same(door.taken, []);
});

t.test('the API server shows none, and its reviews are answered', async (t) => {
  const door = await openReplicas(t);
  t.equal((await door.send(good)).status, 200);
});

t.test('what is malformed is refused as a whole, and none of it is quoted', async (t) => {
  const door = await openReplicas(t);
  const canary = 'canary-7c1d';
  for (const body of [
    'null',
    '[]',
    '{"v":2,"sightings":[]}',
    '{"v":1}',
    '{"v":1,"sightings":[null]}',
    JSON.stringify({ v: 1, sightings: [{ ...seen, type: canary }] }),
    JSON.stringify({ v: 1, sightings: [seen, { ...seen, user: { canary } }] }),
    JSON.stringify({ v: 1, sightings: [{ ...seen, keys: ['a', 1] }] }),
    JSON.stringify({ v: 1, sightings: [{ ...seen, at: canary }] }),
    formatSightings(Array.from({ length: MAX_BATCH + 1 }, () => seen)),
  ]) {
    const answer = await door.send(body, withCertificate(tls));
    t.equal(answer.status, 400, body.slice(0, 60));
    t.match(answer.body, { code: 'RESTAMP_ADMISSION_SIGHTINGS' });
    t.notMatch(JSON.stringify(answer.body), canary);
  }
  t.equal((await door.send('{', withCertificate(tls))).status, 400);
  t.equal((await door.send(undefined, { ...withCertificate(tls), method: 'GET' })).status, 405);
  t.same(door.taken, []);
});

t.test('nothing is taken over but what a sighting has', async (t) => {
  const [one] = parseSightings({ v: 1, sightings: [{ ...seen, data: { a: 'x' } }] });
  t.same(one, seen);
});
