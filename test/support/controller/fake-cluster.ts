import type { KindRow } from '../../../src/core/api/kind.ts';
import { formatStamps } from '../../../src/core/stamps/stamp-map.ts';
import { sourceKey } from '../../../src/core/api/source.ts';
import { workloadKey } from '../../../src/core/objects/workload.ts';
import { keyedDigest } from '../../../src/core/objects/digest.ts';
import { sourceData } from '../../../src/core/objects/source-data.ts';
import { RestampError, type ErrorCode } from '../../../src/errors.ts';
import { Contact } from '../../../src/kube/contact.ts';
import { assembleMutator } from '../../../src/controller/controller.ts';
import type { MutatorSettings } from '../../../src/controller/ports.ts';
import { createRemakeStore } from '../../../src/controller/rollers/job-intent-store.ts';
import type { WorkloadEvent } from '../../../src/controller/reporting/event-queue.ts';
import { fakeClock } from '../fake-clock.ts';
import { noFaults } from '../contained-faults.ts';
import { turn } from '../recording.ts';
import { applyPatch, type Patchable } from './fake-patch.ts';
import { AUTO, kinds, NOW, ring, source, type StoredSource } from './builders.ts';
import { SETTINGS } from './world-settings.ts';

const STAMPS = 'restamp.dev/stamps';
/** The API server takes no larger Secret. */
const MAX_SECRET = 1_048_576;

export type Thing = {
  readonly metadata: {
    namespace: string;
    name: string;
    uid: string;
    resourceVersion: string;
    creationTimestamp: string;
    annotations: Record<string, string>;
    finalizers?: string[];
    deletionTimestamp?: string;
  };
  readonly spec: object;
};
type Id = { readonly kind: string; readonly namespace: string; readonly name: string };
type SecretObject = { readonly metadata: object; readonly data: Readonly<Record<string, string>> };

