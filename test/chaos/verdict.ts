import { leverName, type SourceName, type WorkloadObject } from '../e2e/objects.ts';
import type { Actor } from './cast.ts';
import type { Ledger } from './ledger.ts';
import { templateOf, type Record } from './observer.ts';

/** What must not be: a change that rolled nobody, a roll that nobody asked for, one roll too many. */
export const FAILINGS = ['lost', 'unasked', 'excess', 'backwards'] as const;
export type Failing = { readonly what: (typeof FAILINGS)[number]; readonly where: string };

/** What one workload is judged by. */
export type Evidence = {
  readonly actor: Actor;
  /** Its template when it was complete and nothing had changed. */
  readonly before: string;
  readonly record: Record | undefined;
  /** New templates that its controller has seen. */
  readonly revisions: number;
  readonly ledger: Ledger;
  /** The digests of the sources that exist now. */
  readonly stored: ReadonlyMap<SourceName, string>;
};

/** How many times a workload has been rolled: neither witness makes any up, either may have missed some. */
export function rollsOf({ record, revisions }: Evidence): number {
  return Math.max(record?.transitions ?? 0, revisions);
}

/** Everything that is wrong with one workload at the end. */
export function judge(evidence: Evidence): Failing[] {
  const { actor, before, record, ledger } = evidence;
  const id = `${actor.kind}/${actor.name}`;
  if (record === undefined) return [{ what: 'lost', where: `${id} is gone` }];
  const rolls = rollsOf(evidence);
  if (actor.bystander)
    return rolls === 0 && templateOf(record.object) === before
      ? []
      : [{ what: 'unasked', where: `${id}: a bystander, rolled ${rolls} times` }];
  const changes = actor.sources.reduce((sum, source) => sum + ledger.changes(source), 0);
  const failings = [...lost(evidence), ...backwards(evidence)];
  const strange = strangeLevers(actor, record.object);
  if (strange.length > 0) failings.push({ what: 'unasked', where: `${id}: has ${strange.join(', ')}` });
  if (rolls > 0 && changes === 0) failings.push({ what: 'unasked', where: `${id}: rolled ${rolls} times` });
  else if (rolls > changes)
    failings.push({ what: 'excess', where: `${id}: rolled ${rolls} times for ${changes} changes` });
  return failings;
}

/** Sources whose digest the workload does not show although it should. */
export function lost({ actor, record, ledger, stored }: Evidence): Failing[] {
  return actor.sources.flatMap((source) => {
    const lever = record?.levers.get(source)?.at(-1);
    const { digests } = ledger.get(source);
    const now = stored.get(source);
    // A source that went through a change and back unseen needs no roll; one that is gone keeps what was seen last.
    const fits =
      now === undefined
        ? lever === undefined || digests.includes(lever)
        : lever === now || (lever === undefined && now === digests[0]);
    if (fits) return [];
    const shows = lever === undefined ? 'nothing' : `its state ${digests.lastIndexOf(lever)}`;
    const where = `${actor.kind}/${actor.name}: shows ${shows} (${lever ?? '-'}) of ${source}, which is at ${digests.length - 1} (${now ?? 'gone'})`;
    return [{ what: 'lost', where }];
  });
}

/** A lever may skip states of its source, but shows them in their order, and never one that was not there. */
function backwards({ actor, record, ledger }: Evidence): Failing[] {
  return actor.sources.flatMap((source) => {
    const seen = (record?.levers.get(source) ?? []).filter((lever) => lever !== undefined);
    const { digests } = ledger.get(source);
    let at = 0;
    for (const lever of seen) {
      at = digests.indexOf(lever, at) + 1;
      if (at === 0) {
        const where = `${actor.kind}/${actor.name}: ${source} went ${seen.map((one) => digests.indexOf(one)).join(' → ')}`;
        return [{ what: 'backwards', where }];
      }
    }
    return [];
  });
}

/** Levers in a template that no dependency of the workload accounts for. */
function strangeLevers({ sources }: Actor, { spec }: WorkloadObject): string[] {
  const known = new Set(sources.map(leverName));
  const variables = spec.template.spec.containers.flatMap(({ env = [] }) => env.map(({ name }) => name));
  const annotations = Object.keys(spec.template.metadata?.annotations ?? {});
  return [
    ...variables.filter((name) => name.startsWith('STAKATER_') && !known.has(name)),
    // The env vars of sources with different names never meet here, so that this one is never needed.
    ...annotations.filter((name) => name.startsWith('restamp.dev/')),
  ];
}
