import { leverName } from '../../e2e/support/objects.ts';
import type { Actor } from '../population/cast.ts';
import {
  hasLevers,
  isStamped,
  leverIn,
  podTemplateOf,
  templateText,
  type ActorObject,
  type AnySource,
  type PodTemplate,
} from '../population/kinds.ts';
import type { Ledger } from './ledger.ts';
import { idOf, type Record } from './observer.ts';
import type { Deeds } from '../user.ts';

/** What must not be: a change that rolled nobody, a roll that nobody asked for, one roll too many. */
export const FAILINGS = ['lost', 'unasked', 'excess', 'backwards'] as const;
export type Failing = { readonly what: (typeof FAILINGS)[number]; readonly where: string };

/** A pod, and the digest of what it mounted as it started. */
export type PodState = { readonly pod: PodTemplate; readonly mounted: string | undefined };

/** What one workload is judged by. */
export type Evidence = {
  readonly actor: Actor;
  /** Its template when it was complete and nothing had changed. */
  readonly before: string;
  readonly record: Record | undefined;
  /** New templates that its controller has seen. */
  readonly revisions: number;
  readonly ledger: Ledger;
  /** What was done to it by others than Restamp. */
  readonly deeds: Deeds;
  /** The digests of the sources that exist now. */
  readonly stored: ReadonlyMap<AnySource, string>;
  /** Those of its pods that are to live. */
  readonly pods: readonly PodState[];
  /** Whether each workload is to bear a map of all that it depends on. */
  readonly maps: boolean;
};

/** How many times a workload has been rolled, by whomever: no witness makes any up, each may have missed some. */
export function rollsOf({ record, revisions, deeds }: Evidence): number {
  // The controller of one that was deleted counts anew.
  return Math.max(record?.transitions ?? 0, deeds.remade ? 0 : revisions);
}

/** Everything that is wrong with one workload at the end. */
export function judge(evidence: Evidence): Failing[] {
  const { actor, before, record, ledger, deeds } = evidence;
  const id = idOf(actor);
  if (record === undefined || record.gone) return [{ what: 'lost', where: `${id} is gone` }];
  const rolls = rollsOf(evidence);
  const returned = actor.sources.some((source) => hasReturned(ledger.get(source).digests));
  const strange = strangeLevers(actor, deeds.retemplated || returned, record.object);
  const unasked: Failing[] =
    strange.length > 0 ? [{ what: 'unasked', where: `${id}: has ${strange.join(', ')}` }] : [];
  const figures = `rolled ${rolls} times, ${deeds.rolls} by its user`;
  if (actor.bystander) {
    return rolls <= deeds.rolls && (deeds.retemplated || templateText(record.object) === before)
      ? unasked
      : [...unasked, { what: 'unasked', where: `${id}: a bystander, ${figures}` }];
  }
  const changes = actor.sources.reduce((sum, source) => sum + ledger.changes(source), 0);
  const failings = [
    ...lost(evidence),
    ...backwards(evidence),
    ...earlier(evidence),
    ...unasked,
    ...idleRuns(evidence),
  ];
  if (changes === 0 && rolls > deeds.rolls) failings.push({ what: 'unasked', where: `${id}: ${figures}` });
  else if (rolls > changes + deeds.rolls)
    failings.push({ what: 'excess', where: `${id}: ${figures}, for ${changes} changes` });
  return failings;
}

/** Sources of which the pods have something else than what is stored now, and nobody may excuse it. */
export function lost(evidence: Evidence): Failing[] {
  return evidence.actor.sources.flatMap((source) =>
    isExcused(evidence, source) ? [] : lostOne(evidence, source),
  );
}

/**
 * How many sources only pass because somebody's write took them out of a map while no webhook was there to put them
 * back: what changed until the map knew them again is nothing that anybody could tell.
 */
export function excused(evidence: Evidence): number {
  const { sources } = evidence.actor;
  return sources.filter((source) => isExcused(evidence, source) && lostOne(evidence, source).length > 0)
    .length;
}

function isExcused({ record, ledger }: Evidence, source: AnySource): boolean {
  const until = record?.bareUntil.get(source);
  if (until === undefined) return false;
  // What went and came back since is what was there when the map knew it again.
  return (
    until >= ledger.changedAt(source) || ledger.digestAt(source, until) === ledger.get(source).digests.at(-1)
  );
}

