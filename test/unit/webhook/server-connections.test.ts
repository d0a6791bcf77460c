import { once } from 'node:events';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { X509Certificate } from 'node:crypto';
import { Agent } from 'node:https';
import t, { type Test } from 'tap';
import { issueLeaf } from '../../../certs/issue.ts';
import { tlsOptionsOf } from '../../../certs/leaf.ts';
import { systemClock } from '../../../src/clock.ts';
import { connectTo } from '../../support/certs/handshake.ts';
import {
  ca,
  good,
  MAX_BYTES,
  openDoor,
  PATH,
  tls,
  type Door,
} from '../../support/webhook/admission-server-harness.ts';

/** A connection on which the test writes what it likes. */
async function rawConnection(t: Test, door: Door): Promise<TLSSocket & { heard: () => string }> {
  const socket = connectTls({ host: '127.0.0.1', port: door.server.address.port, ca: ca.certPem });
  t.teardown(() => socket.destroy());
  await once(socket, 'secureConnect');
  let text = '';
  socket.on('data', (chunk) => {
    text += String(chunk);
  });
  return Object.assign(socket, { heard: () => text });
}

const head = (length: number): string =>
  `POST ${PATH} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${length}\r\n\r\n`;

t.test('a connection is kept and used again', async (t) => {
  const door = await openDoor(t);
  const [one, two] = [await door.send(good), await door.send(good)];
  t.ok(one.from);
  t.equal(one.from, two.from);
  t.not(one.headers.connection, 'close');
  t.ok(
    Number(/timeout=(\d+)/.exec(String(one.headers['keep-alive']))?.[1]) > 90,
    'longer than the API server does',
  );
});

t.test('while it drains it answers, and hands every connection back', async (t) => {
  const door = await openDoor(t);
  const before = await door.send(good);
  door.server.drain();
  const during = await door.send(good);
  t.equal(during.status, 200);
  t.equal(during.from, before.from);
  t.equal(during.headers.connection, 'close');
  const after = await door.send(good);
  t.equal(after.status, 200);
  t.not(after.from, before.from, 'a new connection is still taken');
  t.equal(after.headers.connection, 'close');
});

t.test('a connection on which nothing was ever asked does not keep it from closing', async (t) => {
  let passed: (() => void) | undefined;
  const clock = {
    ...systemClock,
    after: (_ms: number, run: () => void) => {
      passed = run;
      return () => (passed = undefined);
    },
  };
  const door = await openDoor(t, { clock });
  const socket = await rawConnection(t, door);
  await door.send(good);
  const ended = once(socket, 'close');
  const closed = door.server.close();
  passed?.();
  await Promise.all([closed, ended]);
  t.equal(passed, undefined, 'nothing is left to wait for');
});

t.test('what comes after close on an open connection is sent elsewhere', async (t) => {
  const door = await openDoor(t);
  const socket = await rawConnection(t, door);
  const whole = head(Buffer.byteLength(good)) + good;
  socket.write(whole.slice(0, 30));
  // A whole review on a second connection shows that the server has read what came before it.
  await door.send(good, { agent: new Agent({ ca: ca.certPem }) });
  const closed = door.server.close();
  socket.write(whole.slice(30));
  await once(socket, 'close');
  t.match(socket.heard(), /^HTTP\/1\.1 503 /);
  t.match(socket.heard(), /retry-after: 1\r\n/i);
  t.match(socket.heard(), /connection: close\r\n/i);
  t.match(socket.heard(), 'RESTAMP_ADMISSION_STOPPING');
  await closed;
});

t.test('what is being answered when it closes is answered', async (t) => {
  const asked = Promise.withResolvers<undefined>();
  const release = Promise.withResolvers<undefined>();
  const door = await openDoor(t, {
    routes: {
      sources: async () => {
        asked.resolve(undefined);
        await release.promise;
        return {};
      },
    },
  });
  const answer = door.send(good);
  await asked.promise;
  const closed = door.server.close();
  release.resolve(undefined);
  t.equal((await answer).status, 200);
  await closed;
});

t.test(
  'large bodies on their way are bounded; more are sent elsewhere, and small ones are answered',
  async (t) => {
    const door = await openDoor(t);
    // What is announced counts as soon as the head is read, which `100 Continue` tells.
    const announce = async (): Promise<TLSSocket> => {
      const socket = await rawConnection(t, door);
      socket.write(head(MAX_BYTES).replace('\r\n\r\n', '\r\nExpect: 100-continue\r\n\r\n'));
      await once(socket, 'data');
      return socket;
    };
    const [first] = await Promise.all(Array.from({ length: 32 }, announce));
    const large = `${' '.repeat(300 * 1024)}${good}`;
    const refused = await door.send(large);
    t.equal(refused.status, 429);
    t.match(refused.headers, { 'retry-after': '1' });
    t.match(refused.body, { code: 'RESTAMP_ADMISSION_BUSY' });
    t.equal(
      refused.headers.connection,
      'keep-alive',
      'what is still sent is taken, so that the answer arrives',
    );
    t.equal((await door.send(good)).status, 200);
    first?.destroy();
    await once(first!, 'close');
    const other = await rawConnection(t, door);
    other.write(head(Buffer.byteLength(large)));
    other.write(large);
    t.equal((await door.send(good)).status, 200);
  },
);

t.test('TLS 1.3 is the oldest that is spoken', async (t) => {
  const door = await openDoor(t);
  const { port } = door.server.address;
  const asked = await rawConnection(t, door);
  t.equal(asked.getProtocol(), 'TLSv1.3');
  t.match(await connectTo(port, { ca: ca.certPem, minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' }), {
    refused: 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION',
  });
});

t.test('another certificate is served to new connections, and TLS 1.3 only as before', async (t) => {
  const door = await openDoor(t);
  const { port } = door.server.address;
  const kept = await door.send(good);
  const next = tlsOptionsOf(await issueLeaf(ca, ['127.0.0.1'], Date.now()), ca.certPem);
  const first = await rawConnection(t, door);
  door.server.setTls(next);
  const second = await rawConnection(t, door);
  const serial = (socket: TLSSocket): string | undefined => socket.getPeerX509Certificate()?.serialNumber;
  t.equal(serial(first), new X509Certificate(tls.cert).serialNumber);
  t.equal(serial(second), new X509Certificate(next.cert).serialNumber);
  t.equal((await door.send(good)).from, kept.from, 'what is connected stays');
  t.match(await connectTo(port, { ca: ca.certPem, minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' }), {
    refused: 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION',
  });
});
