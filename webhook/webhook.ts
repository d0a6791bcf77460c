import { createLeaf, tlsOptionsOf, type TlsOptions } from '../certs/leaf.ts';
import { keySecretName, type KeyMaterial, type SecretObject } from '../certs/key-secret.ts';
import { orOver, pause, type Clock } from '../src/clock.ts';
import type { Config } from '../src/config/config.ts';
import type { Address } from '../src/config/value-types.ts';
import type { Kinds } from '../src/core/api/kind.ts';
import { asRestampError, reasonOf, type RestampError } from '../src/errors.ts';
import type { Faults } from '../src/faults.ts';
import type { KubeClient } from '../src/kube/client.ts';
import type { Contact } from '../src/kube/contact.ts';
import type { Identified } from '../src/kube/watch/known-objects.ts';
import { createSecretStore, followSecret } from '../src/kube/secrets.ts';
import type { Log } from '../src/telemetry/log.ts';
import type { Metrics } from '../src/telemetry/metrics.ts';
import type { Sighting } from '../src/attribution/sightings.ts';
import type { ConfigurationOptions } from './registration/configurations.ts';
import { Callers } from './callers/callers.ts';
import { followClientCa, readClientCa } from './callers/client-ca.ts';
import { Forwarder, SIGHTINGS_PATH } from './replicas/sighting-forwarder.ts';
import { hasNeighbours } from './replicas/probe.ts';
import { RegistrationGuard } from './registration/monitor.ts';
import { PathKeeper } from './callers/path-keeper.ts';
import { Refusals } from './callers/refusals.ts';
import { isRegistered, register, renewRegistration, unregister } from './registration/registration.ts';
import { startAdmissionServer } from './server.ts';
import { parseSightings } from './replicas/sighting-codec.ts';
import { createSourceRoute, type SourceRouteParts } from './source-handler.ts';
import { createWorkloadRoute, type WorkloadRouteParts } from './workload-handler.ts';

/** How often a registration is tried that the installer has not made room for yet. */
const RETRY_MS = 2000;
/** How long the end waits for the API server to take our registration back. */
const LAST_MS = 5_000;
/** How often it is looked at whether the registration is still ours. */
const LOOK_MS = 60_000;

export type AdmissionParts = {
  readonly config: Config;
  readonly client: KubeClient;
  readonly contact: Contact;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly keys: KeyMaterial;
  /** Namespace and user name under which we run. */
  readonly namespace: string;
  readonly ownUser: string;
  readonly kinds: Kinds;
  readonly source: SourceRouteParts;
  /** Where the leader is, if that is another replica, and what to do with what another one has seen. */
  readonly leader: () => string | undefined;
  readonly heard: (sighting: Sighting) => void;
  readonly workload: WorkloadRouteParts;
  readonly onTrouble: (error: RestampError) => void;
  readonly faults: Faults;
  /** Makes an Event of a warning about ourselves, if it is for this replica to tell. */
  readonly warn: (reason: string, message: string) => Promise<unknown>;
};

/** The front door, with its certificate and its registration. */
export type Admission = {
  /** Where it listens. */
  readonly address: Address;
  /** Whether the API server was seen to know us. */
  readonly registered: boolean;
  /** Why it could not be registered, when that was last tried. */
  readonly trouble: RestampError | undefined;
  /** Registers again, now that there are more kinds. */
  renew(): Promise<unknown>;
  /**
   * Makes the API server call us, now that there is something to answer from. It is tried until that succeeds: in a
   * cluster the installer may still have to make its configurations. Ends before if `stop` aborts.
   */
  open(stop: AbortSignal): Promise<void>;
  /** Hands connections back, still answering. */
  drain(): void;
  /** Sends what still comes elsewhere, then ends; the last replica takes back what `open` registered. */
  close(): Promise<void>;
};

