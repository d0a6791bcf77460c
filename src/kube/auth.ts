import { createHash } from 'node:crypto';
import type { AgentOptions, RequestOptions } from 'node:https';
import { KubeConfig } from '@kubernetes/client-node';
import { Agent, ProxyAgent, type buildConnector, type Dispatcher } from 'undici';
import type { Clock } from '../clock.ts';
import { reasonOf, RestampError } from '../errors.ts';
import { WatchAgent } from './watch/watch-agent.ts';

/** How to reach the API server: everything that client-node knows of kubeconfigs, tokens and plugins. */
export type Auth = {
  /** Address of the API server, without a slash at the end. */
  readonly server: string;
  /** The namespace of the kubeconfig's context, or of the pod; `default` if it names none. */
  readonly namespace: string;
  /** The kubeconfig asks not to verify the API server's certificate. */
  readonly insecure: boolean;
  /** Whether a service account of the cluster is used. */
  readonly inCluster: boolean;
  /** Headers and the shared connections for one request. Tokens are read again as client-node sees fit. */
  credentials(): Promise<Credentials>;
  /** How often the credentials were renewed. */
  readonly renewals: number;
  /**
   * Forgets every cached token, because the API server has refused what was asked for after so many renewals: once
   * for all who were refused together.
   */
  renew(after: number): void;
  /** Closes the connections. */
  close(): Promise<void>;
};

export type Credentials = Connections & {
  readonly headers: Readonly<Record<string, string>>;
};

type Connections = {
  /** HTTP/1.1, for all requests, and for watches where `watches` cannot be had. */
  readonly dispatcher: Dispatcher;
  /** HTTP/2, for watches alone; none behind a proxy, and none without TLS. */
  readonly watches: WatchAgent | undefined;
};

/** Credentials are asked for at most this often: asking reads files. */
const CREDENTIALS_TTL_MS = 10_000;
const KEEP_ALIVE_MS = 60_000;

/**
 * Reads `kubeconfig`, else what KUBECONFIG names, else ~/.kube/config, else the pod's service account.
 * Fails with RESTAMP_KUBE_CONFIG.
 */
export function loadAuth(kubeconfig: string | undefined, clock: Clock): Auth {
  let config = load(kubeconfig);
  const cluster = config.getCurrentCluster();
  if (cluster === null) throw new RestampError('RESTAMP_KUBE_CONFIG', 'the current context names no cluster');
  const context = config.getContextObject(config.currentContext);
  let cached: { at: number; value: Credentials } | undefined;
  let asking: Promise<Credentials> | undefined;
  let renewals = 0;
  let shared: (Connections & { print: string }) | undefined;

  async function ask(): Promise<Credentials> {
    const options: RequestOptions = { headers: {} };
    await config.applyToHTTPSOptions(options).catch((error: unknown) => {
      // The parser quotes what it could not read, and that may be a token.
      if (!(error instanceof SyntaxError)) throw error;
      throw new RestampError('RESTAMP_KUBE_UNAUTHORIZED', 'the answer of the credential plugin is not JSON');
    });
    const headers = Object.fromEntries(
      Object.entries(options.headers ?? {}).map(([name, value]) => [name, String(value)]),
    );
    if (typeof options.auth === 'string')
      headers['Authorization'] = `Basic ${Buffer.from(options.auth).toString('base64')}`;
    const wanted = config.createDispatcherOptions(config.getCurrentCluster(), options as AgentOptions);
    const print = createHash('sha256').update(JSON.stringify(wanted)).digest('hex');
    if (shared?.print !== print) {
      const made = { print, ...(await connectionsFor(config, wanted, clock)) };
      const old = shared;
      shared = made;
      // Requests and watches under way finish on the old connections.
      old?.watches?.close();
      void old?.dispatcher.close().catch(() => undefined);
    }
    return { headers, dispatcher: shared.dispatcher, watches: shared.watches };
  }

  return {
    server: cluster.server.replace(/\/+$/, ''),
    namespace: context?.namespace ?? 'default',
    insecure: cluster.skipTLSVerify,
    inCluster: config.currentContext === 'inClusterContext',
    async credentials() {
      if (cached !== undefined && clock.monotonic() - cached.at < CREDENTIALS_TTL_MS) return cached.value;
      // Calls that begin together ask once: each would run the plugin and make connections of its own.
      const mine = (asking ??= ask());
      try {
        const value = await mine;
        if (asking === mine) cached = { at: clock.monotonic(), value };
        return value;
      } finally {
        if (asking === mine) asking = undefined;
      }
    },
    get renewals() {
      return renewals;
    },
    renew(after) {
      if (after !== renewals) return;
      config = load(kubeconfig);
      renewals += 1;
      cached = undefined;
      asking = undefined;
    },
    async close() {
      shared?.watches?.destroy();
      await shared?.dispatcher.destroy();
    },
  };
}

function load(kubeconfig: string | undefined): KubeConfig {
  const config = new KubeConfig();
  try {
    if (kubeconfig === undefined) config.loadFromDefault();
    else config.loadFromFile(kubeconfig);
  } catch (error) {
    // The parser quotes the lines around the fault, where tokens stand.
    throw new RestampError('RESTAMP_KUBE_CONFIG', reasonOf(error).split('\n')[0] ?? '');
  }
  // client-node falls back to this address, where no API server is served since Kubernetes 1.20.
  if (config.getCurrentCluster()?.server === 'http://localhost:8080')
    throw new RestampError('RESTAMP_KUBE_CONFIG', 'there is no kubeconfig, and this is no pod');
  return config;
}

/**
 * One agent for all requests (client-node makes one for each); a new one only when the TLS material changes. Over HTTP/2
 * all patches would share one connection: with 16 in flight the API server takes half as long again for each. Watches
 * have connections of their own.
 */
async function connectionsFor(
  config: KubeConfig,
  wanted: ReturnType<KubeConfig['createDispatcherOptions']>,
  clock: Clock,
): Promise<Connections> {
  // No limit of connections: the Lease must wait for nobody, nor may a watch where HTTP/2 cannot be had. Who has many
  // requests to send bounds them by itself.
  const limits = { connections: null, keepAliveTimeout: KEEP_ALIVE_MS, allowH2: false };
  switch (wanted.type) {
    case 'proxy': {
      const requestTls = wanted.requestTls as buildConnector.BuildOptions;
      return { dispatcher: new ProxyAgent({ ...limits, uri: wanted.uri, requestTls }), watches: undefined };
    }
    case 'socks':
      return { dispatcher: await socksDispatcher(config), watches: undefined };
    case 'agent':
    case 'none': {
      const connect = wanted.type === 'agent' ? (wanted.connect as buildConnector.BuildOptions) : {};
      const server = new URL(config.getCurrentCluster()?.server ?? '');
      const watches = server.protocol === 'https:' ? new WatchAgent(server, connect, clock) : undefined;
      return { dispatcher: new Agent({ ...limits, connect }), watches };
    }
  }
}

/** client-node keeps its SOCKS connector to itself, but hands out a dispatcher that has it. */
async function socksDispatcher(config: KubeConfig): Promise<Dispatcher> {
  let found: Dispatcher | undefined;
  const context = {
    setHeaderParam: () => undefined,
    setDispatcher: (dispatcher: Dispatcher) => {
      found = dispatcher;
    },
  };
  await config.applySecurityAuthentication(
    context as unknown as Parameters<KubeConfig['applySecurityAuthentication']>[0],
  );
  if (found === undefined) throw new RestampError('RESTAMP_KUBE_CONFIG', 'the SOCKS proxy cannot be used');
  return found;
}
