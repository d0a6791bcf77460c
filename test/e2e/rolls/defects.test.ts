import t from 'tap';
import { leverOf, sha1Of, source, stampedKeys, workload } from '../support/objects.ts';
import { openStage } from '../support/environment.ts';

// What Reloader does wrong and docs/how-to/migrate-from-reloader.md promises otherwise, where no other test holds it.

t.setTimeout(120_000);
const stage = await openStage(t, 'defects', { flags: ['--enable-pprof'] });
const LIST = 'configmap.reloader.stakater.com/reload';

t.test('a list that is no regular expression stops neither Restamp nor the rest of the list', async (t) => {
  await stage.create(
    source('ConfigMap/good', { a: '1' }),
    workload('Deployment', 'bad-list', { annotations: { [LIST]: 'cfg-[a-z,good' } }),
    workload('Deployment', 'beside', { annotations: { [LIST]: 'good' } }),
  );
  for (const name of ['bad-list', 'beside'])
    await stage.until('Deployment', name, (object) => stampedKeys(object)?.join() === 'cm/good');
  const line = await stage.restamp.until(({ msg }) =>
    msg.startsWith("Skipping invalid reload annotation on Deployment 'bad-list'"),
  );
  t.equal(line.level, 'error');
  await stage.change('ConfigMap/good', { a: '2' });
  for (const name of ['bad-list', 'beside'])
    t.ok(
      await stage.until(
        'Deployment',
        name,
        (object) => leverOf(object, 'ConfigMap/good') === sha1Of({ a: '2' }),
      ),
    );
});

t.test('there is no profiler on the ops address, even where one is asked for', async (t) => {
  for (const path of ['/debug/pprof/', '/debug/pprof/heap', '/debug/pprof/profile'])
    t.equal((await fetch(stage.restamp.opsUrl + path)).status, 404);
});
