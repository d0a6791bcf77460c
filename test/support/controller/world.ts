import { selects } from '../../../src/core/api/label-selector.ts';
import { sourceKey, type SourceRef, type SourceType } from '../../../src/core/api/source.ts';
import { workloadKey, type Workload, type WorkloadObject } from '../../../src/core/objects/workload.ts';
import { RestampError } from '../../../src/errors.ts';
import { Faults } from '../../../src/faults.ts';
import { Contact } from '../../../src/kube/contact.ts';
import { assembleMutator } from '../../../src/controller/controller.ts';
import type { Sighting } from '../../../src/attribution/sightings.ts';
import type { WorkloadEvent } from '../../../src/controller/reporting/event-queue.ts';
import type { Tally } from '../../../src/controller/reporting/reconcile-metrics.ts';
import type { FakeClock } from '../fake-clock.ts';
import { turn } from '../recording.ts';
import { callsOf } from './all-calls.ts';
import { openWays, type Patch } from './faulty-ways.ts';
import { applyPatch, type Patchable } from './fake-patch.ts';
import { sightingOf } from './sighted-write.ts';
import { newShelf } from './shared-store.ts';
import { noJobs, noRemakes, SETTINGS, type WorldSettings } from './world-settings.ts';
import {
  deployment,
  deploymentRow,
  NAMESPACE,
  kinds,
  ref,
  ring,
  source,
  type SourceParts,
  type WorkloadParts,
} from './builders.ts';

export type Sent = Patch & { readonly name: string };
export type AuditLine = Readonly<Record<string, unknown>>;

/** Who writes a source, as admission sees it; nobody if `by` is not given. */
export type Writer = SourceParts & { readonly by?: string; readonly kind?: SourceType };

/**
 * A cluster in memory with the whole rolling side on it: real parts, and only the API server is made up. With the shelf
 * of another world it is one more replica there.
 */
