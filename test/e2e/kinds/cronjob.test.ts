import t from 'tap';
import { batchOf, envOf } from '../support/batch.ts';
import {
  AUTO,
  historyOf,
  leverName,
  sha1Of,
  source,
  stampedKeys,
  type SourceName,
} from '../support/objects.ts';
import { openStage } from '../support/environment.ts';

t.setTimeout(300_000);
const stage = await openStage(t, 'cronjob');
const batch = batchOf(stage);
const rolled = (name: string, count = 1) =>
  batch.untilCronJob(name, (object) => historyOf(object).length === count);

/** A CronJob that uses a source of its own, with its map. */
type More = { annotations?: object; suspend?: boolean; concurrencyPolicy?: 'Forbid' | 'Replace' };
async function prepared(name: string, more: More = {}) {
  const uses = `ConfigMap/${name}` as SourceName;
  await stage.create(source(uses, { a: '1' }));
  await batch.createCronJob(name, {
    uses: [uses],
    suspend: more.suspend ?? false,
    ...(more.concurrencyPolicy === undefined ? {} : { concurrencyPolicy: more.concurrencyPolicy }),
    annotations: { ...AUTO, ...more.annotations },
  });
  await batch.untilCronJob(name, (object) => stampedKeys(object)?.join() === `cm/${name}`);
  return uses;
}

t.test('a change runs a Job at once, as Reloader does, and the CronJob keeps its template', async (t) => {
  const uses = await prepared('report');
  const before = await batch.cronJob('report');
  await stage.change(uses, { a: '2' });
  const after = await rolled('report');
  t.same(after.spec, before.spec);
  const [job, ...more] = await batch.jobsOf('report');
  t.same(more, []);
  t.match(job?.metadata.name, /^report-[0-9a-f]{10}$/);
  t.match(job?.metadata.annotations, { 'cronjob.kubernetes.io/instantiate': 'manual' });
  t.equal(job && envOf(job.spec.template, leverName(uses)), sha1Of({ a: '2' }));
  const line = await stage.restamp.until(({ audit, name }) => audit === 'roll' && name === 'report');
  t.equal(
    line.msg,
    `Changes detected in 'report' of type 'CONFIGMAP' in namespace '${stage.ns}'; ` +
      `updated 'report' of type 'CronJob' in namespace '${stage.ns}'`,
  );
});

t.test('each change runs one Job, and the Job itself is left alone', async (t) => {
  const uses = await prepared('twice');
  for (const [index, value] of ['2', '3'].entries()) {
    await stage.change(uses, { a: value });
    await rolled('twice', index + 1);
  }
  t.equal((await batch.jobsOf('twice')).length, 2);
});

t.test('a Job that was made before a crash is not made again', async (t) => {
  const uses = await prepared('crash');
  const stamps = 'restamp.dev/stamps';
  const before = await batch.cronJob('crash');
  await stage.change(uses, { a: '2' });
  await rolled('crash');
  const jobs = await batch.jobsOf('crash');
  // The state after the Job was made and before the map was written: the map of before.
  await stage.restamp.kill();
  const annotations = { [stamps]: before.metadata.annotations?.[stamps] };
  const merge = 'application/merge-patch+json';
  await stage.cp.api('PATCH', batch.path('cronjobs', 'crash'), { metadata: { annotations } }, merge);
  await stage.start();
  await rolled('crash', 2);
  t.same(
    (await batch.jobsOf('crash')).map(({ metadata }) => metadata.uid),
    jobs.map(({ metadata }) => metadata.uid),
    'the name says which roll it was made for',
  );
});

t.test('restamp.dev/cronjob: next-run stamps the template and starts nothing', async (t) => {
  const uses = await prepared('later', { annotations: { 'restamp.dev/cronjob': 'next-run' } });
  await stage.change(uses, { a: '2' });
  const after = await rolled('later');
  t.equal(envOf(after.spec.jobTemplate.spec.template, leverName(uses)), sha1Of({ a: '2' }));
  t.same(await batch.jobsOf('later'), []);
});

t.test('a CronJob that forbids two at once, or replaces the first, has one at a time', async (t) => {
  const names = async (name: string) => (await batch.jobsOf(name)).map(({ metadata }) => metadata.name);
  const forbids = await prepared('forbids', { concurrencyPolicy: 'Forbid' });
  await batch.createRun(await batch.cronJob('forbids'), 'forbids-0');
  await stage.change(forbids, { a: '2' });
  const after = await rolled('forbids');
  t.same(await names('forbids'), ['forbids-0']);
  t.equal(envOf(after.spec.jobTemplate.spec.template, leverName(forbids)), sha1Of({ a: '2' }));

  const replaces = await prepared('replaces', { concurrencyPolicy: 'Replace' });
  await batch.createRun(await batch.cronJob('replaces'), 'replaces-0');
  await stage.change(replaces, { a: '2' });
  await rolled('replaces');
  t.match(await names('replaces'), [/^replaces-[0-9a-f]{10}$/]);
});

t.test('a suspended CronJob runs nothing: its next run reads what is stored then', async (t) => {
  const uses = await prepared('asleep', { suspend: true });
  const before = await batch.cronJob('asleep');
  await stage.change(uses, { a: '2' });
  const after = await rolled('asleep');
  t.same(after.spec, before.spec);
  t.same(await batch.jobsOf('asleep'), []);
});

t.test('a new image of a CronJob starts nothing, and the map stays true', async (t) => {
  const uses = await prepared('image');
  const before = await batch.cronJob('image');
  await stage.cp.kubectl(['-n', stage.ns, 'set', 'image', 'cronjob/image', 'main=registry.example/main:2']);
  const after = await batch.cronJob('image');
  t.equal(
    after.metadata.annotations?.['restamp.dev/stamps'],
    before.metadata.annotations?.['restamp.dev/stamps'],
  );
  await stage.change(uses, { a: '2' });
  await rolled('image');
  t.equal((await batch.jobsOf('image')).length, 1);
});
