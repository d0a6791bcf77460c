import t, { type Test } from 'tap';
import { sharedControlPlane } from '../../controlplane/shared.ts';
import { defineKind } from '../support/crds.ts';
import { grantCsi, POD_STATUS, PROVIDER_CLASS } from '../support/csi-driver.ts';
import { leverName } from '../support/objects.ts';
import { Stage } from '../support/environment.ts';
import { CsiPlayer, hashOf, keyOf, sourceOf, type CsiSubject } from './csi-player.ts';
import {
  CSI_AUTOS,
  CSI_CASES,
  CSI_CONTAINERS,
  CSI_EXCLUDES,
  CSI_JOBS,
  CSI_WORKLOADS,
} from './rows/csi-rows.ts';
import { rollsOf, type Strategy } from './judge.ts';
import { KIND_FLAGS, serveKinds, workloadPath, type Workload } from './kinds.ts';

t.setTimeout(600_000);

const ROWS = [...CSI_WORKLOADS, ...CSI_AUTOS, ...CSI_EXCLUDES, ...CSI_JOBS, ...CSI_CONTAINERS, ...CSI_CASES];

const cp = await sharedControlPlane(t);
await serveKinds(cp);
for (const kind of [PROVIDER_CLASS, POD_STATUS]) await defineKind(cp, kind);
await grantCsi(cp);

type Played = { readonly stage: Stage; readonly errors: ReadonlyMap<CsiSubject, unknown> };

const SUBJECTS = ROWS.flatMap((row, index) =>
  row.kinds.map((kind): CsiSubject => ({ row, kind, name: `c${String(index)}-${kind.toLowerCase()}` })),
);

/** Plays all rows beside each other: first what must roll nobody, then each kind rolls for something later. */
async function play(strategy: Strategy): Promise<Played> {
  const flags = [`--reload-strategy=${strategy}`, '--enable-csi-integration=true', ...KIND_FLAGS];
  const stage = new Stage(cp, await cp.freshNamespace(`csi-${strategy}`), { flags });
  t.teardown(() => stage.close());
  await stage.start();
  const errors = new Map<CsiSubject, unknown>();
  const players = SUBJECTS.map((subject) => ({ subject, player: new CsiPlayer(stage, subject) }));
  const forAll = async (act: (player: CsiPlayer) => Promise<void>): Promise<void> => {
    const each = async ({ subject, player }: (typeof players)[number]): Promise<void> =>
      act(player).catch((error: unknown) => void errors.set(subject, error));
    await Promise.all(players.filter(({ subject }) => !errors.has(subject)).map(each));
  };
  await forAll((player) => player.prepare());
  await forAll((player) => player.disturb());
  await forAll((player) => player.roll());
  return { stage, errors };
}

/** Holds what is stored in the end against the row. */
async function judge(t: Test, stage: Stage, subject: CsiSubject, strategy: Strategy): Promise<void> {
  const { row, kind, name } = subject;
  const object = await cp.api<Workload>('GET', workloadPath(stage.ns, kind, name));
  const { rolls = [] } = row;
  t.same(
    rollsOf(object),
    rolls.map((role) => [keyOf(subject, role)]),
    'what its history names',
  );
  const role = rolls.at(-1);
  const { metadata, spec } = object.spec.template ?? {};
  const text = metadata?.annotations?.['reloader.stakater.com/last-reloaded-from'];
  const levers = (spec?.containers ?? [])
    .flatMap(({ env = [] }) => env)
    .filter(({ name }) => name.startsWith('STAKATER_'));
  if (role === undefined) {
    t.equal(text, undefined, 'no annotation');
    t.same(levers, [], 'no lever');
    return;
  }
  const type = role === 'cm' ? 'CONFIGMAP' : 'SECRETPROVIDERCLASS';
  const hash = hashOf(subject, role, rolls.length);
  if (strategy === 'annotations')
    t.match(JSON.parse(text ?? '{}'), { type, name: sourceOf(subject, role), namespace: stage.ns, hash });
  else {
    const variable = leverName(`ConfigMap/${sourceOf(subject, role)}`).replace(/CONFIGMAP$/, type);
    t.equal(levers.find(({ name }) => name === variable)?.value, hash, 'lever');
  }
}

const strategies = ['annotations', 'env-vars'] as const;
const played = await Promise.all(
  strategies.map(async (strategy) => ({ strategy, ...(await play(strategy)) })),
);
for (const { strategy, stage, errors } of played)
  for (const subject of SUBJECTS)
    await t.test(`${subject.kind}, ${strategy}: ${subject.row.title}`, async (t) => {
      if (errors.has(subject)) throw errors.get(subject);
      await judge(t, stage, subject, strategy);
    });
