import { once } from 'node:events';
import { createServer as createTcpServer, type AddressInfo, type Server } from 'node:net';
import { createServer } from 'node:tls';
import t from 'tap';
import { issueCa, issueLeaf } from '../../../../certs/issue.ts';
import { systemClock } from '../../../../src/clock.ts';
import { hasNeighbours } from '../../../../webhook/replicas/probe.ts';
import type { HasTeardown } from '../../../controlplane/shared.ts';
import { ca, tls } from '../../../support/webhook/admission-server-harness.ts';

// The product's timers keep no process alive.
const awake = setInterval(() => undefined, 1_000);
t.teardown(() => clearInterval(awake));

async function urlOf(t: HasTeardown, server: Server): Promise<URL> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.close());
  return new URL(`https://127.0.0.1:${(server.address() as AddressInfo).port}`);
}

t.test('who answers with a leaf of our CA is a neighbour', async (t) => {
  const url = await urlOf(t, createServer(tls));
  t.equal(await hasNeighbours(url, ca.certPem, systemClock), true);
});

t.test('who answers with another certificate is none', async (t) => {
  const other = await issueCa(Date.now());
  const leaf = await issueLeaf(other, ['127.0.0.1'], Date.now());
  const url = await urlOf(t, createServer({ key: leaf.keyPem, cert: leaf.certPem }));
  t.equal(await hasNeighbours(url, ca.certPem, systemClock), false);
});

t.test('where nobody listens there is none', async (t) => {
  const server = createTcpServer();
  const url = await urlOf(t, server);
  server.close();
  await once(server, 'close');
  t.equal(await hasNeighbours(url, ca.certPem, systemClock), false);
});

t.test('a balancer that hands us to a replica that has ended is asked again', async (t) => {
  let connections = 0;
  const door = createServer(tls);
  const url = await urlOf(
    t,
    createTcpServer((socket) => {
      connections += 1;
      if (connections < 3) socket.destroy();
      else door.emit('connection', socket);
    }),
  );
  t.equal(await hasNeighbours(url, ca.certPem, systemClock), true);
  t.equal(connections, 3);
});
