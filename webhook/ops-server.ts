import Fastify from 'fastify';
import type { Address } from '../src/config.ts';

export type OpsOptions = {
  readonly listen: Address;
  /** What keeps this process from being ready: one line each; none means ready. */
  readonly unready: () => readonly string[];
  readonly metrics: () => Promise<{ readonly type: string; readonly text: string }>;
};

export type OpsServer = { readonly address: Address; close(): Promise<void> };

/** Health and metrics, over plain HTTP: `/livez`, `/live` (Reloader's), `/readyz`, `/metrics`. */
export async function startOpsServer({ listen, unready, metrics }: OpsOptions): Promise<OpsServer> {
  const app = Fastify({ logger: false });
  app.get('/livez', () => 'ok');
  app.get('/live', () => 'alive');
  app.get('/readyz', (_request, reply) => {
    const reasons = unready();
    return reply
      .code(reasons.length === 0 ? 200 : 503)
      .send(reasons.length === 0 ? 'ok' : `${reasons.join('\n')}\n`);
  });
  app.get('/metrics', async (_request, reply) => {
    const { type, text } = await metrics();
    return reply.type(type).send(text);
  });
  await app.listen(listen);
  const bound = app.server.address();
  return {
    address: { host: listen.host, port: typeof bound === 'object' && bound !== null ? bound.port : 0 },
    close: () => app.close(),
  };
}
