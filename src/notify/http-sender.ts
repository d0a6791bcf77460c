import { EnvHttpProxyAgent, ProxyAgent, request, type Dispatcher } from 'undici';
import { RestampError } from '../errors.ts';

/** One POST to an address that is not the API server's. The address may be a secret: only its host is ever told. */
export type Letter = {
  readonly url: URL;
  readonly contentType: string;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
};

export type Messenger = {
  /**
   * Sends one letter and returns the status, below 300. Fails with RESTAMP_OUTGOING_REFUSED for an answer that will
   * not change and RESTAMP_OUTGOING_UNAVAILABLE for all else; never tries again, never follows a redirect.
   */
  send(letter: Letter): Promise<number>;
  close(): Promise<void>;
};

export type MessengerOptions = {
  /** Proxy on the way; without one the usual variables (HTTPS_PROXY, NO_PROXY…) count. */
  readonly proxy: URL | undefined;
  /** For the whole exchange, in milliseconds. */
  readonly timeoutMs?: number;
};

const TIMEOUT_MS = 10_000;
/** An answer is read so that its connection can be used again, but nobody needs a long one. */
const LONGEST_ANSWER = 16 * 1024;
const CONNECTIONS = 4;

export function createMessenger({ proxy, timeoutMs = TIMEOUT_MS }: MessengerOptions): Messenger {
  const limits = { connections: CONNECTIONS, allowH2: false };
  const dispatcher: Dispatcher =
    proxy === undefined ? new EnvHttpProxyAgent(limits) : new ProxyAgent({ ...limits, uri: proxy.href });
  return {
    async send({ url, contentType, body, headers }) {
      const { username, password } = url;
      try {
        const answer = await request(new URL(url.pathname + url.search, url.origin), {
          method: 'POST',
          dispatcher,
          signal: AbortSignal.timeout(timeoutMs),
          headers: {
            'content-type': contentType,
            'user-agent': 'restamp',
            ...(username + password === '' ? {} : { authorization: basic(username, password) }),
            ...headers,
          },
          body,
        });
        await answer.body.dump({ limit: LONGEST_ANSWER });
        if (answer.statusCode >= 300) throw failure(url, answer);
        return answer.statusCode;
      } catch (error) {
        if (error instanceof RestampError) throw error;
        // The text of a foreign error may hold the address.
        throw new RestampError('RESTAMP_OUTGOING_UNAVAILABLE', `${url.host}: ${codeOf(error)}`);
      }
    },
    close: () => dispatcher.destroy(),
  };
}

function basic(username: string, password: string): string {
  const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return `Basic ${Buffer.from(pair).toString('base64')}`;
}

function failure(url: URL, answer: Dispatcher.ResponseData): RestampError {
  const status = answer.statusCode;
  const passes = status >= 500 || status === 429 || status === 408;
  const why = status < 400 ? `a redirect (${status}), which is not followed` : `status ${status}`;
  const after = Number(answer.headers['retry-after'] ?? Number.NaN);
  return new RestampError(
    passes ? 'RESTAMP_OUTGOING_UNAVAILABLE' : 'RESTAMP_OUTGOING_REFUSED',
    `${url.host}: ${why}`,
    Number.isFinite(after) ? { retryAfter: after } : {},
  );
}

/** `ECONNREFUSED`, `TimeoutError`: what is known of an error without its text. */
function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'failed';
  const { code } = error as NodeJS.ErrnoException;
  return typeof code === 'string' ? code : error.name;
}
