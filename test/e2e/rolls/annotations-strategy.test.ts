import t from 'tap';
import { batchOf } from '../support/batch.ts';
import {
  AUTO,
  historyOf,
  sha1Of,
  source,
  WORKLOAD_KINDS,
  workload,
  type WorkloadObject,
} from '../support/objects.ts';
import { openStage } from '../support/environment.ts';

t.setTimeout(180_000);
const stage = await openStage(t, 'annotations', { flags: ['--reload-strategy=annotations'] });
const KEY = 'reloader.stakater.com/last-reloaded-from';
const textOf = ({ spec }: WorkloadObject): string => spec.template.metadata?.annotations?.[KEY] ?? '';

for (const kind of WORKLOAD_KINDS)
  for (const [from, word] of [
    ['ConfigMap', 'CONFIGMAP'],
    ['Secret', 'SECRET'],
  ] as const)
    t.test(`${kind}, ${from}: last-reloaded-from is Reloader’s, byte for byte`, async (t) => {
      const name = `${kind}-${from}`.toLowerCase();
      await stage.create(
        source(`${from}/${name}`, { a: '1' }),
        workload(kind, name, { annotations: AUTO, uses: [`${from}/${name}`] }),
      );
      const before = await stage.stamped(kind, name, [`${from}/${name}`]);
      t.equal(textOf(before), '');
      await stage.change(`${from}/${name}`, { a: '2' });
      const after = await stage.until(kind, name, (object) => historyOf(object).length === 1);
      const { observedAt } = JSON.parse(textOf(after)) as { observedAt: number };
      t.ok(Math.abs(Date.now() / 1000 - observedAt) < 60);
      t.equal(
        textOf(after),
        `{"type":"${word}","name":"${name}","namespace":"${stage.ns}","hash":"${sha1Of({ a: '2' })}",` +
          `"containerRefs":["main"],"observedAt":${observedAt}}`,
      );
      t.same(after.spec.template.spec, before.spec.template.spec, 'no env var');
    });

t.test('data that goes back rolls again; the same data does not', async (t) => {
  await stage.create(
    source('ConfigMap/back', { a: '1' }),
    workload('Deployment', 'back', { annotations: AUTO, uses: ['ConfigMap/back'] }),
  );
  await stage.stamped('Deployment', 'back', ['ConfigMap/back']);
  let last = '';
  for (const [index, value] of ['2', '1', '2'].entries()) {
    await stage.change('ConfigMap/back', { a: value });
    const after = await stage.until('Deployment', 'back', (object) => historyOf(object).length === index + 1);
    t.match(textOf(after), sha1Of({ a: value }));
    const template = JSON.stringify(after.spec.template);
    t.not(template, last, 'a rollout of its own');
    last = template;
  }
});

t.test('a new image brings the hash up to date in the annotation that the template has', async (t) => {
  const image = (value: string) =>
    stage.cp.kubectl([
      '-n',
      stage.ns,
      'set',
      'image',
      'deployment/image',
      `main=registry.example/main:${value}`,
    ]);
  await stage.create(
    source('ConfigMap/image', { a: '1' }),
    workload('Deployment', 'image', { annotations: AUTO, uses: ['ConfigMap/image'] }),
  );
  await stage.stamped('Deployment', 'image', ['ConfigMap/image']);
  await stage.change('ConfigMap/image', { a: '2' });
  await stage.until('Deployment', 'image', (object) => historyOf(object).length === 1);
  await stage.annotate('Deployment', 'image', {
    'restamp.dev/quiet-period': '1h',
    'restamp.dev/longest-delay': '1h',
  });
  await stage.change('ConfigMap/image', { a: '3' });
  await image('2');
  const after = await stage.get('Deployment', 'image');
  t.match(textOf(after), sha1Of({ a: '3' }));
  t.equal(historyOf(after).length, 1, 'the image was the rollout');
});

t.test('the Job of a CronJob bears the annotation', async (t) => {
  const batch = batchOf(stage);
  await stage.create(source('ConfigMap/cron', { a: '1' }));
  await batch.createCronJob('cron', { annotations: AUTO, uses: ['ConfigMap/cron'] });
  await batch.untilCronJob(
    'cron',
    ({ metadata }) => metadata.annotations?.['restamp.dev/stamps'] !== undefined,
  );
  await stage.change('ConfigMap/cron', { a: '2' });
  await batch.untilCronJob('cron', (object) => historyOf(object).length === 1);
  const [job] = await batch.jobsOf('cron');
  t.match(job?.spec.template.metadata?.annotations?.[KEY] ?? '', sha1Of({ a: '2' }));
});
