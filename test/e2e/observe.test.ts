import t from 'tap';
import { AUTO, source, WORKLOAD_KINDS, workload } from './objects.ts';
import { openStage } from './stage.ts';

t.setTimeout(120_000);

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
