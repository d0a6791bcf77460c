import type { AddressInfo } from 'node:net';
import { connect, createServer } from 'node:tls';
import type { ConnectionOptions, TlsOptions } from 'node:tls';

export type Outcome =
  { readonly trusted: true; readonly protocol: string | null } | { readonly refused: string | undefined };

/** Serves once on 127.0.0.1 and connects to it; says what the client made of it. */
export async function handshake(
  serverOptions: TlsOptions,
  clientOptions: ConnectionOptions,
): Promise<Outcome> {
  // A byte, because under TLS 1.3 a client hears only after its handshake that its certificate was refused.
  const server = createServer(serverOptions, (socket) => socket.end('.'));
  server.on('tlsClientError', () => undefined);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    return await connectTo((server.address() as AddressInfo).port, clientOptions);
  } finally {
    server.close();
  }
}

/** Connects to 127.0.0.1 and says what came of it. */
export function connectTo(port: number, options: ConnectionOptions): Promise<Outcome> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port, ...options });
    socket.once('data', () => {
      resolve({ trusted: socket.authorized as true, protocol: socket.getProtocol() });
      socket.destroy();
    });
    socket.once('error', (error: NodeJS.ErrnoException) => resolve({ refused: error.code }));
    socket.once('close', () => resolve({ refused: 'closed without a word' }));
  });
}
