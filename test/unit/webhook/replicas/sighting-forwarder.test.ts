import { once } from 'node:events';
import { createServer } from 'node:net';
import t, { type Test } from 'tap';
import type { Sighting } from '../../../../src/attribution/sightings.ts';
import {
  Forwarder,
  replicaAddress,
  SIGHTINGS_PATH,
} from '../../../../webhook/replicas/sighting-forwarder.ts';
import { parseSightings } from '../../../../webhook/replicas/sighting-codec.ts';
import { journal } from '../../../support/recording.ts';
import { openDoor, tls } from '../../../support/webhook/admission-server-harness.ts';
import { seen } from '../../../support/webhook/sighting-fixture.ts';

function forwarder(t: Test, leader: () => string | undefined) {
  const counts = journal<{ outcome: string; sightings: number }>();
  const made = new Forwarder({
    leader,
    tls: () => tls,
    count: (outcome, sightings) => counts.note({ outcome, sightings }),
  });
  t.teardown(() => made.close());
  return { made, counts };
}

async function leading(t: Test) {
  const taken = journal<Sighting>();
  const { server } = await openDoor(t, {
    replicas: {
      path: SIGHTINGS_PATH,
      take: (body) => {
        for (const one of parseSightings(body)) taken.note(one);
      },
    },
  });
  return { address: `127.0.0.1:${server.address.port}`, taken };
}

t.test('the leader hears what was seen, in order, over mutual TLS', async (t) => {
  const { address, taken } = await leading(t);
  const { made, counts } = forwarder(t, () => address);
  for (const user of ['ann', 'bob', 'cat']) made.forward({ ...seen, user });
  await taken.until(3);
  t.same(
    taken.items.map(({ user }) => user),
    ['ann', 'bob', 'cat'],
  );
  await counts.until(1);
  t.same(counts.items, [{ outcome: 'sent', sightings: 3 }], 'one batch');
});

t.test('who leads, or knows no leader, sends nothing', async (t) => {
  const { made, counts } = forwarder(t, () => undefined);
  made.forward(seen);
  t.same(counts.items, []);
});

t.test('a leader that is not there, or whose address is none, costs only what was to be sent', async (t) => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  const { address, taken } = await leading(t);
  const leaders = [`127.0.0.1:${port}`, 'no address', address];
  let leader = leaders[0];
  const { made, counts } = forwarder(t, () => leader);
  for (const [index, one] of leaders.entries()) {
    leader = one;
    made.forward(seen);
    await counts.until(index + 1);
  }
  t.same(
    counts.items.map(({ outcome }) => outcome),
    ['failed', 'failed', 'sent'],
  );
  t.equal(taken.items.length, 1);
});

t.test('what waits for a leader that does not answer is bounded', async (t) => {
  const silent = createServer().listen(0, '127.0.0.1');
  await once(silent, 'listening');
  t.teardown(() => silent.close());
  const { port } = silent.address() as { port: number };
  const { made, counts } = forwarder(t, () => `127.0.0.1:${port}`);
  for (let count = 0; count < 1_010; count += 1) made.forward(seen);
  t.equal(counts.items.filter(({ outcome }) => outcome === 'dropped').length, 10);
});

t.test('the address of a replica is a host, or host and port', async (t) => {
  const listen = { host: '0.0.0.0', port: 9443 };
  t.equal(replicaAddress(undefined, listen), undefined);
  t.equal(replicaAddress('10.0.0.7', listen), '10.0.0.7:9443');
  t.equal(replicaAddress('fd00::7', listen), '[fd00::7]:9443');
  t.equal(replicaAddress('127.0.0.1:1234', listen), '127.0.0.1:1234');
});
