import type { Clock } from '../clock.ts';
import { KIND_ROWS, kindPath } from '../core/kind.ts';
import { SOURCE_ROWS } from '../core/source.ts';
import type { SourceObject } from '../core/source-meta.ts';
import type { WorkloadObject } from '../core/workload.ts';
import type { RestampError } from '../errors.ts';
import { METADATA, METADATA_LIST, type KubeClient } from '../kube/client.ts';
import { Reflector, type Identified } from '../kube/reflector.ts';
import type { Mutator } from './mutator.ts';
import type { StopSwitch } from './stop-switch.ts';

export type WatchOptions = {
  readonly client: KubeClient;
  readonly clock: Clock;
  /** Only these namespaces, with a watch for each; empty means all, with one watch. */
  readonly namespaces: readonly string[];
  readonly onTrouble: (error: RestampError) => void;
  readonly stopSwitch: StopSwitch;
  /** Our own namespace, and the name of the ConfigMap in it that bears the stop switch for all. */
  readonly own: { readonly namespace: string; readonly name: string };
};

/** The watches that feed the mutator. */
export type Watches = {
  readonly synced: Promise<unknown>;
  /** What has not been listed yet. */
  unsynced(): string[];
  /** Seconds since the API server last spoke, for each watched resource. */
  ages(): { resource: string; seconds: number }[];
  /** Reads every list again. */
  relist(): void;
  stop(): Promise<void>;
};

/** Nobody depends on these, and they are large or many: the API server leaves them out. */
const NO_SECRETS = 'type!=helm.sh/release.v1,type!=kubernetes.io/service-account-token';

/** Follows all sources, metadata alone, and all workloads. */
export function startWatches(mutator: Mutator, options: WatchOptions): Watches {
  const { client, clock, namespaces, onTrouble, stopSwitch, own } = options;
  const onRelisted = (): void => mutator.recover();
  const watches: { resource: string; reflector: Pick<Reflector<Identified>, keyof Reflector<Identified>> }[] =
    [];
  const scopes = namespaces.length === 0 ? [undefined] : namespaces;
  for (const namespace of scopes) {
    for (const { type, resource } of SOURCE_ROWS) {
      const reflector = new Reflector<SourceObject & Identified>({
        client,
        clock,
        onTrouble,
        path: namespace === undefined ? `/api/v1/${resource}` : `/api/v1/namespaces/${namespace}/${resource}`,
        ...(type === 'secret' ? { query: { fieldSelector: NO_SECRETS } } : {}),
        accept: { watch: METADATA, list: METADATA_LIST },
        follower: mutator.sourceFollower(type),
        onRelisted,
      });
      watches.push({ resource, reflector });
    }
    for (const row of KIND_ROWS) {
      const reflector = new Reflector<WorkloadObject & Identified>({
        client,
        clock,
        onTrouble,
        path: kindPath(row, namespace),
        follower: mutator.workloadFollower(row),
        onRelisted,
      });
      watches.push({ resource: row.resource, reflector });
    }
  }
  // A namespaced installation has no right to Namespaces: its stop switch is the ConfigMap alone.
  if (namespaces.length === 0) {
    const follower = stopSwitch.namespaces;
    const accept = { watch: METADATA, list: METADATA_LIST };
    const reflector = new Reflector({
      client,
      clock,
      onTrouble,
      path: '/api/v1/namespaces',
      accept,
      follower,
    });
    watches.push({ resource: 'namespaces', reflector });
  }
  watches.push({
    resource: 'stop switch',
    reflector: new Reflector({
      client,
      clock,
      onTrouble,
      path: `/api/v1/namespaces/${own.namespace}/configmaps`,
      query: { fieldSelector: `metadata.name=${own.name}` },
      accept: { watch: METADATA, list: METADATA_LIST },
      follower: stopSwitch.own,
    }),
  });
  for (const { reflector } of watches) reflector.start();
  return {
    synced: Promise.all(watches.map(({ reflector }) => reflector.synced)),
    relist: () => {
      for (const { reflector } of watches) reflector.relist();
    },
    unsynced: () => watches.filter(({ reflector }) => !reflector.hasSynced).map(({ resource }) => resource),
    ages: () => watches.map(({ resource, reflector }) => ({ resource, seconds: reflector.ageSeconds })),
    stop: async () => {
      await Promise.all(watches.map(({ reflector }) => reflector.stop()));
    },
  };
}
