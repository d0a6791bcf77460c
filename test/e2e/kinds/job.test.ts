import t from 'tap';
import { batchOf, envOf, type Job } from '../support/batch.ts';
import { get } from '../support/metrics.ts';
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
const stage = await openStage(t, 'job');
const batch = batchOf(stage);

/** A Job that uses a source of its own; admission has given it its map. */
async function prepared(name: string) {
  const uses = `Secret/${name}` as SourceName;
  await stage.create(source(uses, { a: '1' }));
  const job = await batch.createJob(name, { annotations: AUTO, uses: [uses] });
  return { uses, job };
}

const isDeleted = ({ metadata }: Job): boolean =>
  (metadata as { deletionTimestamp?: string }).deletionTimestamp !== undefined;

t.test('a Job gets its map as it is created', async (t) => {
  const { job } = await prepared('born');
  t.same(stampedKeys(job), ['secret/born']);
});

t.test('a change makes a Job anew, with the lever, even when it was complete', async (t) => {
  const { uses, job } = await prepared('migrate');
  await batch.untilJob('migrate', ({ status }) =>
    (status?.conditions ?? []).some((one) => one.type === 'Complete' && one.status === 'True'),
  );
  await stage.change(uses, { a: '2' });
  const made = await batch.untilJob('migrate', ({ metadata }) => metadata.uid !== job.metadata.uid);
  t.equal(envOf(made.spec.template, leverName(uses)), sha1Of({ a: '2' }));
  t.same(stampedKeys(made), ['secret/migrate']);
  t.equal(historyOf(made).length, 1);
  await stage.change(uses, { a: '3' });
  const again = await batch.untilJob(
    'migrate',
    ({ metadata }) => metadata.uid !== made.metadata.uid && metadata.uid !== job.metadata.uid,
  );
  t.equal(historyOf(again).length, 2);
  t.equal(envOf(again.spec.template, leverName(uses)), sha1Of({ a: '3' }));
});

t.test('a Job that another controller made is made anew by nobody but it', async (t) => {
  const uses = 'ConfigMap/owned' as SourceName;
  await stage.create(source(uses, { a: '1' }));
  await batch.createCronJob('owner', { annotations: AUTO, uses: [uses] });
  await batch.untilCronJob('owner', (object) => stampedKeys(object) !== undefined);
  await stage.change(uses, { a: '2' });
  await batch.untilCronJob('owner', (object) => historyOf(object).length === 1);
  const [job] = await batch.jobsOf('owner');
  await stage.change(uses, { a: '3' });
  await batch.untilCronJob('owner', (object) => historyOf(object).length === 2);
  t.ok((await batch.jobsOf('owner')).some(({ metadata }) => metadata.uid === job?.metadata.uid));
});

t.test('an edit of a Job is not turned into an error', async (t) => {
  const { job } = await prepared('label');
  const { stderr } = await stage.cp.kubectl(['-n', stage.ns, 'label', 'job/label', 'tier=one']);
  t.equal(stderr, '');
  t.equal((await batch.job('label')).metadata.uid, job.metadata.uid);
});

t.test(
  'Jobs that a finalizer keeps hold up nobody, say why they wait, and come back when it goes',
  async (t) => {
    const [uses, other] = ['ConfigMap/stuck', 'ConfigMap/beside'] as const;
    await stage.create(source(uses, { a: '1' }), source(other, { a: '1' }));
    const beside = await stage.observe('Deployment', 'beside', { uses: [other] });
    const kept = { annotations: AUTO, uses: [uses], suspend: true, finalizers: ['example.com/stays'] };
    const names = Array.from({ length: 20 }, (_none, at) => `stuck-${at}`);
    const first = await Promise.all(names.map((name) => batch.createJob(name, kept)));
    await batch.createJob('given-up', kept);
    await stage.cp.api('DELETE', batch.path('jobs', 'given-up'));
    const waiting = async (): Promise<number> =>
      get(await stage.metrics(), 'restamp_held', { reason: 'terminating' });

    await stage.change(uses, { a: '2' });
    await Promise.all(names.map((name) => batch.untilJob(name, isDeleted)));
    await stage.change(other, { a: '2' });
    await beside.rolledFor(other, { a: '2' });
    t.same(await beside.ring(), beside.after(['cm/beside']));
    t.equal(await waiting(), 21, 'and one that somebody else has deleted');

    const free = { metadata: { finalizers: null } };
    for (const name of [...names, 'given-up'])
      await stage.cp.api('PATCH', batch.path('jobs', name), free, 'application/merge-patch+json');
    for (const [at, name] of names.entries()) {
      const made = await batch.untilJob(name, ({ metadata }) => metadata.uid !== first[at]?.metadata.uid);
      t.equal(envOf(made.spec.template, leverName(uses)), sha1Of({ a: '2' }));
    }
    t.same(await beside.ring(), beside.after());
    t.equal(await waiting(), 0);
    await t.rejects(batch.job('given-up'), /: 404/, 'what a person deletes stays away');
  },
);

t.test('a process that dies between the deletion and the new Job leaves nothing undone', async (t) => {
  const { uses, job } = await prepared('dies');
  await stage.restamp.until(({ msg }) => msg.includes('Leading'));
  // A finalizer of somebody else keeps the old Job, and its name, until it is taken away.
  const held = { metadata: { finalizers: ['example.com/wait'] } };
  await stage.cp.api('PATCH', batch.path('jobs', 'dies'), held, 'application/merge-patch+json');
  await stage.change(uses, { a: '2' });
  await batch.untilJob('dies', isDeleted);
  await stage.restamp.kill();
  const free = { metadata: { finalizers: null } };
  await stage.cp.api('PATCH', batch.path('jobs', 'dies'), free, 'application/merge-patch+json');
  await stage.start();
  const made = await batch.untilJob('dies', ({ metadata }) => metadata.uid !== job.metadata.uid);
  t.equal(envOf(made.spec.template, leverName(uses)), sha1Of({ a: '2' }));
});