export async function startAdmission(parts: AdmissionParts): Promise<Admission> {
  const { config, client, clock, log, metrics, keys } = parts;
  const keySecret = { namespace: parts.namespace, name: keySecretName(config) };
  const host = config.admissionUrl?.hostname.replace(/^\[(.*)\]$/, '$1');
  const service = `${config.instance}.${parts.namespace}.svc`;
  const leaf = await createLeaf({
    ca: keys.ca,
    names: host === undefined ? [service, `${service}.cluster.local`] : [host],
    clock,
    onChange: (next) => server.setTls({ ...next, ca: callers.trusted }),
    onError: (error) => log.error({}, `The serving certificate could not be renewed: ${reasonOf(error)}`),
  });
  const tls = (): TlsOptions => tlsOptionsOf(leaf.current(), keys.ca.certPem);
  const clientCa =
    config.admissionClientCa === undefined ? undefined : readClientCa(config.admissionClientCa);
  const callers = new Callers({
    caPem: keys.ca.certPem,
    client: clientCa === undefined ? undefined : { caPem: clientCa, names: config.admissionClientNames },
  });
  const served = (): TlsOptions => ({ ...tls(), ca: callers.trusted });
  const forwarder = new Forwarder({
    leader: parts.leader,
    tls,
    count: (outcome, sightings) => metrics.forwarded.inc({ outcome }, sightings),
  });
  const sight = (sighting: Sighting): void => {
    parts.source.sight(sighting);
    forwarder.forward(sighting);
  };
  const refusals = new Refusals(parts);
  const keeper: PathKeeper = new PathKeeper({
    clock,
    log,
    keys: keys.paths,
    replace: (changed) => createSecretStore<SecretObject>(client).replace(changed),
    onSwitch: () => void again(),
    isRegistered: () => {
      const now = options();
      return isRegistered(client, now, (path) => Object.values(now.paths).includes(path));
    },
  });
  const server = await startAdmissionServer({
    clock,
    tls: served(),
    callers,
    listen: config.admissionListen,
    maxBytes: config.admissionMaxBytes,
    routes: {
      sources: createSourceRoute({ ...parts.source, sight }),
      workloads: createWorkloadRoute(parts.workload),
    },
    routeOf: (path) => keeper.routeOf(path),
    replicas: {
      path: SIGHTINGS_PATH,
      take: (body) => {
        for (const sighting of parseSightings(body)) parts.heard(sighting);
      },
    },
    observe: ({ seconds, outcome, request }) => {
      const { operation = '', dryRun = false } = request ?? {};
      metrics.reviews.observe({ operation, outcome, dry_run: String(dryRun) }, seconds);
    },
    onError: (error) => log.warn({ code: error.code, remedy: error.remedy }, error.message),
    onRefused: (reason) => refusals.add(reason),
  });
  const unfollow =
    clientCa === undefined
      ? () => undefined
      : followClientCa(clientCa, {
          path: config.admissionClientCa ?? '',
          clock,
          onChange: (pem) => {
            callers.setClientCa(pem);
            server.setTls(served());
            log.info({}, 'The CA of clients has changed');
          },
          onError: (error) => log.error({}, `${reasonOf(error)}; the one before counts on`),
        });
  const url = reachedAt(config.admissionUrl, server.address);
  const name = config.registration ?? config.instance;
  const options = (): ConfigurationOptions => ({
    name,
    address: url ?? { namespace: parts.namespace, name: config.instance },
    paths: keeper.registered,
    caPem: keys.ca.certPem,
    ownUser: parts.ownUser,
    scope: config,
    keys: config.keys,
    autoReloadAll: config.autoReloadAll,
    observing: config.mode === 'observe',
    kinds: parts.kinds.rows,
  });
  let cancelLook: () => void = () => undefined;
  /** An installer that wrote its configurations anew has emptied them. */
  const keep = (): void => {
    cancelLook = clock.after(LOOK_MS, () => {
      void register(client, options()).catch(unregistered).then(keep);
    });
  };
  const closing = new AbortController();
  let opened = false;
  let registering: Promise<unknown> = Promise.resolve();
  /** Registers anew what is registered already, however long it takes. */
  const again = async (): Promise<void> => {
    while (opened && !closing.signal.aborted)
      try {
        await renewRegistration(client, options());
        return;
      } catch (error) {
        unregistered(error);
        await pause(clock, RETRY_MS, closing.signal);
      }
  };
  const secret = followSecret<SecretObject & Identified>(keySecret, {
    client,
    clock,
    contact: parts.contact,
    follower: keeper,
    faults: parts.faults,
    onTrouble: parts.onTrouble,
  });
  secret.start();
  let trouble: RestampError | undefined;
  const unregistered = (error: unknown): void => {
    trouble = asRestampError(error, 'RESTAMP_KUBE_PROTOCOL', name);
    log.warn({ name }, `The webhook could not be registered: ${trouble.message}`);
  };
  const guard = new RegistrationGuard({
    clock,
    log,
    // As soon noticed as a lost leader.
    everyMs: config.leaseMs,
    isRegistered: () => isRegistered(client, options(), (path) => keeper.routeOf(path) !== undefined),
    onLost: () =>
      parts.warn(
        'WebhookUnregistered',
        `The webhook configurations ${name} are gone, or lead elsewhere, or do not trust our CA`,
      ),
  });
  return {
    address: server.address,
    get registered() {
      return guard.registered;
    },
    get trouble() {
      return trouble;
    },
    renew: again,
    async open(stop) {
      while (!stop.aborted)
        try {
          registering = register(client, options());
          await orOver(registering, stop);
          break;
        } catch (error) {
          unregistered(error);
          await pause(clock, RETRY_MS, stop);
        }
      if (stop.aborted) return;
      opened = true;
      if (url === undefined) keep();
      const at = url?.href ?? `https://${service}`;
      guard.start();
      log.info({ url: at, name }, 'Webhook registered');
    },
    drain() {
      guard.stop();
      closing.abort();
      server.drain();
      cancelLook();
    },
    async close() {
      keeper.stop();
      unfollow();
      await secret.stop();
      leaf.close();
      forwarder.close();
      await server.close();
      if (url === undefined) return;
      // Other replicas are called by the same registration.
      if (await hasNeighbours(url, keys.ca.certPem, clock)) return;
      const late = new AbortController();
      const cancel = clock.after(LAST_MS, () => late.abort());
      // What is still under way would come after it.
      await orOver(registering, late.signal).catch(() => undefined);
      await unregister(client, name, late.signal).catch((error: unknown) =>
        log.error({ name }, `The webhook configuration could not be removed: ${reasonOf(error)}`),
      );
      cancel();
    },
  };
}

/** The address that the API server calls: port 0 in it stands for the port that the front door was given. */
function reachedAt(url: URL | undefined, { port }: Address): URL | undefined {
  if (url?.port !== '0') return url;
  const reached = new URL(url);
  reached.port = String(port);
  return reached;
}
