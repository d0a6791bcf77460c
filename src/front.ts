import type { Config } from './config/config.ts';
import { workloadKey } from './core/objects/workload.ts';
import { sendEvent } from './kube/events.ts';
import { startAdmission, type Admission } from '../webhook/webhook.ts';
import type { Leadership } from './controller/leadership.ts';
import type { NamespaceScope } from './informers/namespace-filter.ts';
import type { Base } from './foundation.ts';
import { isReviewed } from '../webhook/registration/review-scope.ts';
import type { Rolling } from './wiring.ts';

/** Opens the front door for reviews of sources and workloads; undefined where nobody can call us, or need. */
export async function openFront(
  {
    config,
    clock,
    client,
    contact,
    log,
    metrics,
    namespace,
    ownUser,
    keys,
    ring,
    auth,
    telling,
    faults,
  }: Base,
  { kinds, roll }: Rolling,
  leadership: Leadership,
  namespaceScope: Pick<NamespaceScope, 'has'>,
): Promise<Admission | undefined> {
  if (!hasDoor(config, auth.inCluster)) return undefined;
  const inScope = (namespace: string): boolean =>
    isReviewed(config, namespace, (name) => namespaceScope.has(name));
  return startAdmission({
    config,
    client,
    contact,
    clock,
    log,
    metrics,
    keys,
    namespace,
    ownUser,
    kinds,
    onTrouble: telling.onTrouble,
    faults,
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
      inScope,
    },
    workload: {
      inScope,
      bearing: (workload) => roll.judge.bearing(workload),
      settings: { ...config, kinds, borrowed: roll.borrowed },
      keyId: ring.current,
      mapBefore: (workload) => roll.workloads.mapBefore(workload),
      mayRun: (workload) => roll.workloads.mayRun(workload),
      dependencies: (workload, map) => roll.judge.dependencies(workload, map),
      knowsAll: () => roll.workloads.started && kinds.knowsLenders,
      seen: (workload, writer) => roll.rates.seen(workloadKey(workload), writer),
      readSources: (workload, dependencies, map) => roll.live.read(workload, dependencies, map),
      audit: log.audit,
    },
  });
}

/** Outside a cluster and without an address of ours, nobody can call us; where nothing is rolled, nobody need. */
function hasDoor(config: Config, inCluster: boolean): boolean {
  return (
    config.webhookUrl === undefined && config.admission && (config.admissionUrl !== undefined || inCluster)
  );
}
