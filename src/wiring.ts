import { orOver } from './clock.ts';
import { ARGO_ROLLOUT, Kinds } from './core/api/kind.ts';
import type { SourceObject } from './core/objects/source-metadata.ts';
import type { WorkloadObject } from './core/objects/workload.ts';
import { sendEvent } from './kube/events.ts';
import { findResource } from './kube/discovery.ts';
import { createJobs } from './kube/jobs.ts';
import { readPodOwner } from './kube/pod-owner.ts';
import { patchWorkload, readSource, readSourceAt, readSourceVersion, readWorkload } from './kube/objects.ts';
import { createSecretStore } from './kube/secrets.ts';
import { assembleMutator } from './controller/controller.ts';
import { LateCsi } from './informers/csi-discovery.ts';
import { LateKinds } from './informers/kind-discovery.ts';
import { createRemakeStore } from './controller/rollers/job-intent-store.ts';
import { StopSwitch } from './controller/gates/stop-switch.ts';
import { Tally } from './controller/reporting/reconcile-metrics.ts';
import { createAlerts } from './notify/alerts.ts';
import { createChangeHook } from './notify/change-webhook.ts';
import type { Base } from './foundation.ts';

/** Everything that decides and rolls, and what it has to look for first. */
export type Rolling = NonNullable<Awaited<ReturnType<typeof createRolling>>>;

/** Puts the rolling side on its base: nothing is followed and nothing is rolled yet. Undefined if `stop` aborts before. */
export async function createRolling(base: Base, stop: AbortSignal) {
  const { config, clock, client, contact, log, metrics, namespace, keys, ring, telling, faults } = base;
  const { onTrouble } = telling;
  const alerts = createAlerts({ alert: config.alert, clock, faults, log, metrics });
  const kinds = new Kinds(config.ignoredWorkloadTypes);
  const wanted = [...(config.argoRollouts ? [ARGO_ROLLOUT] : []), ...config.workloadKinds];
  // Where a webhook is called instead, no workload is even looked at.
  const lateKinds = new LateKinds(config.webhookUrl === undefined ? wanted : [], {
    kinds,
    clock,
    find: (spec) => findResource(client, spec),
    onTrouble,
    faults,
  });
  await orOver(lateKinds.begin(), stop);
  for (const { kind, group } of lateKinds.missing)
    log.warn({}, `${kind} of ${group} is not served by the API server: it is followed as soon as it is`);
  const csi = new LateCsi({
    enabled: config.csiIntegration,
    clock,
    find: (kind) => findResource(client, kind),
    log,
    onTrouble,
    faults,
  });
  await orOver(csi.look(), stop);
  if (stop.aborted) {
    lateKinds.stop();
    csi.stop();
    return undefined;
  }
  const roll = assembleMutator(
    ring,
    { ...config, kinds },
    {
      clock,
      contact,
      faults,
      readSource: async (ref) => (await readSource(client, ref)) as SourceObject,
      readSourceAt: async (ref, version) =>
        (await readSourceAt(client, ref, version)) as SourceObject | undefined,
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
    key: keys.hmac.current.key,
    selector: config.resourceLabelSelector,
    clock,
    faults,
    log,
    metrics,
    read: async (ref) => (await readSource(client, ref)) as SourceObject,
    onTrouble,
  });
  return { kinds, lateKinds, csi, roll, stopSwitch, hook, alerts };
}
