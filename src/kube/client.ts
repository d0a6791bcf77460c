import { hasCode, reasonOf, RestampError, type ErrorCode } from '../errors.ts';
import type { Auth, Credentials } from './auth.ts';
import type { Answer, Body } from './watch/watch-stream.ts';

/** One request to the API server. */
export type Call = {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly accept?: string;
  readonly contentType?: string;
  /** Sent as JSON, unless it is text already. */
  readonly body?: unknown;
  readonly signal?: AbortSignal;
};

/** Who hears of each answer: status 0 stands for no answer; `date` is when the API server says that it was given. */
export type CallObserver = (call: Call, status: number, ms: number, date: string | undefined) => void;

export type KubeClient = {
  /** Sends one request and reads its JSON answer. Fails with RESTAMP_KUBE_* and never tries again but after 401. */
  send(call: Call): Promise<unknown>;
  /** Opens a watch, by HTTP/2 if that can be had: its body lasts until `signal` or the API server ends it. */
  open(call: Call): Promise<Body>;
};

/** Metadata of one object, of a list and of a watch: no data comes over the wire (kubernetes.md 6). */
export const METADATA = 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1';
export const METADATA_LIST = 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1';
export const MERGE_PATCH = 'application/merge-patch+json';
export const STRATEGIC_PATCH = 'application/strategic-merge-patch+json';
export const JSON_PATCH = 'application/json-patch+json';

const CALL_TIMEOUT_MS = 15_000;
/** Bookmarks come once a minute; a watch that is silent for longer than this is dead. */
const WATCH_SILENCE_MS = 150_000;
const DETAIL_LENGTH = 300;
/** A server, or a proxy before it, that asks for more is asked again all the same. */
const LONGEST_RETRY_AFTER_SECONDS = 60;

type Asked = {
  readonly call: Call;
  readonly credentials: Credentials;
  readonly headers: Readonly<Record<string, string>>;
};
type Ask = (asked: Asked) => Promise<Answer>;

export function createClient(auth: Auth, observe: CallObserver = () => undefined): KubeClient {
  // Taken apart once: to parse an address for each request costs as much as to write the patch.
  const server = new URL(auth.server);
  async function attempt(call: Call, ask: Ask): Promise<Answer> {
    const started = performance.now();
    let status = 0;
    let date: string | undefined;
    try {
      const credentials = await auth.credentials();
      const headers = {
        accept: call.accept ?? 'application/json',
        'user-agent': 'restamp',
        ...(call.body === undefined ? {} : { 'content-type': call.contentType ?? 'application/json' }),
        ...credentials.headers,
      };
      const answer = await ask({ call, credentials, headers });
      status = answer.statusCode;
      date = answer.date;
      // No redirect is followed: it would lead our credentials astray.
      if (status < 200 || status >= 300) throw await failure(call, answer);
      return answer;
    } catch (error) {
      throw wrap(call, error);
    } finally {
      observe(call, status, performance.now() - started, date);
    }
  }
  async function withRenewal(call: Call, ask: Ask): Promise<Answer> {
    const { renewals } = auth;
    try {
      return await attempt(call, ask);
    } catch (error) {
      if (!hasCode(error, 'RESTAMP_KUBE_UNAUTHORIZED')) throw error;
      auth.renew(renewals);
      return attempt(call, ask);
    }
  }
  async function request({ call, credentials, headers }: Asked, bodyTimeout: number): Promise<Answer> {
    const {
      statusCode,
      headers: head,
      body,
    } = await credentials.dispatcher.request({
      method: call.method,
      origin: server.origin,
      path: pathOf(server, call),
      headersTimeout: CALL_TIMEOUT_MS,
      bodyTimeout,
      headers,
      ...(call.body === undefined
        ? {}
        : { body: typeof call.body === 'string' ? call.body : JSON.stringify(call.body) }),
      ...(call.signal === undefined ? {} : { signal: call.signal }),
    });
    const read = async (take: (piece: Buffer) => void): Promise<void> => {
      for await (const piece of body) take(piece as Buffer);
    };
    const text = (name: string): string | undefined => {
      const value = head[name];
      return typeof value === 'string' ? value : undefined;
    };
    return {
      statusCode,
      retryAfter: text('retry-after'),
      date: text('date'),
      body: { read, text: () => body.text() },
    };
  }
  async function watch(asked: Asked): Promise<Answer> {
    const answer = await asked.credentials.watches?.open({
      path: pathOf(server, asked.call),
      headers: asked.headers,
      signal: asked.call.signal ?? new AbortController().signal,
      answerMs: CALL_TIMEOUT_MS,
      silenceMs: WATCH_SILENCE_MS,
    });
    return answer ?? request(asked, WATCH_SILENCE_MS);
  }
  return {
    async send(call) {
      const answer = await withRenewal(call, (asked) => request(asked, CALL_TIMEOUT_MS));
      try {
        return JSON.parse(await answer.body.text()) as unknown;
      } catch (error) {
        if (error instanceof SyntaxError)
          throw new RestampError('RESTAMP_KUBE_PROTOCOL', `${describe(call)}: the answer is not JSON`);
        throw wrap(call, error);
      }
    },
    async open(call) {
      return (await withRenewal(call, watch)).body;
    },
  };
}

