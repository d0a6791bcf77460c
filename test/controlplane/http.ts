import { Agent, request, type RequestOptions } from 'node:https';
import type { IncomingMessage } from 'node:http';

/** What every object of the API has; name more in a type of your own where a test needs more. */
export type KubeObject = {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly uid: string;
    readonly resourceVersion: string;
    readonly generation?: number;
    readonly creationTimestamp: string;
    readonly deletionTimestamp?: string;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly labels?: Readonly<Record<string, string>>;
    readonly managedFields?: readonly {
      readonly manager: string;
      readonly operation: string;
      readonly subresource?: string;
      readonly time: string;
      readonly fieldsV1: unknown;
    }[];
  };
  readonly status?: unknown;
};

/** An answer that is not a success. The message has method, path, status and the API server's own words. */
export class ApiError extends Error {
  override name = 'ApiError';
  readonly status: number;
  readonly body: unknown;
  constructor(what: string, status: number, body: unknown) {
    const message = (body as { message?: unknown } | undefined)?.message;
    super(`${what}: ${status}${typeof message === 'string' ? ` ${message}` : ''}`);
    this.status = status;
    this.body = body;
  }
}

/** One event of a watch. */
export type WatchEvent<T> = {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';
  readonly object: T;
};

/** A small client of the API server with one identity; connections are kept alive and never keep the process alive. */
export type ApiClient = {
  /**
   * One request. `body` is sent as JSON (a string as it is); answers in JSON are parsed, others returned as text. PATCH needs a
   * content type. Throws ApiError for any status of 400 and above, and after 30 s without an answer.
   */
  readonly api: <T = KubeObject>(
    method: string,
    path: string,
    body?: unknown,
    contentType?: string,
    signal?: AbortSignal,
  ) => Promise<T>;
  /** The events of a watch until the server or `signal` ends it. `path` carries the query. */
  readonly watch: <T = KubeObject>(path: string, signal?: AbortSignal) => AsyncGenerator<WatchEvent<T>>;
  /** Closes idle connections. */
  readonly close: () => void;
};

/** Who talks to which API server. */
export type ApiClientOptions = {
  readonly url: string;
  /** PEM. */
  readonly ca: string;
  readonly token: string;
  readonly userAgent?: string;
};

const timeoutMs = 30_000;

const read = async (response: IncomingMessage): Promise<string> => {
  response.setEncoding('utf8');
  let text = '';
  for await (const chunk of response) text += chunk as string;
  return text;
};

const parse = (response: IncomingMessage, text: string): unknown =>
  (response.headers['content-type'] ?? '').startsWith('application/json') ? JSON.parse(text) : text;

/** Makes a client. */
export const createApiClient = ({ url, ca, token, userAgent }: ApiClientOptions): ApiClient => {
  const agent = new Agent({ keepAlive: true, ca, maxSockets: 64 });
  const base = new URL(url);
  const send = (options: RequestOptions, path: string, body?: string): Promise<IncomingMessage> =>
    new Promise((resolve, reject) => {
      const outgoing = request(new URL(path, base), { agent, ...options }, resolve);
      outgoing.on('error', reject);
      outgoing.end(body);
    });
  const headers = {
    authorization: `Bearer ${token}`,
    accept: 'application/json',
    'user-agent': userAgent ?? 'restamp-test',
  };

  const api = async <T = KubeObject>(
    method: string,
    path: string,
    body?: unknown,
    contentType = 'application/json',
    signal?: AbortSignal,
  ): Promise<T> => {
    const text = body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
    const response = await send(
      {
        method,
        headers: { ...headers, ...(text === undefined ? {} : { 'content-type': contentType }) },
        signal: AbortSignal.any([AbortSignal.timeout(timeoutMs), ...(signal === undefined ? [] : [signal])]),
      },
      path,
      text,
    );
    const status = response.statusCode ?? 0;
    const answer = parse(response, await read(response));
    if (status >= 400) throw new ApiError(`${method} ${path}`, status, answer);
    return answer as T;
  };

  async function* watch<T>(path: string, signal?: AbortSignal): AsyncGenerator<WatchEvent<T>> {
    const response = await send({ headers, ...(signal === undefined ? {} : { signal }) }, path);
    const status = response.statusCode ?? 0;
    if (status >= 400) throw new ApiError(`WATCH ${path}`, status, parse(response, await read(response)));
    response.setEncoding('utf8');
    let rest = '';
    for await (const chunk of response) {
      const lines = (rest + (chunk as string)).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) if (line !== '') yield JSON.parse(line) as WatchEvent<T>;
    }
  }

  return { api, watch, close: () => agent.destroy() };
};