function lostOne(evidence: Evidence, source: AnySource): Failing[] {
  const { actor, record, ledger, deeds, stored } = evidence;
  const now = stored.get(source);
  const { digests } = ledger.get(source);
  const lever = record?.levers.get(source)?.at(-1);
  // Without a lever its pods have what was there when they were started: by their user, anew by a restart, or first.
  const shown = lever ?? ledger.digestAt(source, startedAt(record, deeds, source));
  const lose = (how: string): Failing[] => [{ what: 'lost', where: `${idOf(actor)}: ${how}` }];
  if (record === undefined || record.gone) return lose('is gone');
  const stamped = (): Failing[] =>
    !evidence.maps || isStamped(record.object, source) ? [] : lose(`has no stamp of ${source}`);
  if (source.startsWith('SecretProviderClass/')) {
    const how = lostMount(evidence.pods, digests);
    return how === undefined ? stamped() : lose(`${how} of ${source}, which is at ${digests.length - 1}`);
  }
  // A source that is gone keeps what was seen last.
  if (now === undefined) return lever === undefined || digests.includes(lever) ? [] : lose(`has ${lever}`);
  // A Job that was made anew while its source changed again tells of the state before by its lever, and has this one; and
  // if its source was gone, it has waited for what that was created with.
  const { madeAt } = record;
  const begun =
    actor.kind === 'Job' ? [ledger.digestAt(source, madeAt), ledger.createdAfter(source, madeAt)] : [];
  if (shown !== now && !begun.includes(now)) {
    const state = shown === undefined ? 'nothing' : `its state ${digests.lastIndexOf(shown)}`;
    const by = lever === undefined ? 'without a lever' : 'by its lever';
    return lose(`shows ${state} (${by}) of ${source}, which is at ${digests.length - 1} (${now})`);
  }
  const old = evidence.pods.filter(({ pod }) => leverIn(pod, source) !== lever);
  if (old.length > 0)
    return lose(`has ${old.length} of ${evidence.pods.length} pods without its lever of ${source}`);
  return stamped();
}

/** A pod has in memory what it mounted as it started, whatever the driver has written into its files since. */
function lostMount(pods: readonly PodState[], digests: readonly string[]): string | undefined {
  if (pods.length === 0) return 'has no pod with any state';
  const old = pods.filter(({ mounted }) => mounted !== digests.at(-1));
  if (old.length === 0) return undefined;
  const states = old.map(({ mounted }) => digests.indexOf(mounted ?? ''));
  return `has ${old.length} of ${pods.length} pods that started with state ${states.join()}`;
}

function startedAt(record: Record | undefined, deeds: Deeds, source: AnySource): bigint {
  const restart = record?.restarts.findLast(({ at }) => at !== undefined)?.version ?? 0n;
  const starts = [restart, deeds.freshAt ?? 0n, record?.takenAt.get(source) ?? 0n];
  return starts.reduce((last, one) => (one > last ? one : last));
}

/** A restart is to a time after the one before, unless that was taken away. */
function earlier({ actor, record }: Evidence): Failing[] {
  const times = record?.restarts.map(({ at }) => at) ?? [];
  const wrong = times.some((at, index) => index > 0 && at !== undefined && at <= (times[index - 1] ?? ''));
  const where = `${idOf(actor)}: restartAt went ${times.map((at) => at ?? 'away').join(' → ')}`;
  return wrong ? [{ what: 'backwards', where }] : [];
}

/** A lever may skip states of its source, but shows them in their order, and never one that was not there. */
function backwards({ actor, record, ledger }: Evidence): Failing[] {
  return actor.sources.flatMap((source) => {
    const seen = (record?.levers.get(source) ?? []).filter((lever) => lever !== undefined);
    const { digests } = ledger.get(source);
    let at = 0;
    for (const lever of seen) {
      // It may come back as it was, where its user had taken it away.
      at = digests.indexOf(lever, at);
      if (at === -1) {
        const where = `${idOf(actor)}: ${source} went ${seen.map((one) => digests.indexOf(one)).join(' → ')}`;
        return [{ what: 'backwards', where }];
      }
    }
    return [];
  });
}

/** Jobs of a CronJob that run nothing newer than the ones before them. */
function idleRuns({ actor, record, ledger, deeds }: Evidence): Failing[] {
  const at = new Map(
    actor.sources.map((source) => [source, ledger.indexAt(source, deeds.freshAt ?? 0n)] as const),
  );
  const idle = (record?.runs ?? []).filter((run) => {
    const newer = [...run].filter(([source, lever]) => {
      const index = ledger.get(source).digests.indexOf(lever ?? '', (at.get(source) ?? 0) + 1);
      if (index !== -1) at.set(source, index);
      return index !== -1;
    });
    return newer.length === 0;
  });
  const where = `${idOf(actor)}: ${idle.length} of ${record?.runs.length ?? 0} Jobs with nothing new`;
  return idle.length === 0 ? [] : [{ what: 'excess', where }];
}

/** Whether a source has had the same content twice, with another one in between. */
function hasReturned(digests: readonly string[]): boolean {
  return new Set(digests).size < digests.length;
}

/** Levers in a template that no dependency of the workload accounts for; some kinds have none at all. */
function strangeLevers({ manifest, sources }: Actor, mayBeStamped: boolean, object: ActorObject): string[] {
  const { spec, metadata } = podTemplateOf(object);
  const known = new Set(hasLevers(manifest) ? sources.map(leverName) : []);
  const variables = spec.containers.flatMap(({ env = [] }) => env.map(({ name }) => name));
  const annotations = Object.keys(metadata?.annotations ?? {});
  return [
    ...variables.filter((name) => name.startsWith('STAKATER_') && !known.has(name)),
    // Only where the lever is right already, by a user's doing, or where it comes back in the middle of a rollout.
    ...annotations.filter((name) => name.startsWith('restamp.dev/') && !mayBeStamped),
  ];
}
