import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createSecureServer, type Http2SecureServer } from 'node:http2';
import { Agent, createServer, request, type Server } from 'node:https';
import type { Socket } from 'node:net';
import { PassThrough, type Readable } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import { issueCa, issueLeaf } from '../../../certs/issue.ts';
import { systemClock } from '../../../src/clock.ts';
import type { Connection } from '../../controlplane/connection.ts';
import type { Random } from '../random.ts';

/** What an API server answers that has too much to do, is not well, or saw somebody else's write. */
const REFUSALS = [
  { code: 429, reason: 'TooManyRequests', headers: { 'retry-after': '1' } },
  { code: 503, reason: 'ServiceUnavailable', headers: {} },
  { code: 409, reason: 'Conflict', headers: {} },
] as const;
/** What a line speaks: over HTTP/2 alone, watches share connections. */
export type Speech = 'http1' | 'http2';
const HOP_BY_HOP = ['connection', 'keep-alive', 'transfer-encoding', 'host'];

/** Patches that never reach the API server, or whose answer never comes back. */
export type Hang = { readonly path: RegExp; readonly what: 'request' | 'answer' };

type Stream = { readonly from: Readable; readonly to: ServerResponse };

/** A bad line between one Restamp and the API server; what comes through has the sender's own credentials. */
export class Proxy {
  /** The share of requests that is refused, 0 to 1. Watches are not. */
  refuse = 0;
  /** The share of writes that are carried out but never answered. */
  swallow = 0;
  /** Watches of such paths, if they are opened from now on, tell all they have to say so many milliseconds later. */
  lag: { readonly path: RegExp; ms: number } | undefined;
  /** Where the kubeconfig of this line is. */
  readonly kubeconfig: string;
  readonly #server: Server | Http2SecureServer;
  readonly #agent: Agent;
  readonly #target: URL;
  readonly #random: Random;
  readonly #sockets = new Set<Socket>();
  readonly #watches = new Set<Stream>();
  #broken = false;
  #hang: (Hang & { readonly begun: () => void }) | undefined;
  /** What it did to requests. */
  readonly figures = { refused: 0, swallowed: 0, cut: 0 };