/** Path and query; a server behind a proxy may have a path of its own. */
function pathOf(server: URL, call: Call): string {
  const base = server.pathname.replace(/\/$/, '');
  const query = new URLSearchParams(call.query).toString();
  return `${base}${call.path}${query === '' ? '' : `?${query}`}`;
}

/** `PATCH /apis/apps/v1/namespaces/a/deployments/b`: names the thing, never its content. */
function describe(call: Call): string {
  return `${call.method} ${call.path}`;
}

function wrap(call: Call, error: unknown): RestampError {
  if (error instanceof RestampError) return error;
  return new RestampError(
    'RESTAMP_KUBE_UNAVAILABLE',
    `${describe(call)}: ${reasonOf(error).slice(0, DETAIL_LENGTH)}`,
    {
      cause: error,
    },
  );
}

const BY_STATUS = new Map<number, ErrorCode>([
  [400, 'RESTAMP_KUBE_INVALID'],
  [401, 'RESTAMP_KUBE_UNAUTHORIZED'],
  [403, 'RESTAMP_KUBE_FORBIDDEN'],
  [404, 'RESTAMP_KUBE_NOT_FOUND'],
  [405, 'RESTAMP_KUBE_UNSUPPORTED'],
  [406, 'RESTAMP_KUBE_UNSUPPORTED'],
  // It may have been done: nobody waited for the end of it.
  [408, 'RESTAMP_KUBE_UNAVAILABLE'],
  [409, 'RESTAMP_KUBE_CONFLICT'],
  [410, 'RESTAMP_KUBE_GONE'],
  [413, 'RESTAMP_KUBE_TOO_LARGE'],
  [415, 'RESTAMP_KUBE_UNSUPPORTED'],
  [422, 'RESTAMP_KUBE_INVALID'],
  [425, 'RESTAMP_KUBE_UNAVAILABLE'],
  [429, 'RESTAMP_KUBE_THROTTLED'],
]);

/** Reads a Status answer. Its message names objects and rules; it is cut, because it may quote what was sent. */
async function failure(call: Call, answer: Answer): Promise<RestampError> {
  const status = await answer.body.text();
  const after = Number(answer.retryAfter);
  const code =
    BY_STATUS.get(answer.statusCode) ??
    (answer.statusCode >= 500 ? 'RESTAMP_KUBE_UNAVAILABLE' : 'RESTAMP_KUBE_PROTOCOL');
  return new RestampError(
    code,
    `${describe(call)}: ${statusMessage(status) ?? `status ${answer.statusCode}`}`,
    Number.isFinite(after) ? { retryAfter: Math.min(after, LONGEST_RETRY_AFTER_SECONDS) } : {},
  );
}

function statusMessage(body: string): string | undefined {
  try {
    const status = JSON.parse(body) as { message?: unknown } | null;
    return typeof status?.message === 'string' ? status.message.slice(0, DETAIL_LENGTH) : undefined;
  } catch {
    return undefined;
  }
}
