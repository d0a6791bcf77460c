import type { KindRow, Kinds } from '../core/api/kind.ts';
import { timingOf, type Timing } from '../core/opt-in/overrides.ts';
import { reduceWorkload, workloadKey, type Workload, type WorkloadObject } from '../core/objects/workload.ts';
import { Attribution } from '../attribution/attribution.ts';
import { Aftermath } from './reporting/aftermath.ts';
import { Baselines } from './baseline-writer.ts';
import { BorrowerReader } from '../state/workload-ref-reader.ts';
import { Changes } from '../attribution/change-log.ts';
import { Doubts } from '../state/doubts.ts';
import { FirstSight } from '../state/first-sight.ts';
import { Gates } from './gates/gates.ts';
import { Holds } from './gates/holds.ts';
import { RolloutObserver } from './rollout-observer.ts';
import { Releases } from './gates/release-tracker.ts';
import { RollRates } from './gates/roll-limit.ts';
import { InFlight } from './rollers/in-flight.ts';
import { Judge } from './evaluator.ts';
import { LiveSources } from '../state/live-source-reader.ts';
import { PodStatuses } from '../state/csi-mounts.ts';
import { moment } from '../state/moment.ts';
import { Mutator } from './event-handlers.ts';
import { RollQueue } from './workqueue.ts';
import { LeftOut } from './reporting/map-overflow.ts';
import { Lenders } from '../state/workload-refs.ts';
import { Pauses } from './gates/pause-timers.ts';
import { Recorder } from './reporting/roll-recorder.ts';
import { hear } from '../attribution/remote-sightings.ts';
import { Remakes } from './rollers/job-recreator.ts';
import { Roller } from './reconciler.ts';
import { RollSender } from './rollers/roll-sender.ts';
import { RollWriter } from './rollers/roll-writer.ts';
import { Terminations } from './gates/terminating-namespaces.ts';
import { Seals } from './gates/hold-seals.ts';
import { Sightings, type Sighting } from '../attribution/sightings.ts';
import { SourceBook } from '../state/source-cache.ts';
import type { KeyRing } from '../state/digested-source.ts';
import { SourceReader } from '../state/source-reader.ts';
import { WorkloadBook } from '../state/workload-cache.ts';
import { Writes } from './write-handlers.ts';
import type { MutatorPorts, MutatorSettings } from './ports.ts';

