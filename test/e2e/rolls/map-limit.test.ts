import t from 'tap';
import type { KubeObject } from '../../controlplane/http.ts';
import { get } from '../support/metrics.ts';
import {
  historyOf,
  leverOf,
  sha1Of,
  source,
  STAMPS,
  stampedKeys,
  workload,
  type SourceName,
} from '../support/objects.ts';
import { openStage } from '../support/environment.ts';

t.setTimeout(300_000);

const COUNT = 2000;
const LIMIT_BYTES = 64 * 1024;
const name = (index: number): string => `shard-${String(index).padStart(4, '0')}`;

const stage = await openStage(t, 'map-limit', { flags: ['--lease-duration=15s'] });
const { cp } = stage;
let next = 0;
const make = async (): Promise<void> => {
  while (next < COUNT) {
    const which = name(next++);
    await cp.api('POST', stage.path('ConfigMap'), source(`ConfigMap/${which}`, { a: '1' }));
  }
};
await Promise.all(Array.from({ length: 16 }, make));
await stage.create(
  source('ConfigMap/bell', { rings: '0' }),
  workload('Deployment', 'all', { annotations: { 'configmap.reloader.stakater.com/reload': '.*,bell' } }),
);

type Deployment = KubeObject & { readonly spec: { readonly template: object } };
const mapOf = (object: KubeObject): string => object.metadata.annotations?.[STAMPS] ?? '';
const rolls = (object: KubeObject): string[] =>
  historyOf(object).map(({ sources }) => sources.map((one) => one.source).join());
// Admission has a quarter of a second for reads: what it could not read is written when it has been.
const stored = await stage.until('Deployment', 'all', (object) => mapOf(object).length > LIMIT_BYTES - 1024);
const inMap = new Set(stampedKeys(stored));
const all = Array.from({ length: COUNT }, (_, index) => name(index));
const within = all.find((which) => inMap.has(`cm/${which}`));
const beyond = all.findLast((which) => !inMap.has(`cm/${which}`));

t.test(
  'a pattern that names 2,000 sources has a map of 64 KiB, with what is named by its name',
  async (t) => {
    const bytes = Buffer.byteLength(mapOf(stored));
    t.ok(bytes <= LIMIT_BYTES, `${bytes} bytes`);
    t.ok(bytes > LIMIT_BYTES - 1024, `no more is left out than must be: ${bytes} bytes`);
    t.ok(inMap.has('cm/bell'));
    t.ok(within !== undefined && beyond !== undefined);
  },
);

t.test('log and metric say how much is left out', async (t) => {
  const line = await stage.restamp.until(({ msg }) => msg.startsWith('The map is full: '));
  const count = Number(line['count']);
  const left = all.filter((which) => !inMap.has(`cm/${which}`));
  t.match(line, { level: 'warning', kind: 'Deployment', namespace: stage.ns, name: 'all' });
  // The ConfigMap that Kubernetes puts into every namespace matches too.
  t.ok(count === left.length || count === left.length + 1, `${count} of ${left.length}`);
  t.equal(get(await stage.metrics(), 'restamp_map_left_out_total'), count);
});

t.test(
  'a change of a source in the map, and of one that was left out, roll once each; nothing else does',
  async (t) => {
    const before = await stage.get('Deployment', 'all');
    const { template } = (before as Deployment).spec;
    t.same((stored as Deployment).spec.template, template);
    t.same(rolls(before), []);
    for (const which of [beyond, within]) {
      const uses: SourceName = `ConfigMap/${which ?? ''}`;
      await stage.change(uses, { a: '2' });
      await stage.until('Deployment', 'all', (object) => leverOf(object, uses) === sha1Of({ a: '2' }));
    }
    await stage.change('ConfigMap/bell', { rings: '1' });
    const rung = await stage.until('Deployment', 'all', (object) => rolls(object)[0] === 'cm/bell');
    t.same(rolls(rung), ['cm/bell', `cm/${within}`, `cm/${beyond}`]);
    await stage.restamp.until(({ audit, msg }) => audit === 'roll' && msg.includes("'bell'"));
    t.equal(stage.restamp.rolls(stage.ns).length, 3);
    t.ok(Buffer.byteLength(mapOf(rung)) <= LIMIT_BYTES);
  },
);
