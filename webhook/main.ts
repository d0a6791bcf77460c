import '../src/node-version.ts';
import { pause } from '../src/clock.ts';
import { readConfig, type Config } from '../src/config.ts';
import { ignoredTypes } from '../src/core/scope.ts';
import { reasonOf, RestampError } from '../src/errors.ts';
import { endByFault } from '../src/faults.ts';
import { putConfigMap } from '../src/kube/config-maps.ts';
import { createLeadership } from '../src/roll/leadership.ts';
import { publishMetaInfo } from '../src/roll/meta-info.ts';
import { NamespaceScope } from '../src/roll/namespace-scope.ts';
import { watchNotices } from '../src/notices.ts';
import { formatAddress } from '../src/setting-kinds.ts';
import { helpText } from '../src/settings.ts';
import { mayReadStatus } from '../src/kube/access.ts';
import { startWatches } from '../src/roll/watches.ts';
import { replicaAddress } from './forwarder.ts';
import { addGauges } from './gauges.ts';
import { startOpsServer } from './ops-server.ts';
import { layBase } from './base.ts';
import { openFront } from './front.ts';
import { createRolling } from './rolling.ts';

/** Puts every part together, in start order, and runs until `stop` aborts. */
async function run(config: Config, stop: AbortSignal): Promise<void> {
  const base = await layBase(config);
  const { clock, log, metrics, auth, client, namespace, ownUser, telling, faults } = base;
  const { onTrouble } = telling;
  const rolling = await createRolling(base);
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
  // Everything is answered from memory, so that the door can open before the watches have shown all.
  const unready = new Set(['the caches are not synced']);
  const ops = await startOpsServer({
    listen: config.opsListen,
    unready: () => [...unready],
    status: () => ({ leader: leadership.isLeader, waiting: roll.queue.waiting() }),
    mayRead: (token) => mayReadStatus(client, token),
    metrics: async () => ({ type: metrics.registry.contentType, text: await metrics.registry.metrics() }),
  });
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
  const admission = await openFront(base, rolling, leadership, namespaceScope);
  log.info(
    {
      ops: formatAddress(ops.address),
      ...(admission === undefined ? {} : { admission: formatAddress(admission.address) }),
    },
    'Listening',
  );
  if (admission !== undefined) unready.add('the webhook is not registered');
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
      statuses: hook === undefined ? roll.statuses : namespaceScope.within(hook.statuses),
    },
    onRelisted: () => roll.mutator.recoverSoon(),
    onTrouble,
    faults,
    stopSwitch,
    terminations: roll.terminations,
    own: { namespace, name: config.instance },
  });
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
    unready.delete('the caches are not synced');
    log.info(
      { workloads: roll.workloads.size, sources: roll.sources.size, user: ownUser },
      'Restamp is watching',
    );
    await admission?.open(stop);
    unready.delete('the webhook is not registered');
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
  unready.add('stopping');
  admission?.drain();
  await pause(clock, config.shutdownDelayMs);
  lateKinds.stop();
  csi.stop();
  roll.stop();
  await leadership.stop();
  // A roll that is still under way has its alert too.
  const told = roll.lastEvents().then(() => alerts?.stop());
  await Promise.all([watches.stop(), admission?.close(), hook?.stop(), told]);
  // Last, as it keeps the process alive: our timers do not.
  await ops.close();
  await auth.close();
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

const code = await main();
// What was started before a failure must not keep a process half alive: it is started again as a whole.
if (code !== 0) process.exit(code);
