import type { Test } from 'tap';
import {
  historyOf,
  leverName,
  rowOf,
  sha1Of,
  split,
  stampKey,
  type Data,
  type SourceName,
} from '../support/objects.ts';
import type { Stage } from '../support/environment.ts';
import { rolledTemplate, workloadPath, type PodTemplate, type TableKind, type Workload } from './kinds.ts';
import { sourceOf, type Row } from './rows/row.ts';

export type Strategy = 'annotations' | 'env-vars';

/** One row for one kind. */
export type Subject = {
  readonly row: Row;
  readonly kind: TableKind;
  readonly prefix: string;
  readonly name: string;
};

const PAUSED_AT = 'deployment.reloader.stakater.com/paused-at';

/** What a source has after so many changes of a row. */
export const valueOf = (count: number): Data => ({ n: `new ${String(count)}` });

/** The workload that uses what this one uses, and says nothing. */
export function neighbourOf({ row: { title, uses }, name, ...rest }: Subject): Subject {
  return { ...rest, row: { title, uses }, name: `${name}-beside` };
}

/** The sources of each roll, oldest first. */
export function rollsOf(object: Workload): string[][] {
  return historyOf(object)
    .map(({ sources }) => sources.map((one) => one.source))
    .reverse();
}

/** Holds what is stored in the end against the row. */
export async function judge(t: Test, stage: Stage, subject: Subject, strategy: Strategy): Promise<void> {
  const { row, kind, prefix, name } = subject;
  if (row.neighbour === true) await judge(t, stage, neighbourOf(subject), strategy);
  const object = await stage.cp.api<Workload>('GET', workloadPath(stage.ns, kind, name));
  const { rolls = [], restarts, pauses } = row;
  t.same(
    rollsOf(object),
    rolls.map((role) => [stampKey(sourceOf(prefix, role))]),
    'what its history names',
  );
  const last = rolls.at(-1);
  const template = await rolledTemplate(stage.cp, stage.ns, kind, object);
  const expected =
    last === undefined || restarts === true
      ? undefined
      : { which: sourceOf(prefix, last), hash: sha1Of(valueOf(rolls.length - 1)) };
  if (strategy === 'annotations') judgeAnnotation(t, stage.ns, template, expected);
  else judgeVariable(t, template, expected);
  if (restarts === true) t.ok(object.spec.restartAt, 'restartAt');
  if (pauses !== undefined) t.equal(PAUSED_AT in (object.metadata.annotations ?? {}), pauses, PAUSED_AT);
}

type Expected = { readonly which: SourceName; readonly hash: string } | undefined;

function judgeAnnotation(t: Test, ns: string, template: PodTemplate | undefined, expected: Expected): void {
  const text = template?.metadata?.annotations?.['reloader.stakater.com/last-reloaded-from'];
  if (expected === undefined) return void t.equal(text, undefined, 'no lever');
  const { kind, name } = split(expected.which);
  const { word: type } = rowOf(kind);
  t.match(JSON.parse(text ?? '{}'), { type, name, namespace: ns, hash: expected.hash });
}

function judgeVariable(t: Test, template: PodTemplate | undefined, expected: Expected): void {
  const levers = (template?.spec.containers ?? [])
    .flatMap(({ env = [] }) => env)
    .filter(({ name }) => name.startsWith('STAKATER_'));
  if (expected === undefined) t.same(levers, [], 'no lever');
  else t.equal(levers.find(({ name }) => name === leverName(expected.which))?.value, expected.hash, 'lever');
}
