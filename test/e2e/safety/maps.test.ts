import { isDeepStrictEqual } from 'node:util';
import t from 'tap';
import type { KubeObject } from '../../controlplane/http.ts';
import { get } from '../support/metrics.ts';
import { historyOf, source, STAMPS, type SourceName } from '../support/objects.ts';
import { openStage, type Stage } from '../support/environment.ts';

// The map on a workload counts only whole, in our version, under our key and on the workload that it was made for.
// Anything else is no map: a baseline is taken, nothing rolls (DESIGN 2.2).
// A busy machine takes several times as long as an idle one.
t.setTimeout(600_000);
type Map = { v: number; n: number; key: string; for: string; s: Record<string, { h: string }> };
/** What happens to the text of a map, and by which word the metric counts it. */
type Damage = { readonly name: string; readonly reason: string; readonly spoil: (text: string) => string };

const edit =
  (change: (map: Map) => Partial<Map>) =>
  (text: string): string => {
    const map = JSON.parse(text) as Map;
    return JSON.stringify({ ...map, ...change(map) });
  };
/** Digests that fit no data: a map that counted in spite of its damage would roll the workload. */
const otherDigests = ({ s }: Map): Map['s'] =>
  Object.fromEntries(Object.entries(s).map(([key, entry]) => [key, { ...entry, h: 'A'.repeat(22) }]));

const damages: readonly Damage[] = [
  { name: 'cut', reason: 'damaged', spoil: (text) => text.slice(0, -2) },
  { name: 'no-json', reason: 'damaged', spoil: () => 'true of: no map' },
  {
    name: 'bad-digest',
    reason: 'damaged',
    spoil: edit(({ s }) => ({ s: { ...s, 'cm/app': { h: '' } } })),
  },
  { name: 'version', reason: 'version', spoil: edit((map) => ({ v: 2, s: otherDigests(map) })) },
  { name: 'key', reason: 'key', spoil: edit((map) => ({ key: 'nobody', s: otherDigests(map) })) },
  {
    name: 'foreign',
    reason: 'foreign',
    spoil: edit((map) => ({ for: 'other/Deployment/api', s: otherDigests(map) })),
  },
];

const mapOf = (text: string): Map | undefined => {
  try {
    return JSON.parse(text) as Map;
  } catch {
    return undefined;
  }
};
const saysTheSame = (text: string, rest: Omit<Map, 'n'>): boolean =>
  isDeepStrictEqual(mapOf(text), { ...rest, n: mapOf(text)?.n });

const count = async (stage: Stage, reason: string): Promise<number> =>
  get(await stage.metrics(), 'restamp_maps_unreadable_total', { reason });

const textOf = (object: KubeObject): string => object.metadata.annotations?.[STAMPS] ?? '';

const app: SourceName = 'ConfigMap/app';
const stages = {
  on: await openStage(t, 'maps'),
  off: await openStage(t, 'maps-watch', { admission: 'off' }),
};

for (const [admission, stage] of Object.entries(stages)) {
  const title = `admission ${admission}: `;
  await stage.create(source(app, { key: 'old' }));

  for (const { name, reason, spoil } of damages)
    t.test(`${title}a map that is spoilt (${name}) is put right, and nothing rolls`, async (t) => {
      const api = await stage.observe('Deployment', `running-${name}`, { uses: [app] });
      const counted = await count(stage, reason);
      const text = textOf(await api.get());
      await stage.annotate('Deployment', api.name, { [STAMPS]: spoil(text) });
      if (admission === 'on') t.equal(textOf(await api.get()), text, 'in the same write');
      else {
        const { n, ...rest } = mapOf(text)!;
        const mended = await stage.until('Deployment', api.name, (object) =>
          saysTheSame(textOf(object), rest),
        );
        t.ok(mapOf(textOf(mended))!.n > n, 'the counter grows');
        t.ok((await count(stage, reason)) > counted, 'it is counted');
      }
      t.same(await api.ring(), api.after());
    });

  t.test(`${title}a map is taken away: what is remembered counts, and a change rolls once`, async (t) => {
    const own: SourceName = 'ConfigMap/taken';
    await stage.create(source(own, { key: 'old' }));
    const api = await stage.observe('Deployment', 'taken', { uses: [own] });
    await stage.annotate('Deployment', 'taken', { [STAMPS]: null });
    await stage.change(own, { key: 'new' });
    await api.rolledFor(own, { key: 'new' });
    t.same(await api.ring(), api.after(['cm/taken']));
  });

  t.test(
    `${title}a workload that was cloned with its map is not rolled for what its model missed`,
    async (t) => {
      const api = await stage.observe('Deployment', 'model', { uses: [app] });
      const { metadata, spec } = await api.get();
      await stage.change(app, { key: 'before the clone' });
      await api.rolledFor(app, { key: 'before the clone' });
      const annotations = { ...metadata.annotations };
      const clone = {
        apiVersion: 'apps/v1',
        kind: 'Deployment' as const,
        metadata: { name: 'clone', annotations },
      };
      await stage.create({ ...clone, ...{ spec } });
      // Both hear the bell of the model.
      t.same(await api.ring(), api.after(['cm/app']));
      const rung = await stage.until('Deployment', 'clone', (object) => historyOf(object).length > 0);
      t.same(
        historyOf(rung).map(({ sources }) => sources.map((one) => one.source)),
        [[`cm/bell-${api.name}`]],
      );
    },
  );
}

t.test(
  'maps are spoilt and the source changes while Restamp is stopped: only the healthy one rolls',
  async (t) => {
    const stage = stages.on;
    const own: SourceName = 'Secret/restart';
    await stage.create(source(own, { key: 'old' }));
    const spoilt = [];
    for (const damage of damages)
      spoilt.push({
        damage,
        api: await stage.observe('Deployment', `stopped-${damage.name}`, { uses: [own] }),
      });
    const healthy = await stage.observe('Deployment', 'healthy', { uses: [own] });
    await stage.restamp.stop();
    for (const { damage, api } of spoilt) {
      const text = textOf(await api.get());
      await stage.annotate('Deployment', api.name, { [STAMPS]: damage.spoil(text) });
    }
    await stage.change(own, { key: 'new' });
    await stage.start();
    await healthy.rolledFor(own, { key: 'new' });
    for (const { damage, api } of spoilt) {
      await stage.stamped('Deployment', api.name, [own, api.bell]);
      t.same(await api.ring(), api.after(), damage.name);
    }
    t.same(await healthy.ring(), healthy.after(['secret/restart']));
    for (const reason of new Set(damages.map((damage) => damage.reason)))
      t.equal(
        await count(stage, reason),
        damages.filter((damage) => damage.reason === reason).length,
        reason,
      );
  },
);
