import { atMost, type Clock } from '../clock.ts';
import { kindPath, type KindRow, type Kinds } from '../core/api/kind.ts';
import { selectorText, type Selector } from '../core/api/label-selector.ts';
import type { PodStatusObject } from '../core/objects/csi-mount.ts';
import { coreSourceRowsIn, type Scope } from '../core/api/scope.ts';
import { sourceRow } from '../core/api/source.ts';
import type { SourceObject } from '../core/objects/source-metadata.ts';
import type { WorkloadObject } from '../core/objects/workload.ts';
import type { RestampError } from '../errors.ts';
import type { Faults } from '../faults.ts';
import { METADATA, METADATA_LIST, type KubeClient } from '../kube/client.ts';
import { Reflector, type ReflectorOptions } from '../kube/watch/reflector.ts';
import type { Follower, Identified } from '../kube/watch/known-objects.ts';
import { Lists } from './list-turns.ts';
import type { NamespaceScope, Relist } from './namespace-filter.ts';
import { Relister } from './relister.ts';

export type WatchOptions = {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly contact: ReflectorOptions<Identified>['contact'];
  /** Named namespaces have a watch each; else one watch follows all. */
  readonly scope: Scope;
  readonly kinds: Pick<Kinds, 'rows'>;
  readonly namespaceScope: Pick<
    NamespaceScope,
    'put' | 'remove' | 'start' | 'sourceFollower' | 'workloadFollower'
  >;
  readonly csi: {
    /** The API server knows the driver's kinds at the start. */
    readonly served: boolean;
    /** Whether the SecretProviderClasses themselves matter, for their annotations, or only what is mounted of them. */
    readonly classes: boolean;
    /** What the driver tells of pods, in one namespace or in all. */
    readonly statuses: (namespace: string | undefined) => Follower<PodStatusObject>;
  };
  /** A list has been read again: everything is to be judged anew. */
  readonly onRelisted: () => void;
  readonly onTrouble: (error: RestampError) => void;
  readonly faults: Faults;
  /** Who follows the Namespaces, where they may be watched, and the ConfigMap of our name. */
  readonly stopSwitch: Readonly<Record<'namespaces' | 'own', Follower<Identified>>>;
  /** Who else follows the Namespaces, where they may be watched. */
  readonly terminations?: Follower<Identified>;
  /** Our own namespace, and the name of the ConfigMap in it that bears the stop switch for all. */
  readonly own: { readonly namespace: string; readonly name: string };
};

/** The watches that feed the mutator. */
export type Watches = {
  readonly synced: Promise<unknown>;
  /** What has not been listed yet, and why, as far as that is known. */
  unsynced(): { resource: string; trouble: RestampError | undefined }[];
  /** Seconds since the API server last spoke, for each watched resource. */
  ages(): { resource: string; seconds: number }[];
  /** Follows one more kind of workload, from now on; ends when everything of it has been shown. */
  follow(row: KindRow): Promise<unknown>;
  /** Follows SecretProviderClasses, if they matter, and what pods have mounted of them, from now on. */
  followCsi(): void;
  /** Reads every list again, after the one that is on its way. */
  relist(): void;
  stop(): Promise<void>;
};

type Feed = 'sources' | 'workloads' | 'others';
type Watch = {
  readonly feed: Feed;
  readonly path: string;
  readonly resource: string;
  readonly reflector: Pick<Reflector<Identified>, keyof Reflector<Identified>>;
  readonly relister: Relister;
};

/** Who waits for lists must not hang by one watch that fails for good: its kind may be gone, or forbidden. */
const LIST_MS = 10_000;

/** Helm's records are large and many, and no pod uses them: the API server leaves them out. */
const NO_RELEASES = ['type!=helm.sh/release.v1'];
const ACCEPT_METADATA = { watch: METADATA, list: METADATA_LIST };

