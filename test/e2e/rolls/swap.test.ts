import t from 'tap';
import { sharedControlPlane } from '../../controlplane/shared.ts';
import { batchOf, envOf } from '../support/batch.ts';
import { defineKind, grantKind } from '../support/crds.ts';
import { get } from '../support/metrics.ts';
import { AUTO, historyOf, leverName, sha1Of, source, stampedKeys } from '../support/objects.ts';
import {
  BELL,
  KINDS,
  leftByReloader,
  pathOfAny,
  SHOP,
  templateOf,
  type AnyKind,
  type AnyWorkload,
  type Left,
} from '../support/reloader-state.ts';
import { Stage } from '../support/environment.ts';

t.setTimeout(300_000);

const cp = await sharedControlPlane(t);
const ROLLOUT = { group: 'argoproj.io', version: 'v1alpha1', kind: 'Rollout', plural: 'rollouts' };
await defineKind(cp, ROLLOUT);
await grantKind(cp, ROLLOUT.group, ROLLOUT.plural);

const NOW = { a: '2' };
const LATER = { a: '3' };
const OUTDATED: Left = { kind: 'Deployment', name: 'outdated', rolledFor: { a: '1' }, annotations: AUTO };

/** Workloads of one kind; CronJobs bear no lever of Reloader, and every third other one that of its annotation. */
const many = (kind: AnyKind, count: number): Left[] =>
  Array.from({ length: count }, (_, index) => ({
    kind,
    name: `${kind.toLowerCase()}-${index}`,
    rolledFor: kind === 'CronJob' ? undefined : NOW,
    byAnnotation: index % 3 === 2,
    annotations: AUTO,
  }));
const PAUSE = { 'deployment.reloader.stakater.com/pause-period': '1s' };
const PAUSED_AT = { 'deployment.reloader.stakater.com/paused-at': '2026-01-01T00:00:00Z' };
const paused = {
  kind: 'Deployment',
  rolledFor: NOW,
  annotations: { ...AUTO, ...PAUSE, ...PAUSED_AT },
} as const;
const ALL: readonly Left[] = [
  OUTDATED,
  { ...paused, name: 'paused', paused: true },
  { ...paused, name: 'paused-before' },
  ...many('Deployment', 13),
  ...many('DaemonSet', 8),
  ...many('StatefulSet', 8),
  ...many('CronJob', 6),
  ...many('Job', 6),
  ...many('Rollout', 6),
];

type Seen = ReadonlyMap<string, AnyWorkload>;

/** A namespace in the state that Reloader leaves, before Restamp is there. */
async function left(prefix: string, workloads: readonly Left[], flags: readonly string[] = []) {
  const stage = new Stage(cp, await cp.freshNamespace(prefix), {
    flags: ['--is-Argo-Rollouts=true', ...flags],
  });
  t.teardown(() => stage.close());
  await stage.create(source(SHOP, OUTDATED.rolledFor ?? {}), source(BELL, { rings: '0' }));
  await Promise.all(
    workloads.map((one) => cp.api('POST', pathOfAny(stage, one.kind), leftByReloader(stage.ns, one))),
  );
  // After the workloads, as in any cluster that has been used: only the levers tell that they know of it.
  await stage.change(SHOP, NOW);
  const key = ({ kind, name }: Pick<Left, 'kind' | 'name'>): string => `${kind}/${name}`;
  /** All of them, when each fits. */
  async function until(fits: (object: AnyWorkload) => boolean): Promise<Seen> {
    const seen = new Map<string, AnyWorkload>();
    for (const one of workloads)
      seen.set(key(one), await cp.untilObject(pathOfAny(stage, one.kind, one.name), fits));
    return seen;
  }
  /** What each would say of its rolls: the sources of each, newest first. */
  const rolls = (seen: Seen) =>
    Object.fromEntries(
      [...seen].map(([name, object]) => [
        name,
        historyOf(object).map(({ sources }) => sources.map((one) => one.source).join()),
      ]),
    );
  const expected = (what: (one: Left) => string[]) =>
    Object.fromEntries(workloads.map((one) => [key(one), what(one)]));
  return { stage, until, rolls, expected };
}

