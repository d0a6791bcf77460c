import t from 'tap';
import { batchOf, envOf } from '../support/batch.ts';
import { AUTO, leverName, sha1Of, source, WORKLOAD_KINDS, workload } from '../support/objects.ts';
import { openStage } from '../support/environment.ts';

t.setTimeout(300_000);

t.test('--mode=observe tells each roll that would be, and writes nothing on workloads', async (t) => {
  const stage = await openStage(t, 'observe', { flags: ['--mode=observe'] });
  await stage.create(source('ConfigMap/app', { a: '1' }));
  for (const kind of WORKLOAD_KINDS)
    await stage.create(workload(kind, 'api', { annotations: AUTO, uses: ['ConfigMap/app'] }));
  const before = await Promise.all(WORKLOAD_KINDS.map((kind) => stage.get(kind, 'api')));
  for (const [index, value] of ['2', '3'].entries()) {
    await stage.change('ConfigMap/app', { a: value });
    await stage.restamp.until(
      () => stage.lines.filter(({ audit }) => audit === 'observed').length === 3 * (index + 1),
    );
  }
  t.match(
    stage.lines.find(({ audit, kind }) => audit === 'observed' && kind === 'Deployment')?.msg,
    `Changes detected in 'app' of type 'CONFIGMAP' in namespace '${stage.ns}'; would update 'api' of type 'Deployment', but only observes`,
  );
  const after = await Promise.all(WORKLOAD_KINDS.map((kind) => stage.get(kind, 'api')));
  for (const [index, object] of after.entries()) {
    t.same(object.spec, before[index]?.spec);
    t.notMatch(JSON.stringify(object.metadata.annotations), 'restamp.dev');
    t.notMatch(JSON.stringify(object.metadata), '"manager":"Reloader"');
  }
});

t.test('--mode=observe makes the Job that a process before it has deleted, and no other', async (t) => {
  const stage = await openStage(t, 'observe-job');
  const batch = batchOf(stage);
  await stage.restamp.until(({ msg }) => msg.includes('Leading'));
  await stage.create(source('ConfigMap/app', { a: '1' }));
  const job = await batch.createJob('migrate', { annotations: AUTO, uses: ['ConfigMap/app'] });
  // A finalizer of somebody else keeps the old Job, and its name, until it is taken away.
  const hold = async (finalizers: readonly string[] | null): Promise<void> => {
    const merge = 'application/merge-patch+json';
    await stage.cp.api('PATCH', batch.path('jobs', 'migrate'), { metadata: { finalizers } }, merge);
  };
  await hold(['example.com/wait']);
  await stage.change('ConfigMap/app', { a: '2' });
  await batch.untilJob(
    'migrate',
    ({ metadata }) => (metadata as { deletionTimestamp?: string }).deletionTimestamp !== undefined,
  );
  await stage.restamp.kill();
  await hold(null);
  await stage.start({ flags: ['--mode=observe'] });
  const made = await batch.untilJob('migrate', ({ metadata }) => metadata.uid !== job.metadata.uid);
  t.equal(envOf(made.spec.template, leverName('ConfigMap/app')), sha1Of({ a: '2' }));
  await stage.change('ConfigMap/app', { a: '3' });
  await stage.restamp.until(({ audit }) => audit === 'observed');
  t.equal((await batch.job('migrate')).metadata.uid, made.metadata.uid);
});
