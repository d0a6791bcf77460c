import '../src/node-version.ts';
import type { SecretObject } from '../certs/key-secret.ts';
import { ensureKeySecret } from '../certs/store.ts';
import { pause, systemClock as clock } from '../src/clock.ts';
import { readConfig, type Config } from '../src/config.ts';
import { ARGO_ROLLOUT, Kinds } from '../src/core/kind.ts';
import { ignoredTypes } from '../src/core/scope.ts';
import type { SourceObject } from '../src/core/source-meta.ts';
import { workloadKey, type WorkloadObject } from '../src/core/workload.ts';
import { reasonOf, RestampError } from '../src/errors.ts';
import { loadAuth } from '../src/kube/auth.ts';
import { createClient } from '../src/kube/client.ts';
import { sendEvent } from '../src/kube/events.ts';
import { findResource } from '../src/kube/discovery.ts';
import { putConfigMap } from '../src/kube/config-maps.ts';
import { createJobs } from '../src/kube/jobs.ts';
import { readPodOwner } from '../src/kube/pod-owner.ts';
import { patchWorkload, readSource, readSourceVersion, readWorkload, whoAmI } from '../src/kube/objects.ts';
import { createSecretStore } from '../src/kube/secrets.ts';
import { createLog } from '../src/log.ts';
import { createMetrics } from '../src/metrics.ts';
import { assembleMutator } from '../src/roll/assemble.ts';
import { LateCsi } from '../src/roll/late-csi.ts';
import { LateKinds } from '../src/roll/late-kinds.ts';
import { createLeadership } from '../src/roll/leadership.ts';
import { publishMetaInfo } from '../src/roll/meta-info.ts';
import { createRemakeStore } from '../src/roll/remake-store.ts';
import { NamespaceScope } from '../src/roll/namespace-scope.ts';
import { StopSwitch } from '../src/roll/stop-switch.ts';
import { Tally } from '../src/roll/tally.ts';
import { createTelling } from '../src/roll/telling.ts';
import { startNotices, watchNotices } from '../src/notices.ts';
import { createAlerts } from '../src/outgoing/alerts.ts';
import { createChangeHook } from '../src/outgoing/change-hook.ts';
import { helpText } from '../src/settings.ts';
import { mayReadStatus } from '../src/kube/access.ts';
import type { KeyRing } from '../src/roll/source-reader.ts';
import { startWatches } from '../src/roll/watches.ts';
import { startAdmission } from './admission.ts';
import { replicaAddress } from './forwarder.ts';
import { addGauges } from './gauges.ts';
import { startOpsServer } from './ops-server.ts';

