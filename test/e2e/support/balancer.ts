import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import type { HasTeardown } from '../../controlplane/shared.ts';

/** A TCP balancer: each connection goes to the next backend, and past those that do not listen. */
export type Balancer = {
  readonly url: string;
  /** Ports of the loopback; may be changed at any time. */
  backends: number[];
  /** Ends every connection, so that whoever calls next is handed to the next backend. */
  turn(): Promise<void>;
};

/** Starts a balancer without backends; it ends with `t`. */
export async function startBalancer(t: HasTeardown): Promise<Balancer> {
  const clients = new Set<Socket>();
  let next = 0;
  const hand = (client: Socket, tries: number): void => {
    const { backends } = balancer;
    const port = backends[next % Math.max(backends.length, 1)];
    next += 1;
    if (port === undefined || tries === 0) {
      client.destroy();
      return;
    }
    const backend = connect(port, '127.0.0.1');
    backend.once('error', () => hand(client, tries - 1));
    backend.once('connect', () => {
      backend.removeAllListeners('error').on('error', () => client.destroy());
      backend.on('close', () => client.destroy());
      client.on('close', () => backend.destroy());
      client.pipe(backend).pipe(client);
    });
  };
  const server = createServer((client) => {
    clients.add(client);
    client.on('close', () => clients.delete(client));
    client.on('error', () => client.destroy());
    hand(client, balancer.backends.length);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const balancer: Balancer = {
    url: `https://127.0.0.1:${port}`,
    backends: [],
    turn: async () => {
      const ends = [...clients].map((client) => once(client, 'close'));
      // The caller hears of the end before its next call, and sends that on a new connection.
      for (const client of clients) client.end();
      await Promise.all(ends);
    },
  };
  t.teardown(() => {
    server.close();
    for (const client of clients) client.destroy();
  });
  return balancer;
}