/** Follows all sources, metadata alone, and all workloads, as far as they are in the scope. */
export function startWatches(options: WatchOptions): Watches {
  const {
    client,
    clock,
    contact,
    scope,
    kinds,
    namespaceScope,
    csi,
    onRelisted,
    onTrouble,
    faults,
    stopSwitch,
    own,
  } = options;
  const watches: Watch[] = [];
  const lists = new Lists(clock);
  const add = <T extends Identified>(
    feed: Feed,
    resource: string,
    more: Pick<ReflectorOptions<T>, 'path' | 'follower' | 'query' | 'accept'>,
  ): Watch => {
    const relisted = (): void => {
      if (feed !== 'others') onRelisted();
      relister.listed();
    };
    const failed = (error: RestampError): void => {
      relister.failed();
      onTrouble(error);
    };
    const reflector = new Reflector<T>({
      client,
      clock,
      contact,
      onTrouble: failed,
      faults,
      ...more,
      onRelisted: relisted,
    });
    const relister = new Relister(reflector);
    const watch = { feed, resource, path: more.path, reflector, relister };
    watches.push(watch);
    return watch;
  };
  const named = scope.namespaces.length > 0;
  const ignored = named ? [] : scope.namespacesToIgnore.map((name) => `metadata.namespace!=${name}`);
  for (const namespace of named ? scope.namespaces : [undefined]) {
    for (const row of coreSourceRowsIn(scope)) {
      const { type, resource } = row;
      add<SourceObject & Identified>('sources', resource, {
        path: kindPath(row, namespace),
        query: queryOf([...(type === 'secret' ? NO_RELEASES : []), ...ignored], scope.resourceLabelSelector),
        accept: ACCEPT_METADATA,
        follower: namespaceScope.sourceFollower(type),
      });
    }
  }
  const addKind = (row: KindRow) =>
    (named ? scope.namespaces : [undefined]).map((namespace) =>
      add<WorkloadObject & Identified>('workloads', row.resource, {
        path: kindPath(row, namespace),
        query: queryOf(ignored, []),
        follower: namespaceScope.workloadFollower(row),
      }),
    );
  for (const row of kinds.rows) addKind(row);
  const addCsi = () =>
    (named ? scope.namespaces : [undefined]).flatMap((namespace) => {
      const row = sourceRow('spc');
      const statuses = { ...row, resource: row.changedBy };
      const classes = (): Watch =>
        add<SourceObject & Identified>('sources', row.resource, {
          path: kindPath(row, namespace),
          query: queryOf(ignored, []),
          accept: ACCEPT_METADATA,
          follower: namespaceScope.sourceFollower(row.type),
        });
      return [
        ...(csi.classes ? [classes()] : []),
        // Whole: they hold ids and versions, no secret. The labels that are asked for are theirs, as in Reloader.
        add<PodStatusObject & Identified>('sources', statuses.resource, {
          path: kindPath(statuses, namespace),
          query: queryOf(ignored, scope.resourceLabelSelector),
          follower: csi.statuses(namespace),
        }),
      ];
    });
  if (csi.served) addCsi();
  // A namespaced installation has no right to Namespaces: its stop switch is the ConfigMap alone.
  const namespaces = named
    ? undefined
    : add('others', 'namespaces', {
        path: '/api/v1/namespaces',
        query: queryOf([], scope.namespaceSelector),
        accept: ACCEPT_METADATA,
        follower: {
          put: (object) => {
            options.terminations?.put(object);
            stopSwitch.namespaces.put(object);
            namespaceScope.put(object.metadata.name);
          },
          remove: (id) => {
            options.terminations?.remove(id);
            stopSwitch.namespaces.remove(id);
            namespaceScope.remove(id.name);
          },
        },
      });
  add('others', 'stop switch', {
    path: `/api/v1/namespaces/${own.namespace}/configmaps`,
    query: { fieldSelector: `metadata.name=${own.name}` },
    accept: ACCEPT_METADATA,
    follower: stopSwitch.own,
  });
  let stopped = false;
  const begin = (): void => {
    if (stopped) return;
    const relist: Relist = (what) =>
      atMost(clock, LIST_MS, () =>
        Promise.all(watches.filter(({ feed }) => feed === what).map(({ relister }) => relister.again())),
      );
    namespaceScope.start(relist);
    for (const watch of watches) if (watch !== namespaces) lists.start(watch);
  };
  namespaces?.reflector.start();
  // What is of no selected namespace is not kept, so these must be known first.
  if (namespaces === undefined || scope.namespaceSelector.length === 0) begin();
  else void namespaces.reflector.synced.then(begin);
  return {
    synced: Promise.all(watches.map(({ reflector }) => reflector.synced)),
    follow: (row) => {
      const added = addKind(row);
      for (const watch of added) lists.start(watch);
      return Promise.all(added.map(({ reflector }) => reflector.synced));
    },
    followCsi: () => {
      for (const watch of addCsi()) lists.start(watch);
    },
    relist: () => {
      for (const watch of watches) lists.again(watch);
    },
    unsynced: () =>
      watches
        .filter(({ reflector }) => !reflector.hasSynced)
        .map(({ resource, reflector: { trouble } }) => ({ resource, trouble })),
    ages: () => watches.map(({ resource, reflector }) => ({ resource, seconds: reflector.ageSeconds })),
    stop: async () => {
      stopped = true;
      lists.stop();
      await Promise.all(watches.map(({ reflector }) => reflector.stop()));
    },
  };
}

function queryOf(fields: readonly string[], labels: Selector): Record<string, string> {
  return {
    ...(fields.length === 0 ? {} : { fieldSelector: fields.join(',') }),
    ...(labels.length === 0 ? {} : { labelSelector: selectorText(labels) }),
  };
}