/** Puts every part together, in start order, and runs until `stop` aborts. */
async function run(config: Config, stop: AbortSignal): Promise<void> {
  const log = createLog({ level: config.logLevel, format: config.logFormat === 'json' ? 'json' : '' });
  for (const { level, message } of startNotices(config)) log[level]({}, message);
  const metrics = createMetrics({ byNamespace: config.metricsByNamespace });
  const auth = loadAuth(config.kubeconfig, clock);
  const namespace = config.namespace ?? auth.namespace;
  if (auth.insecure)
    log.warn({}, 'The kubeconfig asks not to verify the API server: anybody between can read Secrets');
  const { host } = new URL(auth.server);
  const client = createClient(auth, ({ method }, status, ms) => {
    metrics.apiCalls.inc({ method, code: String(status) });
    metrics.reloader.requests.inc({ method, host, code: status === 0 ? '<error>' : String(status) });
    metrics.reloader.requestSeconds.observe({ verb: method, host }, ms / 1000);
  });
  const telling = createTelling(log, metrics);
  const { onTrouble } = telling;
  const alerts = createAlerts({ alert: config.alert, clock, log, metrics });
  const ownUser = await whoAmI(client);
  const keys = await ensureKeySecret(createSecretStore<SecretObject>(client), {
    namespace,
    name: `${config.instance}-keys`,
    now: clock.now(),
  });
  const { current, former } = keys.hmac;
  const ring: KeyRing = {
    current: current.id,
    keys: new Map([current, ...former].map(({ id, key }) => [id, key])),
  };

  const kinds = new Kinds(config.ignoredWorkloadTypes);
  const wanted = [...(config.argoRollouts ? [ARGO_ROLLOUT] : []), ...config.workloadKinds];
  // Where a webhook is called instead, no workload is even looked at.
  const lateKinds = new LateKinds(config.webhookUrl === undefined ? wanted : [], {
    kinds,
    clock,
    find: (spec) => findResource(client, spec),
    onTrouble,
  });
  await lateKinds.look();
  for (const { kind, group } of lateKinds.missing)
    log.warn({}, `${kind} of ${group} is not served by the API server: it is followed as soon as it is`);
  const csi = new LateCsi({
    settings: config,
    clock,
    find: (kind) => findResource(client, kind),
    log,
    onTrouble,
  });
  await csi.look();
  const roll = assembleMutator(
    ring,
    { ...config, kinds },
    {
      clock,
      readSource: async (ref) => (await readSource(client, ref)) as SourceObject,
      readSourceVersion: (ref) => readSourceVersion(client, ref),
      readPodOwner: (pod) => readPodOwner(client, kinds, pod),
      readWorkload: async (id) => (await readWorkload(client, id)) as WorkloadObject,
      patchWorkload: async (id, patch) => (await patchWorkload(client, id, patch)) as WorkloadObject,
      jobs: createJobs(client),
      remakeStore: createRemakeStore(createSecretStore(client), {
        namespace,
        name: `${config.instance}-remakes`,
      }),
      stopped: (where) => stopSwitch.stopped(where),
      tally: new Tally({ clock, log, metrics: metrics.reloader }),
      ...telling,
      recorder: {
        ...telling.recorder,
        alerts,
        sendEvent: ({ workload, ...text }) => sendEvent(client, workload, text, clock.now()),
      },
    },
  );
  const stopSwitch = new StopSwitch(() => roll.queue.recheck());

  const hook = createChangeHook({
    ...config,
    url: config.webhookUrl,
    key: current.key,
    selector: config.resourceLabelSelector,
    clock,
    log,
    metrics,
    read: async (ref) => (await readSource(client, ref)) as SourceObject,
    onTrouble,
  });
  const leadership = createLeadership({
    config,
    client,
    clock,
    log,
    namespace,
    roll,
    onTrouble,
    address: replicaAddress(config.replicaAddress, config.admissionListen),
    onLeading: (leading) => {
      hook?.setLeading(leading);
      if (leading && config.mode === 'roll')
        void publishMetaInfo(config, log, putConfigMap.bind(undefined, client));
    },
  });
  // Everything is answered from memory, so that the door can open before the watches have shown all.
  const door = hasDoor(config, auth.inCluster);
  const unready = new Set(['the caches are not synced', ...(door ? ['the webhook is not registered'] : [])]);
  const ops = await startOpsServer({
    listen: config.opsListen,
    unready: () => [...unready],
    status: () => ({ leader: leadership.isLeader, waiting: roll.queue.waiting() }),
    mayRead: (token) => mayReadStatus(client, token),
    metrics: async () => ({ type: metrics.registry.contentType, text: await metrics.registry.metrics() }),
  });
  const admission = !door
    ? undefined
    : await startAdmission({
        config,
        client,
        clock,
        log,
        metrics,
        keys,
        namespace,
        ownUser,
        kinds,
        warn: async (reason, message) => {
          if (!leadership.isLeader) return;
          const row = { group: 'coordination.k8s.io', version: 'v1', kind: 'Lease' };
          const lease = { row, namespace, name: config.instance };
          const text = { type: 'Warning', reason, message, component: 'restamp' } as const;
          await sendEvent(client, { ...lease, uid: '', resourceVersion: '' }, text, clock.now());
        },
        leader: () => leadership.leaderAddress,
        heard: roll.heard,
        source: {
          ring,
          keys: config.keys,
          selector: config.resourceLabelSelector,
          now: () => clock.now(),
          preview: (ref, next, marks) => roll.judge.preview(ref, next, marks),
          matters: (ref) => roll.workloads.candidates(ref).size > 0,
          sight: (sighting) => roll.sightings.add(sighting),
          audit: log.audit,
        },
        workload: {
          settings: { ...config, kinds, borrowed: roll.borrowed },
          keyId: ring.current,
          mapBefore: (workload) => roll.workloads.mapBefore(workload),
          mayRun: (workload) => roll.workloads.mayRun(workload),
          dependencies: (workload, map) => roll.judge.dependencies(workload, map),
          seen: (workload, writer) => roll.rates.seen(workloadKey(workload), writer),
          readSources: (workload, dependencies) => roll.live.read(workload, dependencies),
          audit: log.audit,
        },
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
  for (const { level, message } of watchNotices(config)) log[level]({}, message);
  const watches = startWatches({
    client,
    clock,
    scope: config,
    kinds: hook === undefined ? kinds : { rows: [] },
    namespaceScope,
    csi: { served: csi.served, statuses: roll.statuses },
    onRelisted: () => roll.mutator.recover(),
    onTrouble,
    stopSwitch,
    own: { namespace, name: config.instance },
  });
  addGauges(metrics, { ...roll, watches, leadership, admission });
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
      watches.follow(row);
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
  await Promise.all([watches.stop(), admission?.close()]);
  await Promise.all([alerts?.stop(), hook?.stop()]);
  // Last, as it keeps the process alive: our timers do not.
  await ops.close();
  await auth.close();
}

/** Outside a cluster and without an address of ours, nobody can call us; where nothing is rolled, nobody need. */
function hasDoor(config: Config, inCluster: boolean): boolean {
  return (
    config.webhookUrl === undefined && config.admission && (config.admissionUrl !== undefined || inCluster)
  );
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

async function main(): Promise<number> {
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
    return 1 + Number(known?.code.startsWith('RESTAMP_CONFIG') ?? false);
  }
}

const code = await main();
// What was started before a failure must not keep a process half alive: it is started again as a whole.
if (code !== 0) process.exit(code);
