import t from 'tap';
import {
  AUTO,
  historyOf,
  leverOf,
  sha1Of,
  source,
  stampedKeys,
  workload,
  type Manifest,
} from '../support/objects.ts';
import { openStage } from '../support/environment.ts';

t.setTimeout(300_000);
const stage = await openStage(t, 'pause');
const PERIOD = 'deployment.reloader.stakater.com/pause-period';
const AT = 'deployment.reloader.stakater.com/paused-at';

async function prepared(name: string, period: string): Promise<void> {
  await stage.create(
    source(`ConfigMap/${name}`, { a: '1' }),
    workload('Deployment', name, { annotations: { ...AUTO, [PERIOD]: period }, uses: [`ConfigMap/${name}`] }),
  );
  await stage.stamped('Deployment', name, [`ConfigMap/${name}`]);
}

t.test(
  'the first change rolls at once and begins the pause; the next ones roll once when it is over',
  async (t) => {
    await prepared('paused', '4s');
    await stage.change('ConfigMap/paused', { a: '2' });
    const first = await stage.until('Deployment', 'paused', (object) => historyOf(object).length === 1);
    t.equal(leverOf(first, 'ConfigMap/paused'), sha1Of({ a: '2' }));
    t.ok(first.metadata.annotations?.[AT]);
    t.notOk((first.spec as { paused?: boolean }).paused, 'spec.paused is left alone');
    for (const value of ['3', '4']) await stage.change('ConfigMap/paused', { a: value });
    await stage.restamp.until((line) => line.audit === 'held' && line['reason'] === 'pause');
    const second = await stage.until('Deployment', 'paused', (object) => historyOf(object).length === 2);
    t.equal(leverOf(second, 'ConfigMap/paused'), sha1Of({ a: '4' }));
    const [roll] = historyOf(second);
    t.ok(Date.parse(roll?.rolled ?? '') - Date.parse(first.metadata.annotations?.[AT] ?? '') >= 4000);
    await stage.until('Deployment', 'paused', ({ metadata }) => metadata.annotations?.[AT] === undefined);
    await stage.told('Deployment', 'paused');
    t.equal(stage.restamp.rolls(stage.ns).filter((line) => line['name'] === 'paused').length, 2);
  },
);

t.test('a pause outlives a restart of Restamp', async (t) => {
  await prepared('restarted', '4s');
  await stage.change('ConfigMap/restarted', { a: '2' });
  const first = await stage.until('Deployment', 'restarted', (object) => historyOf(object).length === 1);
  await stage.restamp.kill();
  await stage.change('ConfigMap/restarted', { a: '3' });
  await stage.start();
  const second = await stage.until('Deployment', 'restarted', (object) => historyOf(object).length === 2);
  const [roll] = historyOf(second);
  t.ok(Date.parse(roll?.rolled ?? '') - Date.parse(first.metadata.annotations?.[AT] ?? '') >= 4000);
});

t.test('a Deployment that Reloader left paused is resumed when its pause is over', async (t) => {
  const left = workload('Deployment', 'left', {
    annotations: { ...AUTO, [PERIOD]: '1s', [AT]: '2026-01-01T00:00:00Z' },
    uses: ['ConfigMap/left'],
  }) as Manifest & { spec: object };
  const paused = { ...left, spec: { ...left.spec, paused: true } };
  await stage.create(source('ConfigMap/left', { a: '1' }), paused);
  const resumed = await stage.until(
    'Deployment',
    'left',
    ({ metadata, spec }) =>
      metadata.annotations?.[AT] === undefined && (spec as { paused?: boolean }).paused !== true,
  );
  t.ok(stampedKeys(resumed));
});

t.test('a person’s pause is never ended by us, and the roll takes effect when they resume', async (t) => {
  await prepared('by-hand', '1s');
  await stage.cp.kubectl(['-n', stage.ns, 'rollout', 'pause', 'deployment/by-hand']);
  await stage.change('ConfigMap/by-hand', { a: '2' });
  const rolled = await stage.until('Deployment', 'by-hand', (object) => historyOf(object).length === 1);
  t.equal((rolled.spec as { paused?: boolean }).paused, true);
  t.equal(rolled.metadata.annotations?.[AT], undefined);
});

t.test('a period that is none is told, and the roll goes on', async (t) => {
  await prepared('invalid', 'soon');
  await stage.restamp.until(({ msg }) => msg.startsWith("Failed to parse pause interval value 'soon'"));
  await stage.change('ConfigMap/invalid', { a: '2' });
  t.ok(await stage.until('Deployment', 'invalid', (object) => historyOf(object).length === 1));
});