  private constructor(
    server: Server | Http2SecureServer,
    cp: Connection,
    kubeconfig: string,
    random: Random,
  ) {
    this.#server = server;
    this.#agent = new Agent({ keepAlive: true, ca: cp.ca });
    this.#target = new URL(cp.url);
    this.kubeconfig = kubeconfig;
    this.#random = random;
    server.on('request', (incoming: IncomingMessage, answer: ServerResponse) => this.#take(incoming, answer));
    server.on('secureConnection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
      socket.on('error', () => socket.destroy());
      if (this.#broken) socket.destroy();
    });
  }

  /** Opens a line; its kubeconfig is that of the user `restamp`, written beside that one. */
  static async open(cp: Connection, name: string, random: Random, speech: Speech = 'http1'): Promise<Proxy> {
    const now = systemClock.now();
    const ca = await issueCa(now);
    const leaf = await issueLeaf(ca, ['127.0.0.1'], now);
    const identity = { key: leaf.keyPem, cert: leaf.certPem };
    const server =
      speech === 'http1' ? createServer(identity) : createSecureServer({ ...identity, allowHTTP1: true });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const real = cp.kubeconfigFor('restamp');
    const text = (await readFile(real, 'utf8'))
      .replace(/server: .*/, `server: https://127.0.0.1:${port}`)
      .replace(
        /certificate-authority-data: .*/,
        `certificate-authority-data: ${Buffer.from(ca.certPem).toString('base64')}`,
      );
    const kubeconfig = real.replace(/\.yaml$/, `-${name}.yaml`);
    await writeFile(kubeconfig, text, { mode: 0o600 });
    return new Proxy(server, cp, kubeconfig, random);
  }

  /** Ends every open watch in the middle. */
  cutWatches(): void {
    for (const { to } of this.#watches) {
      to.destroy();
      this.figures.cut += 1;
    }
  }

  /** Holds one open watch back; what it has to say comes later, and then all of it. */
  delayWatch(ms: number): void {
    const open = [...this.#watches];
    if (open.length === 0) return;
    const { from, to } = this.#random.pick(open);
    from.unpipe(to);
    setTimeout(() => from.pipe(to), ms);
  }

  /** Nothing comes through any more, until `mend`. */
  sever(): void {
    this.#broken = true;
    for (const socket of this.#sockets) socket.destroy();
  }

  /** From now on such patches hang; ends when the first of them does. */
  hangs(hang: Hang): Promise<void> {
    return new Promise((begun) => {
      this.#hang = { ...hang, begun };
    });
  }

  mend(): void {
    this.#broken = false;
    this.refuse = 0;
    this.swallow = 0;
  }

  close(): void {
    this.sever();
    this.#server.close();
    this.#agent.destroy();
  }

  #take(incoming: IncomingMessage, answer: ServerResponse): void {
    const url = incoming.url ?? '/';
    const write = incoming.method === 'PATCH' || incoming.method === 'PUT';
    const watch = /[?&]watch=(true|1)/.test(url);
    answer.on('error', () => answer.destroy());
    if (!watch && this.#random.chance(this.refuse)) {
      const { code, reason, headers } = this.#random.pick(write ? REFUSALS : REFUSALS.slice(0, 2));
      const status = {
        kind: 'Status',
        apiVersion: 'v1',
        status: 'Failure',
        message: 'a bad line',
        reason,
        code,
      };
      this.figures.refused += 1;
      incoming.resume();
      answer.writeHead(code, { 'content-type': 'application/json', ...headers });
      answer.end(JSON.stringify(status));
      return;
    }
    const hang = incoming.method === 'PATCH' && this.#hang?.path.test(url) === true ? this.#hang : undefined;
    if (hang?.what === 'request') {
      incoming.resume();
      hang.begun();
      return;
    }
    const swallowed = write && this.#random.chance(this.swallow);
    const outgoing = request(
      new URL(url, this.#target),
      { method: incoming.method, headers: passed(incoming.headers), agent: this.#agent },
      (from) => {
        from.on('error', () => answer.destroy());
        if (hang !== undefined) {
          from.resume();
          from.on('end', hang.begun);
          return;
        }
        if (swallowed) {
          this.figures.swallowed += 1;
          from.resume();
          from.on('end', () => answer.destroy());
          return;
        }
        answer.writeHead(from.statusCode ?? 502, passed(from.headers));
        answer.flushHeaders();
        const line = watch && this.lag?.path.test(url) === true ? lagging(from, this.lag) : from;
        if (watch) this.#follow({ from: line, to: answer });
        line.pipe(answer);
      },
    );
    outgoing.on('error', () => answer.destroy());
    answer.on('close', () => outgoing.destroy());
    incoming.pipe(outgoing);
  }

  #follow(stream: Stream): void {
    this.#watches.add(stream);
    stream.to.on('close', () => this.#watches.delete(stream));
  }
}

/** What a stream says, later and in its order. */
function lagging(from: Readable, lag: { readonly ms: number }): Readable {
  const later = new PassThrough();
  let said = Promise.resolve();
  const say = (run: () => unknown): void => {
    const due = performance.now() + lag.ms;
    said = said.then(async () => {
      if (due > performance.now()) await pause(due - performance.now());
      run();
    });
  };
  from.on('data', (chunk: Buffer) => say(() => later.write(chunk)));
  from.on('end', () => say(() => later.end()));
  return later;
}

function passed(headers: IncomingMessage['headers']): IncomingMessage['headers'] {
  const own = (name: string): boolean => HOP_BY_HOP.includes(name) || name.startsWith(':');
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !own(name)));
}
