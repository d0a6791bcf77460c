import type { Test } from 'tap';
import { sharedControlPlane } from '../../../controlplane/shared.ts';
import {
  AUTO,
  pathOf,
  source,
  split,
  stampedKeys,
  stampKey,
  type SourceName,
} from '../../support/objects.ts';
import { Stage } from '../../support/environment.ts';
import { judge, neighbourOf, rollsOf, valueOf, type Strategy, type Subject } from '../judge.ts';
import { KIND_FLAGS, manifestOf, serveKinds, workloadPath, type TableKind, type Workload } from '../kinds.ts';
import { kindsOf, named, podsOf, rolesOf, sourceOf, type Role, type Row } from './row.ts';

const patienceMs = 120_000;
const BELLS: readonly SourceName[] = ['ConfigMap/bell-cm', 'Secret/bell-secret'];

/** A table that has been played: what is stored now is to be held against its rows. */
type Played = {
  readonly stage: Stage;
  readonly strategy: Strategy;
  readonly subjects: readonly Subject[];
  readonly errors: ReadonlyMap<Subject, unknown>;
};

/** Plays a table with each strategy, a Restamp and a namespace for each; then a subtest for each row and kind. */
export async function runTable(
  t: Test,
  rows: readonly Row[],
  strategies: readonly Strategy[] = ['annotations', 'env-vars'],
): Promise<void> {
  const cp = await sharedControlPlane(t);
  await serveKinds(cp);
  const played = await Promise.all(
    strategies.map(async (strategy) => {
      const stage = new Stage(cp, await cp.freshNamespace(`table-${strategy}`), {
        flags: [`--reload-strategy=${strategy}`, ...KIND_FLAGS],
      });
      t.teardown(() => stage.close());
      await stage.start();
      return { stage, strategy, ...(await play(stage, rows)) } satisfies Played;
    }),
  );
  for (const { stage, strategy, subjects, errors } of played)
    for (const subject of subjects)
      await t.test(`${subject.kind}, ${strategy}: ${subject.row.title}`, async (t) => {
        if (errors.has(subject)) throw errors.get(subject);
        await judge(t, stage, subject, strategy);
      });
}

/**
 * Plays all rows beside each other: all sources and workloads are created, then everything changes that must roll
 * nobody and everything that must roll. Last a bell rings, which a workload of each kind hears: whatever was to
 * roll wrongly has rolled by then.
 */
async function play(stage: Stage, rows: readonly Row[]): Promise<Pick<Played, 'subjects' | 'errors'>> {
  const errors = new Map<Subject, unknown>();
  const forAll = async (
    subjects: readonly Subject[],
    act: (one: Subject) => Promise<void>,
  ): Promise<void> => {
    const each = async (one: Subject): Promise<void> =>
      act(one).catch((error: unknown) => void errors.set(one, error));
    await Promise.all(subjects.filter((one) => !errors.has(one)).map(each));
  };
  const lines = rows.map((row, index) => {
    const prefix = `r${String(index)}`;
    const subjects = kindsOf(row).map((kind): Subject => {
      return { row, kind, prefix, name: `${prefix}-${kind.toLowerCase()}` };
    });
    return { row, prefix, subjects };
  });
  const subjects = lines.flatMap((line) => line.subjects);
  const bell = await hang(stage, [...new Set(subjects.map(({ kind }) => kind))]);
  await Promise.all(lines.map(({ row, prefix }) => createSources(stage, row, prefix)));
  await forAll(subjects, (one) => prepare(stage, one));
  await bell();
  await Promise.all(
    lines.map(async ({ row, prefix, subjects: mine }) => {
      for (const role of row.labelled ?? []) await label(stage, sourceOf(prefix, role));
      for (const role of row.still ?? []) await stage.change(sourceOf(prefix, role), { n: 'other' });
      for (const [count, role] of (row.rolls ?? []).entries()) {
        await stage.change(sourceOf(prefix, role), valueOf(count));
        await forAll(mine, (one) => rolled(stage, one, count + 1));
      }
    }),
  );
  await bell();
  return { subjects, errors };
}

/** Creates a workload of each kind that hears the bells; each call rings both, and waits until all have rolled. */
async function hang(stage: Stage, kinds: readonly TableKind[]): Promise<() => Promise<void>> {
  for (const one of BELLS) await stage.create(source(one, { n: '0' }));
  const row: Row = { title: 'bell', uses: [{ role: 'cm' }, { role: 'secret' }], on: AUTO };
  const all = kinds.map((kind): Subject => ({
    row,
    kind,
    prefix: 'bell',
    name: `bell-${kind.toLowerCase()}`,
  }));
  for (const one of all) await create(stage, one);
  for (const one of all) await stamped(stage, one, ['cm', 'secret']);
  let rings = 0;
  return async () => {
    rings += 1;
    for (const one of BELLS) {
      await stage.change(one, { n: String(rings) });
      const key = stampKey(one);
      await Promise.all(
        all.map((subject) =>
          until(
            stage,
            subject,
            (object) => rollsOf(object).filter((keys) => keys.includes(key)).length === rings,
          ),
        ),
      );
    }
  };
}

async function createSources(stage: Stage, row: Row, prefix: string): Promise<void> {
  for (const role of rolesOf(row))
    await stage.create(source(sourceOf(prefix, role), { n: 'old' }, row.marks ?? {}));
}

async function create(stage: Stage, { row, kind, prefix, name }: Subject): Promise<void> {
  const manifest = manifestOf(kind, name, {
    annotations: named(row.on ?? {}, prefix),
    onTemplate: named(row.onTemplate ?? {}, prefix),
    pods: podsOf(row.uses, prefix),
  });
  await stage.cp.api('POST', workloadPath(stage.ns, kind), manifest);
}

/** Creates a workload, and waits until its map has what is to roll it later, or could. */
async function prepare(stage: Stage, subject: Subject): Promise<void> {
  const { rolls = [], labelled = [] } = subject.row;
  if (subject.row.neighbour === true) await create(stage, neighbourOf(subject));
  await create(stage, subject);
  await stamped(stage, subject, [...rolls, ...labelled]);
}

async function stamped(stage: Stage, subject: Subject, roles: readonly Role[]): Promise<void> {
  const keys = roles.map((role) => stampKey(sourceOf(subject.prefix, role)));
  if (keys.length > 0)
    await until(stage, subject, (object) => {
      const stamps = stampedKeys(object) ?? [];
      return keys.every((key) => stamps.includes(key));
    });
}

async function label(stage: Stage, which: SourceName): Promise<void> {
  const { kind, name } = split(which);
  await stage.cp.api(
    'PATCH',
    pathOf(stage.ns, kind, name),
    { metadata: { labels: { tier: 'one' } } },
    'application/merge-patch+json',
  );
}

function until(
  stage: Stage,
  { kind, name }: Subject,
  fits: (object: Workload) => boolean,
): Promise<Workload> {
  return stage.cp.untilObject<Workload>(workloadPath(stage.ns, kind, name), fits, patienceMs);
}

async function rolled(stage: Stage, subject: Subject, count: number): Promise<void> {
  await until(stage, subject, (object) => rollsOf(object).length >= count);
}
