import type { Readable } from 'node:stream';
import Fastify, {
  type FastifyError,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
} from 'fastify';
import type { TlsOptions } from '../certs/leaf.ts';
import type { ReviewRoute } from '../certs/review-paths.ts';
import type { Clock } from '../src/clock.ts';
import type { Address } from '../src/config/value-types.ts';
import { reasonOf, RestampError, type ErrorCode } from '../src/errors.ts';
import { Bodies } from './request/bodies.ts';
import type { Callers } from './callers/callers.ts';
import { Connections } from './callers/connections.ts';
import type { Refusal } from './callers/refusals.ts';
import { allow, parseReview, type ReviewAnswer, type ReviewRequest } from './request/admission-review.ts';

/** Answers a review; what it throws becomes HTTP 4xx by its code, or 500, and the write goes on without us. */
type Route = (request: ReviewRequest) => ReviewAnswer | Promise<ReviewAnswer>;

export type AdmissionOptions = {
  readonly clock: Clock;
  readonly tls: TlsOptions;
  /** Who calls, by a client certificate. */
  readonly callers: Pick<Callers, 'areNamed' | 'isApiServer' | 'isReplica'>;
  readonly listen: Address;
  readonly maxBytes: number;
  /** What answers the reviews of each kind, and which of them are asked for at a path; undefined at a stranger's guess. */
  readonly routes: Readonly<Partial<Record<ReviewRoute, Route>>>;
  readonly routeOf: (path: string) => ReviewRoute | undefined;
  /** Hears of every answer: seconds, and the code of what went wrong. */
  readonly observe: (answered: {
    seconds: number;
    outcome: ErrorCode | 'allowed';
    request?: ReviewRequest;
  }) => void;
  readonly onError: (error: RestampError) => void;
  /** Hears of every call that was refused because of who calls, or where; `observe` and `onError` do not. */
  readonly onRefused: (reason: Refusal) => void;
  /** Takes what only other replicas may send, each with a certificate of our CA. What it throws is answered by its code. */
  readonly replicas?: { readonly path: string; readonly take: (body: unknown) => void };
};

export type AdmissionServer = {
  /** Where it listens. */
  readonly address: Address;
  /** Serves new connections with another certificate; takes every option, because none is remembered. */
  setTls(tls: AdmissionOptions['tls']): void;
  /** Goes on answering, but hands every connection back: other replicas take the next reviews. */
  drain(): void;
  close(): Promise<void>;
};

/** The API server closes idle connections after 90 s; it must be the one that does (webhooks.md 0.4). */
const KEEP_ALIVE_MS = 130_000;
const HANDSHAKE_MS = 10_000;
const HEADERS_MS = 10_000;
const REQUEST_MS = 15_000;
/** How often it is looked whether these times are over. */
const CHECK_MS = 1_000;
/** How long close waits for what is half sent: no review is awaited longer by the API server. */
const LAST_MS = 3_000;
/** What the address of a stranger's request is replaced by; nothing is served there. */
const NOWHERE = '/';
const MAX_LINGERING = 64 * 1024 * 1024;
const LINGERING: ReadonlySet<ErrorCode> = new Set(['RESTAMP_ADMISSION_BUSY', 'RESTAMP_ADMISSION_TOO_LARGE']);
const REFUSED_BY: ReadonlyMap<ErrorCode, Refusal> = new Map([
  ['RESTAMP_ADMISSION_ROUTE', 'path'],
  ['RESTAMP_ADMISSION_CALLER', 'client'],
  ['RESTAMP_ADMISSION_REPLICA', 'replica'],
]);

