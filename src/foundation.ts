import { keySecretName, type KeyMaterial, type SecretObject } from '../certs/key-secret.ts';
import { ensureKeySecret } from '../certs/ensure-key-secret.ts';
import { orOver, pause, systemClock } from './clock.ts';
import type { Config } from './config/config.ts';
import { asRestampError, type RestampError } from './errors.ts';
import { Faults } from './faults.ts';
import { loadAuth } from './kube/auth.ts';
import { createClient } from './kube/client.ts';
import { Contact } from './kube/contact.ts';
import { ServerClock } from './kube/server-clock.ts';
import { whoAmI } from './kube/objects.ts';
import { createSecretStore } from './kube/secrets.ts';
import { createLog } from './telemetry/log.ts';
import { createMetrics } from './telemetry/metrics.ts';
import { FailureRow } from './flowcontrol/backoff.ts';
import { createTelling } from './controller/reporting/reporter.ts';
import { startNotices } from './config/startup-notices.ts';
import type { KeyRing } from './state/digested-source.ts';
import type { Readiness } from './telemetry/readiness.ts';

/** Two clocks that are kept by NTP are closer than this. */
const CLOCK_TOLERANCE_MS = 5_000;
/** Whoever grants a right that is missing waits to see it taken up. */
const LONGEST_PAUSE_MS = 30_000;

/** What needs no answer of the API server: the way to it, and where things are told. */
export type Ground = ReturnType<typeof breakGround>;

/** What every part stands on: beside that, who we are to the API server, and our keys. */
export type Base = Ground & { readonly ownUser: string; readonly keys: KeyMaterial; readonly ring: KeyRing };

/** Asks nobody anything yet. Fails with RESTAMP_KUBE_CONFIG. */
export function breakGround(config: Config) {
  const metrics = createMetrics({ byNamespace: config.metricsByNamespace });
  const log = createLog({
    level: config.logLevel,
    format: config.logFormat === 'json' ? 'json' : '',
    onDropped: () => metrics.droppedLines.inc(),
  });
  for (const { level, message } of startNotices(config)) log[level]({}, message);
  const clock = new ServerClock(systemClock);
  const auth = loadAuth(config.kubeconfig, clock);
  const namespace = config.namespace ?? auth.namespace;
  if (auth.insecure)
    log.warn({}, 'The kubeconfig asks not to verify the API server: anybody between can read Secrets');
  const { host } = new URL(auth.server);
  const contact = new Contact(clock);
  const client = createClient(auth, (call, status, ms, date) => {
    const { method } = call;
    clock.learn(date, ms);
    contact.heard(call, status, ms);
    metrics.apiCalls.inc({ method, code: String(status) });
    metrics.reloader.requests.inc({ method, host, code: status === 0 ? '<error>' : String(status) });
    metrics.reloader.requestSeconds.observe({ verb: method, host }, ms / 1000);
  });
  const faults = new Faults({
    log: log.error,
    count: ({ code }) => metrics.troubles.inc({ code }),
  });
  const telling = createTelling(clock, log, metrics);
  return { config, clock, log, metrics, auth, client, contact, namespace, telling, faults };
}

/**
 * Reaches the API server for the first time, and makes or adopts the keys: tried for as long as another try can help;
 * undefined if `stop` aborts before. Fails with RESTAMP_CERTS_*.
 */
export async function layBase(
  ground: Ground,
  readiness: Readiness,
  stop: AbortSignal,
): Promise<Base | undefined> {
  const { auth, clock, telling } = ground;
  const step = 'the API server has not let us in';
  let trouble: RestampError | undefined;
  readiness.await(step, () => [trouble]);
  for (const failures = new FailureRow(); !stop.aborted;)
    try {
      const found = await orOver(introduce(ground), stop);
      readiness.done(step);
      return found === undefined ? undefined : { ...ground, ...found };
    } catch (error) {
      trouble = asRestampError(error, 'RESTAMP_KUBE_PROTOCOL', auth.server);
      if (trouble.retry === 'never') throw trouble;
      telling.onTrouble(trouble);
      await pause(clock, Math.min(failures.next(trouble), LONGEST_PAUSE_MS), stop);
    }
  return undefined;
}

async function introduce({
  config,
  clock,
  log,
  client,
  namespace,
}: Ground): Promise<Omit<Base, keyof Ground>> {
  const ownUser = await whoAmI(client);
  if (Math.abs(clock.ahead) > CLOCK_TOLERANCE_MS)
    log.warn(
      { aheadSeconds: Math.round(-clock.ahead / 1_000) },
      'Our clock differs from that of the API server, which counts: look at the time service of this node',
    );
  const keys = await ensureKeySecret(createSecretStore<SecretObject>(client), {
    namespace,
    name: keySecretName(config),
    now: clock.now(),
  });
  const { current, former } = keys.hmac;
  const ring: KeyRing = {
    current: current.id,
    keys: new Map([current, ...former].map(({ id, key }) => [id, key])),
    levers: config.leverDigest,
  };
  return { ownUser, keys, ring };
}
