import Fastify from 'fastify';
import type { Address } from '../config/value-types.ts';
import { reasonOf, RestampError } from '../errors.ts';

/** The API server's proxy strips Authorization, so the token has a header of its own. */
const TOKEN_HEADER = 'x-restamp-token';

export type OpsOptions = {
  readonly listen: Address;
  /** What keeps this process from being ready: one line each; none means ready. */
  readonly unready: () => readonly string[];
  /** Whether the bearer of a token may read the status. */
  readonly mayRead: (token: string) => Promise<boolean>;
  readonly metrics: () => Promise<{ readonly type: string; readonly text: string }>;
};

export type OpsServer = {
  readonly address: Address;
  /** From now on this is the status, for those who may know it: names of workloads and sources that wait. */
  show(status: () => object): void;
  close(): Promise<void>;
};

/** Health and metrics, over plain HTTP: `/livez`, `/live` (Reloader's), `/readyz`, `/metrics`. */
export async function startOpsServer({ listen, unready, mayRead, metrics }: OpsOptions): Promise<OpsServer> {
  const app = Fastify({ logger: false });
  let status: () => object = () => ({ leader: false, waiting: [] });
  app.get('/livez', () => 'ok');
  app.get('/live', () => 'alive');
  app.get('/readyz', (_request, reply) => {
    const reasons = unready();
    return reply
      .code(reasons.length === 0 ? 200 : 503)
      .send(reasons.length === 0 ? 'ok' : `${reasons.join('\n')}\n`);
  });
  app.get('/status', async (request, reply) => {
    const token = request.headers[TOKEN_HEADER];
    if (typeof token !== 'string' || !(await mayRead(token)))
      throw new RestampError('RESTAMP_OPS_FORBIDDEN', 'GET /status');
    return reply.send(status());
  });
  app.setErrorHandler((error, _request, reply) => {
    const known =
      error instanceof RestampError ? error : new RestampError('RESTAMP_OPS_INTERNAL', reasonOf(error));
    return reply.code(known.status).send({ code: known.code, message: known.message, remedy: known.remedy });
  });
  app.get('/metrics', async (_request, reply) => {
    const { type, text } = await metrics();
    return reply.type(type).send(text);
  });
  await app.listen(listen);
  const bound = app.server.address();
  return {
    address: { host: listen.host, port: typeof bound === 'object' && bound !== null ? bound.port : 0 },
    show: (next) => {
      status = next;
    },
    close: () => app.close(),
  };
}