/** Puts the parts of the rolling side together; returns those that others speak to. */
export function assembleMutator(
  ring: KeyRing,
  settings: MutatorSettings & { kinds: Kinds },
  ports: MutatorPorts,
) {
  const { clock, onTrouble, faults } = ports;
  const { keys, kinds } = settings;
  const lenders = new Lenders(kinds);
  const borrowed = (key: string) => lenders.annotations(key);
  const workloads = new WorkloadBook(new Set(ring.keys.keys()), ports.onUnreadable);
  const sources = new SourceBook();
  const sightings = new Sightings(clock);
  const changes = new Changes();
  const recorder = new Recorder({ ...ports.recorder, clock, faults });
  const reader = new SourceReader({
    read: ports.readSource,
    ring,
    keys,
    selector: settings.resourceLabelSelector,
    clock,
    onTrouble,
    faults,
    onRead: (ref, state, before) => {
      const changed = mutator.onRead(ref, state, before);
      for (const key of doubts.settle(ref)) if (queue.has(key)) queue.ensure(key);
      const looked = (): { kind: string; stale: boolean }[] =>
        [...workloads.candidates(ref)].map((key) => ({
          kind: workloads.get(key)?.workload.kind ?? '',
          stale: queue.has(key),
        }));
      if (!changed) ports.tally?.read(ref, state, before, undefined);
      else mutator.whenJudged(() => ports.tally?.read(ref, state, before, looked()));
    },
    onUnreadable: (ref) => mutator.onUnreadable(ref),
    patienceMs: settings.longestDelayMs,
    isSettling: () => ports.contact.isSettling,
  });
  const doubts: Doubts = new Doubts(reader, ports.contact);
  const statuses = new PodStatuses({
    ring,
    ...ports,
    borrower: (workload) => lenders.borrower(workload),
    onChange: (...change) => mutator.onMounted(...change),
  });
  const firstSight = new FirstSight({ ...ports, ...settings, ring, onRead: (ref) => mutator.look(ref) });
  const judge = new Judge({
    firstSight,
    workloads,
    sources,
    reader,
    statuses,
    keyId: ring.current,
    settings,
    lenders,
    onDropped: ports.onDropped,
  });
  const seals = new Seals(ring, workloads);
  const { current: keyId } = ring;
  const attribution = new Attribution({ workloads, sources, judge, sightings, changes, seals, clock, keyId });
  const store = ({ row }: Pick<Workload, 'row'>, object: WorkloadObject): void =>
    mutator.putWorkload(row, object, { as: 'answered' });
  const terminations = new Terminations(clock);
  const remakes = new Remakes({
    store: ports.remakeStore,
    jobs: ports.jobs,
    clock,
    onTrouble,
    faults,
    terminations,
    onMade: (...made) => aftermath.made(...made),
    onEnd: (key) => queue.recheck(key),
  });
  const releases = new Releases(clock);
  const rates = new RollRates(clock, settings.rollLimit);
  const inFlight = new InFlight();
  const { releaseQuietMs } = settings;
  const gates = new Gates({ clock, sources, releases, rates, releaseQuietMs, stopped: ports.stopped });
  const observer = new RolloutObserver({
    clock,
    deadlineMs: settings.rolloutDeadlineMs,
    onOutcome: (key, outcome) => {
      const workload = workloads.get(key)?.workload;
      // Pods that go with their workload or namespace are no failure.
      if (workload !== undefined && !terminations.includes(workload))
        faults.contain(key, () => ports.onOutcome(workload, outcome));
    },
  });
  const holds = new Holds({ clock, seals, audit: ports.audit, onChange: (key) => baselines.add(key) });
  const pauses = new Pauses({
    clock,
    faults,
    onOver: (key) => {
      baselines.add(key);
      queue.recheck(key);
    },
  });
  const leftOut = new LeftOut(ports.onLeftOut);
  const told = { recorder, leftOut, onReverted: ports.onReverted };
  const reduce = (row: KindRow, object: WorkloadObject) =>
    reduceWorkload(row, object, { ...settings, borrowed });
  const aftermath = new Aftermath({ kinds, workloads, holds, rates, inFlight, reduce, ...told });
  const observing = settings.mode === 'observe';
  const reread = async (workload: Workload): Promise<WorkloadObject> => {
    const begun = moment();
    const object = await ports.readWorkload(workload);
    mutator.putWorkload(workload.row, object, { as: 'answered', begun });
    return object;
  };
  const writer = new RollWriter({
    patch: ports.patchWorkload,
    read: ports.readWorkload,
    jobs: ports.jobs,
    remakes,
    strategyOf: (kind) => (settings.annotationLeverKinds.has(kind) ? 'annotations' : settings.reloadStrategy),
  });
  const sender = new RollSender({ faults, writer, inFlight, reread, observer, tally: ports.tally });
  const roller = new Roller({
    clock,
    faults,
    observe: !observing
      ? undefined
      : (workload, plan, entry) => {
          // As if it had been rolled, so that the next change is told of as well.
          workloads.remember(workloadKey(workload), workload.uid, plan.rolled);
          recorder.observed(workload, entry);
        },
    judge,
    reader,
    doubts,
    gates,
    terminations,
    workloads,
    inFlight,
    remakes,
    sender,
    reread,
    onStored: store,
    leftOut,
    explain: (workload, plan) => {
      const held = holds.get(workloadKey(workload));
      const entry = attribution.explain(workload, plan);
      return held === undefined ? entry : { ...entry, waited: [held.reason] };
    },
    onRolled: (workload, rolled) => aftermath.rolled(workload, rolled),
    onSkipped: (workload, entry) => aftermath.skipped(workload, entry),
    onHeld: (workload, { reason, detail }, entry) => holds.hold(workload, reason, detail, entry),
    onFailed: (workload, error, entry) => {
      ports.tally?.failed(workload);
      recorder.failed(workload, error, entry);
    },
    onGone: (key) => aftermath.gone(key),
    failures: (key, reason) => queue.failures(key, reason),
  });
  const queue: RollQueue = new RollQueue({
    clock,
    faults,
    timing: (key) => timing(key),
    parallel: settings.rollParallelism,
    recoveryPerSecond: settings.recoveryRollsPerSecond,
    roll: (key, overdue, waitedMs) => {
      recorder.setBusy(true);
      const pass = roller.roll(key, overdue && !ports.contact.isSettling);
      return ports.tally?.passed(key, waitedMs, pass) ?? pass;
    },
    onAdded: () => ports.tally?.added(),
    onIdle: () => recorder.setBusy(false),
  });
  const baselines = new Baselines({
    judge,
    terminations,
    clock,
    patch: ports.patchWorkload,
    onStored: store,
    onTrouble,
    faults,
    perSecond: settings.baselinesPerSecond,
    holds,
    leftOut,
    writeMaps: settings.writeBaselines,
    readOnly: observing,
  });
  const borrowerReader = new BorrowerReader({
    read: ports.readWorkload,
    onRead: ({ row }, object) => mutator.putWorkload(row, object, { as: 'read' }),
    onTrouble,
    faults,
  });
  const mutator: Mutator = new Mutator({
    clock,
    workloads,
    sources,
    reader,
    judge,
    queue,
    baselines,
    faults,
    attribution,
    settings: { ...settings, borrowed },
    gates,
    holds,
    rates,
    remakes,
    inFlight,
    leftOut,
    lenders,
    reread: (borrowers) => borrowerReader.read(borrowers),
    pauses,
    writes: new Writes({ releases, rates, inFlight, queue, pauses, ...ports, recorder }),
    observer,
    recorder,
    onUnproven: ports.onUnproven,
    onEvent: (event, ref) => ports.tally?.event(event, ref),
  });
  const timing = (key: string): Timing => {
    const workload = workloads.get(key)?.workload;
    const asked = workload === undefined ? [] : judge.asked(workload);
    return timingOf(workload?.wishes, asked, {
      quietMs: settings.quietMs,
      longestMs: settings.longestDelayMs,
    });
  };
  const stop = (): void => {
    mutator.stop();
    queue.stop();
    baselines.stop();
    reader.stop();
    firstSight.stop();
    borrowerReader.stop();
    statuses.stop();
    observer.stop();
    pauses.stop();
    remakes.stop();
  };
  return {
    mutator,
    judge,
    workloads,
    sources,
    reader,
    statuses,
    live: new LiveSources({ reader, judge, clock, readVersion: ports.readSourceVersion }),
    /** Takes a sighting of another replica. */
    heard: (sighting: Sighting): void => hear({ reader, changes, sightings, keyId: ring.current }, sighting),
    sightings,
    changes,
    queue,
    baselines,
    holds,
    rates,
    remakes,
    terminations,
    borrowed,
    stop,
    /** Sends the Events that wait: {@link Recorder.stop}. */
    lastEvents: (): Promise<void> => recorder.stop(),
  };
}