/** What several replicas share: objects of several namespaces and kinds, Jobs that are deleted and created among them. */
export function apiServer() {
  const clock = fakeClock(NOW);
  const sources = new Map<string, StoredSource>();
  const objects = new Map<string, Thing>();
  const calls: string[] = [];
  const fail = new Map<string, ErrorCode | RestampError>();
  const replicas = new Set<ReturnType<typeof replica>>();
  /** Before a patch is stored. */
  const ways: { patch: (key: string) => Promise<void> } = { patch: async () => undefined };
  let secret: SecretObject | undefined;
  let version = 1000;
  const nextVersion = (): string => String((version += 1));
  const notFound = (key: string): RestampError => new RestampError('RESTAMP_KUBE_NOT_FOUND', key);
  const conflict = (key: string): RestampError => new RestampError('RESTAMP_KUBE_CONFLICT', key);
  const call = (what: string): void => {
    calls.push(what);
    const error = fail.get(what.split(' ').slice(0, 2).join(' '));
    if (error !== undefined) throw typeof error === 'string' ? new RestampError(error, what) : error;
  };
  const rowOf = (kind: string): KindRow => kinds.get(kind)!;
  const tell = (key: string): void => {
    const stored = objects.get(key);
    for (const { parts } of replicas)
      if (stored !== undefined)
        parts.mutator.workloadFollower(rowOf(key.split('/')[1]!)).put(structuredClone(stored));
  };
  const drop = ({ kind, namespace, name }: Id): void => {
    objects.delete(workloadKey({ kind, namespace, name }));
    for (const { parts } of replicas) parts.mutator.workloadFollower(rowOf(kind)).remove({ namespace, name });
  };
  const read = (key: string): Thing => {
    const stored = objects.get(key);
    if (stored === undefined) throw notFound(key);
    return structuredClone(stored);
  };
  const jobKey = (namespace: string, name: string): string => workloadKey({ kind: 'Job', namespace, name });
  const replaceSecret = async (next: SecretObject): Promise<SecretObject> => {
    call('PUT secret');
    const bytes = Object.values(next.data).reduce((sum, text) => sum + Buffer.from(text, 'base64').length, 0);
    if (bytes > MAX_SECRET) throw new RestampError('RESTAMP_KUBE_INVALID', 'Too long: at most 1048576 bytes');
    secret = structuredClone(next);
    return secret;
  };
  /** One more Restamp; it leads unless told otherwise. */
  function replica(settings: Partial<MutatorSettings> = {}) {
    const audit: Readonly<Record<string, unknown>>[] = [];
    const errors: string[] = [];
    const events: WorkloadEvent[] = [];
    const counted: boolean[] = [];
    const troubles: RestampError[] = [];
    const ignore = (): undefined => undefined;
    const parts = assembleMutator(
      ring,
      { ...SETTINGS, ...settings, kinds },
      {
        clock,
        contact: new Contact(clock),
        faults: noFaults,
        readSource: async (where) => {
          const stored = sources.get(sourceKey(where));
          if (stored === undefined) throw notFound(sourceKey(where));
          return structuredClone(stored);
        },
        readSourceAt: () => Promise.reject(new RestampError('RESTAMP_KUBE_GONE', 'the past')),
        readSourceVersion: async (where) => sources.get(sourceKey(where))?.metadata.resourceVersion ?? '0',
        readPodOwner: async () => undefined,
        readWorkload: async ({ row, namespace, name }) =>
          read(workloadKey({ kind: row.kind, namespace, name })),
        patchWorkload: async (workload, patch) => {
          const key = workloadKey(workload);
          const body = patch.body as Patchable;
          call(`PATCH ${workload.kind} ${key}`);
          await ways.patch(key);
          if (body.metadata?.resourceVersion !== read(key).metadata.resourceVersion) throw conflict(key);
          objects.set(key, applyPatch(read(key), body, nextVersion()) as Thing);
          tell(key);
          return read(key);
        },
        jobs: {
          read: async (namespace, name) => {
            call(`GET job ${name}`);
            return read(jobKey(namespace, name));
          },
          create: async (manifest, dryRun) => {
            const { namespace, name } = manifest.metadata;
            const key = jobKey(namespace, name);
            call(`${dryRun ? 'ASK' : 'POST'} job ${name}`);
            if (objects.has(key)) throw conflict(key);
            const made = structuredClone(manifest) as unknown as Thing;
            const creationTimestamp = new Date(clock.now()).toISOString();
            Object.assign(made.metadata, {
              uid: `new-${version}`,
              resourceVersion: nextVersion(),
              creationTimestamp,
            });
            if (dryRun) return made;
            objects.set(key, made);
            tell(key);
            return structuredClone(made);
          },
          running: async () => [],
          remove: async ({ namespace, name, uid, resourceVersion }) => {
            const key = jobKey(namespace, name);
            call(`DELETE job ${name}`);
            const { metadata } = read(key);
            if (metadata.uid !== uid || metadata.resourceVersion !== resourceVersion) throw conflict(key);
            going({ kind: 'Job', namespace, name });
          },
        },
        remakeStore: createRemakeStore(
          {
            read: async () => {
              call('GET secret');
              return structuredClone(secret);
            },
            create: replaceSecret,
            replace: replaceSecret,
          } as unknown as Parameters<typeof createRemakeStore>[0],
          { namespace: 'restamp', name: 'restamp-remakes' },
        ),
        recorder: {
          audit: (fields) => audit.push(fields),
          error: (_fields, message) => errors.push(message),
          countRoll: ({ success }) => counted.push(success),
          sendEvent: async (event) => void events.push(event),
        },
        onTrouble: (error) => troubles.push(error),
        onUnreadable: ignore,
        onDropped: ignore,
        onUnproven: ignore,
        onLeftOut: ignore,
        onInvalidList: ignore,
        onInvalidPause: ignore,
        onUnusableRequest: ignore,
        onReverted: ignore,
        onOutcome: ignore,
        audit: (fields) => audit.push(fields),
        stopped: () => false,
      },
    );
    /** `namespace/name` of what was rolled, in order, as the audit log tells. */
    const rolled = (): string[] =>
      audit
        .filter((line) => line['audit'] === 'roll')
        .map((line) => `${String(line['namespace'])}/${String(line['name'])}`);
    const reason = (key: string): string | undefined =>
      parts.queue.waiting().find((one) => one.key === key)?.reason;
    const lead = (leads: boolean): void => {
      parts.queue.setActive(leads);
      parts.baselines.setActive(leads);
      if (leads) void parts.remakes.resume();
      else parts.remakes.release();
      if (leads) parts.mutator.recover();
    };
    const made = { parts, audit, errors, events, counted, troubles, rolled, reason, lead };
    replicas.add(made);
    return made;
  }
  /** Marks an object as deleted; it is gone at once unless a finalizer keeps it. */
  function going(id: Id): void {
    const key = workloadKey(id);
    const stored = objects.get(key)!;
    if ((stored.metadata.finalizers ?? []).length === 0) {
      drop(id);
      return;
    }
    stored.metadata.deletionTimestamp ??= new Date(clock.now()).toISOString();
    stored.metadata.resourceVersion = nextVersion();
    tell(key);
  }
  /** Stores `cm/app` of a namespace, and lets the watches tell. */
  function putSource(namespace: string, data: Readonly<Record<string, string>>, name = 'app'): void {
    const stored = source(name, data, { version: nextVersion(), namespace, uid: `uid-${namespace}-${name}` });
    sources.set(sourceKey({ type: 'cm', namespace, name }), stored);
    for (const { parts } of replicas)
      parts.mutator.sourceFollower('cm').put({ metadata: structuredClone(stored.metadata) });
  }
  function dropSource(namespace: string, name: string): void {
    sources.delete(sourceKey({ type: 'cm', namespace, name }));
    for (const { parts } of replicas) parts.mutator.sourceFollower('cm').remove({ namespace, name });
  }
  /** Stores a workload that uses `cm/app` and has been stamped with `{ a: '1' }`. */
  function put(
    id: Id,
    more: { finalizers?: string[]; uid?: string; env?: object[]; annotations?: Record<string, string> } = {},
  ): void {
    const { kind, namespace, name } = id;
    const digest = keyedDigest(
      { key: ring.keys.get(ring.current)!, source: `${namespace}/cm/app` },
      sourceData('cm', { data: { a: '1' } }),
      undefined,
    );
    const map = { n: 1, key: ring.current, s: new Map([['cm/app', { h: digest }]]) };
    const containers = [
      { name: 'main', envFrom: [{ configMapRef: { name: 'app' } }], ...(more.env && { env: more.env }) },
    ];
    const template = { metadata: {}, spec: { containers } };
    const stored: Thing = {
      metadata: {
        namespace,
        name,
        uid: more.uid ?? `uid-${name}`,
        resourceVersion: nextVersion(),
        creationTimestamp: '2026-02-01T00:00:00Z',
        annotations: { ...AUTO, ...more.annotations, [STAMPS]: formatStamps(map, workloadKey(id)) },
        ...(more.finalizers === undefined ? {} : { finalizers: more.finalizers }),
      },
      spec: kind === 'CronJob' ? { jobTemplate: { spec: { template } } } : { template },
    };
    objects.set(workloadKey(id), stored);
    tell(workloadKey(id));
  }
  return {
    clock,
    calls,
    fail,
    ways,
    objects,
    replica,
    going,
    drop,
    putSource,
    dropSource,
    put,
    /** The watches show everything that is stored. */
    tellAll: () => {
      for (const key of objects.keys()) tell(key);
      for (const { metadata } of sources.values())
        for (const { parts } of replicas)
          parts.mutator.sourceFollower('cm').put({ metadata: structuredClone(metadata) });
    },
    /** What the Secret of remakes holds. */
    kept: () => Object.keys(secret?.data ?? {}).length,
    /** Lets time pass in small steps, and everything run that it makes ready. */
    pass: async (ms: number, step = 250) => {
      await turn();
      for (let left = ms; left > 0; left -= step) {
        clock.advance(Math.min(left, step));
        await turn();
      }
    },
  };
}
