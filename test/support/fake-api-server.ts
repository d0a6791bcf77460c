import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http';
import {
  constants,
  createSecureServer,
  type Http2ServerResponse,
  type ServerHttp2Session,
  type Settings,
} from 'node:http2';
import { createServer as createTlsServer, type ServerOptions } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TLSSocket } from 'node:tls';
import type { Clock } from '../../src/clock.ts';
import { systemClock } from '../../src/clock.ts';
import { loadAuth, type Auth } from '../../src/kube/auth.ts';
import { createClient, type CallObserver, type KubeClient } from '../../src/kube/client.ts';
import { journal, type Journal } from './recording.ts';

/** One request as it came over the wire. */
export type Seen = {
  readonly method: string;
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
  /** Which connection it came by, counted from 1. */
  readonly connection: number;
  /** Fingerprint of the certificate that the client has shown. */
  readonly certificate: string | undefined;
};

/** A watch that is being answered. */
export type Stream = {
  /** One event as a line. */
  send(type: string, object: object): void;
  /** Bytes as they are, whole events or not. */
  raw(bytes: string | Buffer): void;
  /** Ends it as the API server does when its time is over. */
  readonly end: () => void;
  /** Breaks the connection; by HTTP/2, its stream alone. */
  readonly cut: () => void;
  /** Ends when the client has gone away. */
  readonly closed: Promise<void>;
};

/** A request that waits for its answer. */
export type Exchange = Seen & {
  json(body: unknown, status?: number, headers?: Record<string, string>): void;
  text(body: string, status?: number, headers?: Record<string, string>): void;
  /** A Status object, as every refusal of the API server has one. */
  refuse(code: number, message?: string, headers?: Record<string, string>): void;
  stream(): Stream;
  /** Breaks the connection instead of answering; by HTTP/2, its stream alone. */
  cut(): void;
  /** Resets the stream of HTTP/2 with this code instead of answering. */
  reset(code: number): void;
};

export type FakeApiServer = {
  readonly url: string;
  /** Every request, in order, answered or not. */
  readonly requests: Journal<Seen>;
  /** How many connections were made. */
  connections(): number;
  /** The connections of them that are there still. */
  readonly sockets: ReadonlySet<Socket>;
  /** The HTTP/2 connections of them, in order, those that have ended too. */
  readonly sessions: readonly ServerHttp2Session[];
  /** Answers from now on; what is not answered waits for `next`. */
  answer(handler: (exchange: Exchange) => void): void;
  /** The next request that no handler has taken. */
  next(): Promise<Exchange>;
  close(): Promise<void>;
};

type Teardown = { teardown(run: () => unknown): void };

/** TLS, and what an HTTP/2 server says of itself: without that, HTTP/1.1 is all it has. */
export type FakeTls = ServerOptions & { readonly http2?: Settings };

/** An API server of which the test says what it answers: real HTTP on the loopback, real sockets. */
export async function fakeApiServer(t: Teardown, tls?: FakeTls): Promise<FakeApiServer> {
  const requests = journal<Seen>();
  const queued = journal<Exchange>();
  let taken = 0;
  let connections = 0;
  let handler: ((exchange: Exchange) => void) | undefined;
  const sockets = new Set<Socket>();
  const sessions: ServerHttp2Session[] = [];
  const connectionOf = new Map<number | undefined, number>();
  const listener = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    // The socket of an HTTP/2 request is a shadow of the real one: the port of the client tells which it is.
    const seen = await readRequest(request, connectionOf.get(request.socket.remotePort) ?? 0);
    const exchange = exchangeOf(seen, response);
    requests.note(seen);
    if (handler === undefined) queued.note(exchange);
    else handler(exchange);
  };
  const handle = (request: IncomingMessage, response: ServerResponse): void => {
    void listener(request, response).catch(() => response.destroy());
  };
  const server = serverOf(handle, tls);
  server.on(tls === undefined ? 'connection' : 'secureConnection', (socket: Socket) => {
    connections += 1;
    connectionOf.set(socket.remotePort, connections);
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  server.on('session', (session: ServerHttp2Session) => {
    sessions.push(session.on('error', () => undefined));
  });
  // Only a client that goes away, or one that does not trust us, causes these.
  server.on('clientError', () => undefined).on('tlsClientError', () => undefined);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const close = async (): Promise<void> => {
    for (const socket of sockets) socket.destroy();
    if (!server.listening) return;
    server.close();
    await once(server, 'close');
  };
  t.teardown(close);
  return {
    url: `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`,
    requests,
    connections: () => connections,
    sockets,
    sessions,
    answer: (next) => {
      handler = next;
    },
    next: async () => {
      taken += 1;
      return (await queued.until(taken))[taken - 1]!;
    },
    close,
  };
}

function serverOf(handle: RequestListener, tls?: FakeTls): Server {
  if (tls === undefined) return createServer(handle);
  const { http2, ...options } = tls;
  if (http2 === undefined) return createTlsServer(options, handle);
  // It and its requests can do all that is asked of an HTTP/1.1 server here.
  // The memory, in MB, is for what a client does not read.
  const more = { allowHTTP1: true, settings: http2, maxSessionMemory: 1000 };
  const server = createSecureServer({ ...options, ...more });
  return server.on('request', handle as never) as unknown as Server;
}

async function readRequest(request: IncomingMessage, connection: number): Promise<Seen> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const url = new URL(request.url ?? '/', 'http://api');
  return {
    method: request.method ?? '',
    path: url.pathname,
    query: Object.fromEntries(url.searchParams),
    headers: request.headers,
    body: Buffer.concat(chunks).toString(),
    connection,
    certificate:
      request.socket instanceof TLSSocket
        ? request.socket.getPeerX509Certificate()?.fingerprint256
        : undefined,
  };
}

