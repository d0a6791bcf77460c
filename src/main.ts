import './node-version.ts';
import { pause } from './clock.ts';
import { readConfig, type Config } from './config/config.ts';
import { ignoredTypes } from './core/api/scope.ts';
import { reasonOf, RestampError } from './errors.ts';
import { endByFault } from './faults.ts';
import { putConfigMap } from './kube/config-maps.ts';
import { createLeadership } from './controller/leadership.ts';
import { publishMetaInfo } from './reloader/meta-info.ts';
import { NamespaceScope } from './informers/namespace-filter.ts';
import { watchNotices } from './config/startup-notices.ts';
import { formatAddress } from './config/value-types.ts';
import { helpText } from './config/settings.ts';
import { mayReadStatus } from './kube/authorization.ts';
import { startWatches } from './informers/informers.ts';
import { replicaAddress } from '../webhook/replicas/sighting-forwarder.ts';
import { addGauges } from './gauges.ts';
import { startOpsServer, type OpsServer } from './telemetry/ops-server.ts';
import { breakGround, layBase, type Base } from './foundation.ts';
import { openFront } from './front.ts';
import { Readiness } from './telemetry/readiness.ts';
import { createRolling, type Rolling } from './wiring.ts';

const KINDS = 'it is not known which kinds are served';
const LISTS = 'the caches are not synced';
const LEASE = 'the Lease was not looked at';
const REGISTRATION = 'the webhook is not registered';

/** Answers for its health from the first moment on, and runs until `stop` aborts, or until a start cannot succeed. */
async function run(config: Config, stop: AbortSignal): Promise<void> {
  const ground = breakGround(config);
  const { log, metrics, auth, client } = ground;
  const readiness = new Readiness();
  readiness.await(LISTS);
  readiness.await(LEASE);
  const ops = await startOpsServer({
    listen: config.opsListen,
    unready: () => readiness.lines,
    mayRead: (token) => mayReadStatus(client, token),
    metrics: async () => ({ type: metrics.registry.contentType, text: await metrics.registry.metrics() }),
  });
  log.info({ ops: formatAddress(ops.address) }, 'Listening');
  const base = await layBase(ground, readiness, stop);
  if (base !== undefined) {
    readiness.await(KINDS);
    const rolling = await createRolling(base, stop);
    readiness.done(KINDS);
    if (rolling !== undefined) await serve(base, rolling, { ops, readiness, stop });
  }
  await ops.close();
  await auth.close();
}

type Frame = { readonly ops: OpsServer; readonly readiness: Readiness; readonly stop: AbortSignal };

/** Puts every part together, in start order, and takes it apart when `stop` aborts. */
async function serve(base: Base, rolling: Rolling, { ops, readiness, stop }: Frame): Promise<void> {
  const { config, clock, log, metrics, client, namespace, ownUser, telling, faults } = base;
  const { onTrouble } = telling;
  const { kinds, lateKinds, csi, roll, stopSwitch, hook, alerts } = rolling;
  const leadership = createLeadership({
    config,
    client,
    clock,
    log,
    namespace,
    roll,
    onTrouble,
    address: () => replicaAddress(config.replicaAddress, admission?.address ?? config.admissionListen),
    onLeading: (leading) => {
      hook?.setLeading(leading);
      if (leading && config.mode === 'roll')
        void publishMetaInfo(config, log, putConfigMap.bind(undefined, client));
    },
  });
  ops.show(() => ({ leader: leadership.isLeader, waiting: roll.queue.waiting() }));
  const namespaceScope = new NamespaceScope({
    selector: config.namespaceSelector,
    roll,
    ...(hook === undefined ? {} : { also: (type) => hook.follower(type) }),
    onChange: (name, is) =>
      log.info(
        {},
        is === 'in' ? `added namespace to be watched: ${name}` : `removed namespace from watch: ${name}`,
      ),
  });
  // Everything is answered from memory, so that the door can open before the watches have shown all.
  const admission = await openFront(base, rolling, leadership, namespaceScope);
  if (admission !== undefined) {
    log.info({ admission: formatAddress(admission.address) }, 'Listening');
    readiness.await(REGISTRATION, () => [admission.trouble]);
  }
  for (const { level, message } of watchNotices(config)) log[level]({}, message);
  const watches = startWatches({
    client,
    clock,
    scope: config,
    kinds: hook === undefined ? kinds : { rows: [] },
    namespaceScope,
    csi: {
      served: csi.served,
      classes: hook === undefined,
      statuses: (one) =>
        hook === undefined ? roll.statuses.follow(one) : namespaceScope.within(hook.statuses),
    },
    onRelisted: () => roll.mutator.recoverSoon(),
    onTrouble,
    contact: base.contact,
    faults,
    stopSwitch,
    terminations: roll.terminations,
    own: { namespace, name: config.instance },
  });
  readiness.await(LISTS, () => watches.unsynced().map(({ resource, trouble }) => trouble ?? resource));
  readiness.await(LEASE, () => [leadership.trouble]);
  void leadership.looked.then(() => readiness.done(LEASE));
  addGauges(metrics, { ...roll, watches, leadership, clock, admission });
  await Promise.race([watches.synced, aborted(stop)]);
  if (!stop.aborted) {
    roll.mutator.start();
    hook?.start();
    leadership.start();
    const sweep = (): void => {
      watches.relist();
      clock.after(config.sweepMs, sweep);
    };
    clock.after(config.sweepMs, sweep);
    readiness.done(LISTS);
    log.info(
      { workloads: roll.workloads.size, sources: roll.sources.size, user: ownUser },
      'Restamp is watching',
    );
    await admission?.open(stop);
    readiness.done(REGISTRATION);
    csi.watch(() => watches.followCsi());
    lateKinds.watch((row) => {
      void watches.follow(row).then(() => {
        kinds.known(row);
        roll.mutator.recover();
      });
      log.info({ kind: row.kind, group: row.group }, 'A kind of workload is served now, and followed');
      void admission?.renew();
    });
  }
  await aborted(stop);
  readiness.await('stopping');
  admission?.drain();
  await pause(clock, config.shutdownDelayMs);
  lateKinds.stop();
  csi.stop();
  roll.stop();
  await leadership.stop();
  // A roll that is still under way has its alert too.
  const told = roll.lastEvents().then(() => alerts?.stop());
  await Promise.all([watches.stop(), admission?.close(), hook?.stop(), told]);
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

async function main(): Promise<number> {
  process.on('uncaughtException', endByFault);
  const stop = new AbortController();
  for (const name of ['SIGTERM', 'SIGINT'] as const)
    process.on(name, () => {
      // The second signal means now.
      if (stop.signal.aborted) process.exit(1);
      stop.abort();
    });
  try {
    const config = readConfig(process.argv.slice(2));
    if (config === undefined) process.stdout.write(helpText());
    else await run({ ...config, resourcesToIgnore: ignoredTypes(config) }, stop.signal);
    return 0;
  } catch (error) {
    const known = error instanceof RestampError ? error : undefined;
    process.stderr.write(
      known === undefined ? `${reasonOf(error)}\n` : `${known.code}: ${known.message}. ${known.remedy}\n`,
    );
    return known?.exitCode ?? 1;
  }
}

// What was started before a failure must not keep a process half alive, nor may a connection that is still being made.
process.exit(await main());
