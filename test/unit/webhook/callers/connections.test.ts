import { EventEmitter, once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import type { Server as HttpsServer } from 'node:https';
import t, { type Test } from 'tap';
import { Connections } from '../../../../webhook/callers/connections.ts';

/** A server that takes so many connections, and the means to make more. */
async function serving(t: Test, max: number) {
  const server: Server = createServer();
  const connections = new Connections(server as unknown as HttpsServer, max);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.close());
  const { port } = server.address() as AddressInfo;
  const open = async () => {
    const accepted = once(server, 'connection') as Promise<[Socket]>;
    const client = connect(port, '127.0.0.1');
    client.on('error', () => undefined);
    t.teardown(() => client.destroy());
    const [socket] = await accepted;
    socket.on('error', () => undefined);
    return { client, socket };
  };
  return { connections, open };
}

t.test('where there are too many, the oldest goes that has asked for nothing', async (t) => {
  const { connections, open } = await serving(t, 3);
  const [proven, silent] = [await open(), await open()];
  connections.prove(proven.socket);
  await open();
  t.equal(connections.size, 3);
  const gone = once(silent.client, 'close');
  const young = await open();
  await gone;
  t.notOk(young.socket.destroyed);
  t.notOk(proven.socket.destroyed);
});

t.test('where all are proven, a new one is not taken', async (t) => {
  const { connections, open } = await serving(t, 2);
  for (const { socket } of [await open(), await open()]) connections.prove(socket);
  const { client } = await open();
  await once(client, 'close');
  t.equal(connections.size, 2);
});

t.test('what is closed leaves its place', async (t) => {
  const server = new EventEmitter();
  const connections = new Connections(server as unknown as HttpsServer, 1);
  const socket = () =>
    Object.assign(new EventEmitter(), {
      remoteAddress: '::1',
      remotePort: 1,
      destroyed: false,
      destroy() {
        this.destroyed = true;
      },
    });
  const [first, second] = [socket(), socket()];
  server.emit('connection', first);
  first.emit('close');
  server.emit('connection', second);
  t.equal(connections.size, 1);
  t.notOk(second.destroyed);
});
