import { once } from 'node:events';
import { connect as connectTls } from 'node:tls';
import t, { type Test } from 'tap';
import { createHmacKeys } from '../../../certs/keys.ts';
import { reviewPaths } from '../../../certs/review-paths.ts';
import { ca, good, openDoor, PATH, type Door } from '../../support/webhook/admission-server-harness.ts';

// Who reaches the port and does not know an address of ours: any pod of the cluster.

const guesses = [
  '/',
  '/sources',
  '/workloads',
  '/sources/',
  `${PATH}/`,
  PATH.slice(0, -1),
  PATH.replace('/sources/', '/workloads/'),
  reviewPaths(createHmacKeys().current).sources,
  reviewPaths(createHmacKeys().current).workloads,
  '/other?path=1',
  '/__proto__',
  '/%zz',
];

t.test('a review at a guessed address is not read, answered, logged or timed, but counted', async (t) => {
  const door = await openDoor(t, { replicas: { path: '/sightings', take: () => t.fail('it was taken') } });
  for (const path of guesses)
    for (const method of ['POST', 'GET']) {
      const answer = await door.send(method === 'POST' ? good : undefined, { path, method });
      t.equal(answer.status, 404, path);
      t.match(answer.body, { code: 'RESTAMP_ADMISSION_ROUTE' });
      t.notMatch(JSON.stringify(answer.body), path.length > 1 ? path : 'allowed', 'it is not quoted');
      t.equal(answer.headers.connection, 'close');
    }
  t.same(door.refused, Array(guesses.length * 2).fill('path'));
  t.same([door.reviewed, door.outcomes, door.errors], [[], [], []]);
  t.equal((await door.send(good)).status, 200);
});

/** What is answered to a head alone, of a body that is announced and never sent. */
async function answerToHead(t: Test, door: Door, path: string): Promise<string> {
  const socket = connectTls({ host: '127.0.0.1', port: door.server.address.port, ca: ca.certPem });
  t.teardown(() => socket.destroy());
  await once(socket, 'secureConnect');
  let text = '';
  socket.on('data', (chunk) => (text += String(chunk)));
  socket.write(
    `POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 9999\r\n\r\n`,
  );
  await once(socket, 'close');
  return text;
}

t.test('strangers are refused before their body is sent, and their connection ends', async (t) => {
  const door = await openDoor(t, { replicas: { path: '/sightings', take: () => undefined } });
  t.match(await answerToHead(t, door, '/sources'), /^HTTP\/1\.1 404 /);
  t.match(await answerToHead(t, door, '/sightings'), /^HTTP\/1\.1 403 /);
  t.same(door.refused, ['path', 'replica']);
});

t.test('strangers take no room from reviews, whatever they announce', async (t) => {
  const door = await openDoor(t);
  for (let i = 0; i < 20; i += 1)
    await door.send(undefined, { path: '/sources', headers: { 'content-length': '0' } });
  await Promise.all(Array.from({ length: 20 }, () => answerToHead(t, door, '/sources')));
  t.equal((await door.send(good)).status, 200);
});

t.test('what goes wrong at an address of ours is told without it', async (t) => {
  const door = await openDoor(t);
  const answers = [
    await door.send('{'),
    await door.send(undefined, { method: 'GET' }),
    await door.send(good, { method: 'PUT', path: `${PATH}?timeout=2s` }),
    await door.send(good, { headers: { 'content-type': 'text/plain' } }),
  ];
  t.same(
    answers.map(({ status }) => status),
    [400, 405, 405, 415],
  );
  const [, , secret = ''] = PATH.split('/');
  const told = JSON.stringify([answers, door.errors.map((error) => [error.message, error.stack])]);
  t.notMatch(told, secret);
  t.match(told, 'GET /sources');
});