export function world(
  { levers, ...settings }: WorldSettings = {},
  tallied?: (clock: FakeClock) => Tally,
  shelf = newShelf(),
) {
  const { clock, sources, workloads, versions, past } = shelf;
  const asOf: string[] = [];
  /** While this is on, another replica sees writes at admission. */
  const elsewhere = { on: false, sightings: [] as Sighting[] };
  /** The workload of each pod, by the pod's name. */
  const owners = new Map<string, { workload: string | undefined; created: number }>();
  const reads: string[] = [];
  const patches: Sent[] = [];
  const events: WorkloadEvent[] = [];
  const audit: AuditLine[] = [];
  const errors: string[] = [];
  const troubles: RestampError[] = [];
  /** Exceptions that were contained, each once. */
  const faulty: string[] = [];
  const dropped: string[] = [];
  const unproven: string[] = [];
  const unreadable: string[] = [];
  const told = {
    invalid: [] as string[],
    unusable: [] as string[],
    reverted: [] as string[],
    leftOut: [] as string[],
  };
  const nextVersion = (): string => String((versions.last += 1));
  const ways = openWays();
  /** Sources of which the watches have still to tell. */
  const late: SourceRef[] = [];

  const contact = new Contact(clock);
  const call = callsOf(contact);
  const notFound = (key: string): RestampError => new RestampError('RESTAMP_KUBE_NOT_FOUND', key);
  shelf.watches.add({
    source: (where) => {
      const stored = sources.get(sourceKey(where));
      const follower = parts.mutator.sourceFollower(where.type);
      // The watch of the API server tells of what its filter lets through.
      if (stored !== undefined && selects(settings.resourceLabelSelector ?? [], stored.metadata.labels))
        follower.put(structuredClone({ metadata: stored.metadata }));
      else follower.remove(where);
    },
    workload: (key) => {
      const stored = workloads.get(key);
      if (stored !== undefined) parts.mutator.workloadFollower(deploymentRow).put(structuredClone(stored));
    },
  });
  const tell = (key: string): void => {
    for (const watch of shelf.watches) watch.workload(key);
  };
  const patchWorkload = async (workload: Workload, patch: object): Promise<WorkloadObject> => {
    const key = workloadKey(workload);
    const sent = patch as Patch;
    patches.push({ name: workload.name, ...sent });
    await ways.patch(workload.name, sent);
    const stored = workloads.get(key);
    if (stored === undefined) throw notFound(key);
    if (sent.body.metadata?.resourceVersion !== stored.metadata.resourceVersion)
      throw new RestampError('RESTAMP_KUBE_CONFLICT', key);
    workloads.set(key, applyPatch(stored, sent.body, nextVersion()));
    if (ways.echo) tell(key);
    const reply = structuredClone(workloads.get(key)!);
    await ways.reply(workload.name);
    return reply;
  };
  const faults = new Faults({
    log: (_fields, message) => faulty.push(message),
    count: () => undefined,
  });
  const parts = assembleMutator(
    levers === undefined ? ring : { ...ring, levers },
    { ...SETTINGS, ...settings, kinds },
    {
      clock,
      contact,
      faults,
      readSource: (where) =>
        call(async () => {
          const key = sourceKey(where);
          reads.push(key);
          await ways.read(key);
          const stored = sources.get(key);
          await ways.answer(key);
          if (stored === undefined) throw notFound(key);
          return structuredClone(stored);
        }),
      readSourceAt: async (where, at) => {
        const key = sourceKey(where);
        asOf.push(`${key} ${at}`);
        await ways.readAt(key);
        return structuredClone(past.findLast((one) => one.key === key && +one.made <= +at)?.stored);
      },
      readSourceVersion: async (where) => sources.get(sourceKey(where))?.metadata.resourceVersion ?? '0',
      readPodOwner: async ({ name }) => owners.get(name),
      readWorkload: ({ row, namespace, name }) =>
        call(async () => {
          await ways.readWorkload(name);
          const key = workloadKey({ kind: row.kind, namespace, name });
          const stored = workloads.get(key);
          if (stored === undefined) throw notFound(key);
          return structuredClone(stored);
        }),
      patchWorkload: (workload, patch) => call(() => patchWorkload(workload, patch)),
      jobs: noJobs,
      remakeStore: noRemakes,
      recorder: {
        audit: (fields) => audit.push(fields),
        error: (_fields, message) => errors.push(message),
        countRoll: () => undefined,
        sendEvent: async (event) => void events.push(event),
      },
      onTrouble: (error) => troubles.push(error),
      onUnreadable: (key, why) => unreadable.push(`${key} ${why}`),
      onDropped: (_workload, key) => dropped.push(key),
      onUnproven: (_workload, keys) => unproven.push(...keys),
      onLeftOut: ({ name }, { length }, whole) =>
        told.leftOut.push(`${name} ${length}${whole ? ' of all' : ''}`),
      onInvalidList: (_workload, reason) => told.invalid.push(reason),
      onInvalidPause: () => undefined,
      onUnusableRequest: (key, at) => told.unusable.push(`${key} ${at}`),
      onReverted: ({ name }, manager) => told.reverted.push(`${name} ${manager}`),
      onOutcome: () => undefined,
      audit: (fields) => audit.push(fields),
      stopped: () => false,
      ...(tallied === undefined ? {} : { tally: tallied(clock) }),
    },
  );

  /** Stores a source and lets the watch tell of it; `by`: admission saw the write. */
  function putSource(key: string, data: Readonly<Record<string, string>>, writer: Writer = {}): void {
    const where = ref(key);
    const before = sources.get(sourceKey(where));
    const uid = writer.uid ?? before?.metadata.uid ?? `uid-${where.name}`;
    const annotations = writer.annotations ?? before?.metadata.annotations ?? {};
    if (writer.by !== undefined) see(key, 'UPDATE', writer.by, { uid, before, data });
    const stored = source(where.name, data, { version: nextVersion(), ...writer, uid, annotations });
    past.push({ key: sourceKey(where), made: stored.metadata.resourceVersion, stored });
    sources.set(sourceKey(where), stored);
    tellOf(where);
  }
  function deleteSource(key: string, by?: string): void {
    const where = ref(key);
    const before = sources.get(sourceKey(where));
    if (by !== undefined)
      see(key, 'DELETE', by, { uid: before?.metadata.uid ?? '', before, data: undefined });
    past.push({ key: sourceKey(where), made: nextVersion(), stored: undefined });
    sources.delete(sourceKey(where));
    tellOf(where);
  }
  function tellOf(where: SourceRef): void {
    if (ways.sourcesLag) late.push(where);
    else for (const watch of shelf.watches) watch.source(where);
  }
  /** The watches of sources tell of the state that is stored now of all that they have not told of. */
  function catchUp(): void {
    ways.sourcesLag = false;
    for (const where of late.splice(0)) tellOf(where);
  }
  function see(...[key, operation, user, write]: Parameters<typeof sightingOf>): void {
    const seen = sightingOf(key, operation, user, { ...write, at: clock.now() });
    if (elsewhere.on) elsewhere.sightings.push(seen);
    else parts.sightings.add(seen);
  }
  /** Stores a Deployment as somebody else writes it, and lets the watch tell of it. */
  function putWorkload(name: string, given: WorkloadParts = {}): void {
    const made = deployment(name, { ...given, version: nextVersion() });
    workloads.set(workloadKey({ kind: 'Deployment', namespace: NAMESPACE, name }), made);
    tell(`${NAMESPACE}/Deployment/${name}`);
  }
  /** Changes annotations of a Deployment in place; null takes one away. */
  function annotate(name: string, annotations: Readonly<Record<string, string | null>>): void {
    const key = `${NAMESPACE}/Deployment/${name}`;
    workloads.set(key, applyPatch(workloads.get(key)!, { metadata: { annotations } }, nextVersion()));
    tell(key);
  }
  return {
    ...parts,
    shelf,
    clock,
    contact,
    elsewhere,
    owners,
    ways,
    reads,
    asOf,
    patches,
    events,
    audit,
    errors,
    troubles,
    faulty,
    dropped,
    unproven,
    unreadable,
    ...told,
    putSource,
    deleteSource,
    catchUp,
    /** It holds the Lease, or loses it. */
    lead: (leads: boolean) => {
      parts.queue.setActive(leads);
      parts.baselines.setActive(leads);
      parts.mutator.recover();
    },
    putWorkload,
    annotate,
    stored: (name: string) => workloads.get(`${NAMESPACE}/Deployment/${name}`) as Patchable & WorkloadObject,
    remove: (name: string) => {
      workloads.delete(`${NAMESPACE}/Deployment/${name}`);
      parts.mutator.workloadFollower(deploymentRow).remove({ namespace: NAMESPACE, name });
    },
    /** Names of the Deployments that were rolled, in order: patches that touch the template. */
    rolled: () => patches.filter(({ body }) => body.spec !== undefined).map(({ name }) => name),
    /** Names of the Deployments of which only annotations were written. */
    noted: () => patches.filter(({ body }) => body.spec === undefined).map(({ name }) => name),
    /** Lets time pass in small steps, and everything run that it makes ready. */
    pass: async (ms: number) => {
      await turn();
      for (let left = ms; left > 0; left -= 250) {
        clock.advance(Math.min(left, 250));
        await turn();
      }
    },
  };
}

export type World = ReturnType<typeof world>;

/** A world in which `workloads` use `cm/app` and everything has its baseline. */
export async function settled(names: readonly string[] = ['api'], settings: WorldSettings = {}) {
  const made = world(settings);
  made.putSource('cm/app', { a: '1' });
  for (const name of names) made.putWorkload(name);
  made.mutator.start();
  await made.pass(1000 + 250 * names.length);
  made.patches.length = 0;
  made.reads.length = 0;
  return made;
}