const both = (object: AnyWorkload): boolean => stampedKeys(object)?.join() === 'cm/bell,cm/shop';
const templates = (seen: Seen) => [...seen].map(([name, object]) => [name, templateOf(object)]);
const uids = (seen: Seen) => [...seen].map(([name, { metadata }]) => [name, metadata.uid]);

t.test(
  '50 workloads of all kinds that Reloader has rolled: the swap rolls none, a change each once',
  async (t) => {
    const { stage, until, rolls, expected } = await left('swap', ALL);
    t.equal(ALL.length, 50);
    t.same(new Set(ALL.map(({ kind }) => kind)), new Set(Object.keys(KINDS)));
    const before = await until(() => true);
    await stage.start();

    const adopted = await until(both);
    t.same(templates(adopted), templates(before), 'no template has changed');
    t.same(uids(adopted), uids(before), 'and no Job was made anew');
    t.same(
      rolls(adopted),
      expected(() => []),
    );
    t.same(stage.restamp.rolls(stage.ns), []);
    const jobs = await cp.api<{ items: object[] }>('GET', pathOfAny(stage, 'Job'));
    t.equal(jobs.items.length, ALL.filter(({ kind }) => kind === 'Job').length);

    const unproven = stage.lines.filter(({ msg }) => msg.startsWith('Adopted: '));
    t.match(unproven, [{ kind: 'Deployment', name: 'outdated', sources: ['cm/shop'] }]);
    t.equal(unproven.length, 1, 'only the outdated one is listed');
    t.equal(get(await stage.metrics(), 'restamp_adopted_unproven_total'), 1);

    await stage.change(SHOP, LATER);
    const rolled = await until((object) => historyOf(object).length > 0);
    for (const one of ALL.filter(({ kind }) => kind !== 'CronJob'))
      t.equal(
        envOf(templateOf(rolled.get(`${one.kind}/${one.name}`)!) as never, leverName(SHOP)),
        sha1Of(LATER),
      );

    // The bell is changed last: its roll must be the second one of each.
    await stage.change(BELL, { rings: '1' });
    const rung = await until((object) => historyOf(object)[0]?.sources[0]?.source === 'cm/bell');
    t.same(
      rolls(rung),
      expected(() => ['cm/bell', 'cm/shop']),
    );
    for (const { kind, name } of ALL)
      if (kind === 'CronJob') t.equal((await batchOf(stage).jobsOf(name)).length, 2, name);
  },
);

t.test('--adopt=roll rolls the workload whose env var is outdated, and only that', async (t) => {
  const some = [OUTDATED, ...(Object.keys(KINDS) as AnyKind[]).flatMap((kind) => many(kind, 3))];
  const { stage, until, rolls, expected } = await left('swap-adopt', some, ['--adopt=roll']);
  const before = await until(() => true);
  await stage.start();
  await stage.until('Deployment', 'outdated', (object) => historyOf(object).length === 1);
  const adopted = await until(both);
  const changed = [...adopted].filter(
    ([name, object]) => JSON.stringify(templateOf(object)) !== JSON.stringify(templateOf(before.get(name)!)),
  );
  t.same(
    changed.map(([name]) => name),
    ['Deployment/outdated'],
  );
  const [first] = historyOf(adopted.get('Deployment/outdated')!);
  t.match(first?.sources, [{ source: 'cm/shop', cause: 'adopted' }]);

  await stage.change(BELL, { rings: '1' });
  const rung = await until((object) => historyOf(object)[0]?.sources[0]?.source === 'cm/bell');
  t.same(
    rolls(rung),
    expected(({ name }) => (name === 'outdated' ? ['cm/bell', 'cm/shop'] : ['cm/bell'])),
  );
});