function exchangeOf(seen: Seen, response: ServerResponse): Exchange {
  const text = (body: string, status = 200, headers: Record<string, string> = {}): void => {
    response.writeHead(status, headers).end(body);
  };
  const json = (body: unknown, status = 200, headers: Record<string, string> = {}): void =>
    text(JSON.stringify(body), status, { 'content-type': 'application/json', ...headers });
  return {
    ...seen,
    text,
    json,
    refuse: (code, message = `refused with ${code}`, headers = {}) =>
      json({ kind: 'Status', apiVersion: 'v1', status: 'Failure', message, code }, code, headers),
    stream: () => streamOf(response),
    cut: () => cut(response),
    reset: (code) => (response as unknown as Http2ServerResponse).stream.close(code),
  };
}

function cut(response: ServerResponse | Http2ServerResponse): void {
  if ('stream' in response) response.stream.close(constants.NGHTTP2_INTERNAL_ERROR);
  else response.destroy();
}

function streamOf(response: ServerResponse): Stream {
  response.writeHead(200, { 'content-type': 'application/json' });
  response.flushHeaders();
  const closed = new Promise<void>((resolve) => response.once('close', resolve));
  return {
    send: (type, object) => void response.write(`${JSON.stringify({ type, object })}\n`),
    raw: (bytes) => void response.write(bytes),
    end: () => response.end(),
    cut: () => cut(response),
    closed,
  };
}

/** What the kubeconfig of a test says beside the address. */
export type Access = {
  readonly user?: object;
  readonly cluster?: object;
  readonly namespace?: string;
  readonly clock?: Clock;
  readonly observe?: CallObserver;
};

/** Writes a kubeconfig for a server; returns its path. JSON is YAML. */
export function writeKubeconfig(t: Teardown, server: string, access: Access = {}): string {
  const dir = mkdtempSync(join(tmpdir(), 'restamp-kubeconfig-'));
  t.teardown(() => rmSync(dir, { recursive: true, force: true }));
  const path = join(dir, 'kubeconfig');
  const { user = {}, namespace } = access;
  const cluster = { server, 'insecure-skip-tls-verify': server.startsWith('http:'), ...access.cluster };
  const context = { cluster: 'c', user: 'u', ...(namespace === undefined ? {} : { namespace }) };
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'c', cluster }],
    users: [{ name: 'u', user }],
    contexts: [{ name: 'x', context }],
    'current-context': 'x',
  };
  writeFileSync(path, JSON.stringify(config));
  return path;
}

/** A client of a server, through a kubeconfig as a person would have it. */
export function connect(
  t: Teardown,
  server: string,
  access: Access = {},
): { client: KubeClient; auth: Auth; kubeconfig: string } {
  const kubeconfig = writeKubeconfig(t, server, access);
  const auth = loadAuth(kubeconfig, access.clock ?? systemClock);
  t.teardown(() => auth.close());
  return { client: createClient(auth, access.observe), auth, kubeconfig };
}