/** Serves admission reviews over TLS 1.3 and HTTP/1.1, which is all that the API server speaks to a Service. */
export async function startAdmissionServer(options: AdmissionOptions): Promise<AdmissionServer> {
  const app = Fastify({
    // A certificate is asked for and need not be shown: the API server may have none.
    https: {
      ...options.tls,
      requestCert: true,
      rejectUnauthorized: false,
      handshakeTimeout: HANDSHAKE_MS,
      headersTimeout: HEADERS_MS,
      connectionsCheckingInterval: CHECK_MS,
    },
    keepAliveTimeout: KEEP_ALIVE_MS,
    requestTimeout: REQUEST_MS,
    return503OnClosing: false,
    logger: false,
    // From here on a request bears no secret: only the name of its route, or nothing.
    rewriteUrl: ({ url = '' }) => routeOfUrl(url),
  });
  const { replicas } = options;
  const routeOfUrl = (url: string): string => {
    const path = url.split('?', 1)[0] ?? '';
    const route = path === replicas?.path ? path : options.routeOf(path);
    return route === undefined ? NOWHERE : route === path ? path : `/${route}`;
  };
  let draining = false;
  let stopping = false;
  const bodies = new Bodies(options);
  const connections = new Connections(app.server);

  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', (request: FastifyRequest, payload: Readable) =>
    bodies.read(payload, Number(request.headers['content-length'] ?? NaN)),
  );
  app.addHook('onRequest', (request, reply, done) => {
    const stranger = strangerAt(request, options);
    if (stranger !== undefined) {
      // What it has sent, or still sends, is not read.
      reply.header('connection', 'close');
      done(stranger);
      return;
    }
    if (stopping) {
      reply.header('retry-after', '1').header('connection', 'close');
      done(new RestampError('RESTAMP_ADMISSION_STOPPING', 'another replica answers'));
      return;
    }
    connections.prove(request.raw.socket);
    if (draining) reply.header('connection', 'close');
    done();
  });
  for (const [route, answer] of Object.entries(options.routes)) addRoute(app, `/${route}`, answer, options);
  if (replicas !== undefined)
    app.post(replicas.path, async (request, reply) => {
      replicas.take(request.body);
      return reply.code(204).send();
    });
  app.setNotFoundHandler((request, reply) =>
    fail(reply, new RestampError('RESTAMP_ADMISSION_METHOD', `${request.method} ${request.url}`), options),
  );
  app.setErrorHandler((error: FastifyError, _request, reply) => fail(reply, translate(error), options));
  await app.listen(options.listen);

  const server = app.server;
  const bound = server.address();
  return {
    address: {
      host: options.listen.host,
      port: typeof bound === 'object' && bound !== null ? bound.port : 0,
    },
    setTls: (tls) => server.setSecureContext(tls),
    drain: () => {
      draining = true;
    },
    close: () => {
      stopping = true;
      // The API server opens more connections than it uses in a burst. Node takes those for busy, and waits for
      // the API server to end them, after 90 s.
      const cancel = options.clock.after(LAST_MS, () => server.closeAllConnections());
      return app.close().finally(cancel);
    },
  };
}

/** Why a caller is none of those that we answer; undefined for one of them. Decided from the head of a request alone. */
function strangerAt(
  { url, method, raw: { socket } }: FastifyRequest,
  { replicas, callers }: AdmissionOptions,
): RestampError | undefined {
  if (url === NOWHERE) return new RestampError('RESTAMP_ADMISSION_ROUTE', method);
  if (url === replicas?.path)
    return callers.isReplica(socket) ? undefined : new RestampError('RESTAMP_ADMISSION_REPLICA', url);
  const isMeant = !callers.areNamed || callers.isApiServer(socket);
  return isMeant ? undefined : new RestampError('RESTAMP_ADMISSION_CALLER', url);
}

function addRoute(app: FastifyInstance, path: string, answer: Route, { observe }: AdmissionOptions): void {
  app.post(path, async (httpRequest, reply) => {
    const started = performance.now();
    const request = parseReview(httpRequest.body);
    const body = allow(request, await answer(request));
    observe({ seconds: (performance.now() - started) / 1000, outcome: 'allowed', request });
    return reply.send(body);
  });
}

/** Names what fastify found wrong by our own codes; anything else is a bug of ours and fails open as HTTP 500. */
function translate(error: FastifyError | RestampError): RestampError {
  if (error instanceof RestampError) return error;
  switch (error.code) {
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      return new RestampError('RESTAMP_ADMISSION_MEDIA_TYPE', reasonOf(error));
    case 'FST_ERR_CTP_EMPTY_JSON_BODY':
    case 'FST_ERR_CTP_INVALID_CONTENT_LENGTH':
      return new RestampError('RESTAMP_ADMISSION_JSON', reasonOf(error));
    default:
      return new RestampError('RESTAMP_ADMISSION_INTERNAL', reasonOf(error), { cause: error });
  }
}

function fail(
  reply: FastifyReply,
  error: RestampError,
  { observe, onError, onRefused }: AdmissionOptions,
): FastifyReply {
  const refusal = REFUSED_BY.get(error.code);
  if (error.code === 'RESTAMP_ADMISSION_BUSY') reply.header('retry-after', '1');
  // What is still sent is thrown away: who closes at once resets the connection, and the answer is lost with it.
  const left = Number(reply.request.headers['content-length'] ?? 0);
  if (LINGERING.has(error.code) && left <= MAX_LINGERING) reply.header('connection', 'keep-alive');
  if (refusal !== undefined) onRefused(refusal);
  else {
    observe({ seconds: reply.elapsedTime / 1000, outcome: error.code });
    onError(error);
  }
  return reply.code(error.status).send({ code: error.code, message: error.message, remedy: error.remedy });
}
