// --ignored-workload-types, in the cases of Reloader's own end-to-end tests.
import t from 'tap';
import { batchOf } from '../support/batch.ts';
import { AUTO, source, type SourceName } from '../support/objects.ts';
import { openStage } from '../support/environment.ts';

t.setTimeout(600_000);

const APP: SourceName = 'ConfigMap/app';

const rows = [
  { title: 'a CronJob that is ignored runs no Job', ignored: ['cronjobs'] },
  { title: 'a Job that is ignored is not made again', ignored: ['jobs'] },
  { title: 'where both are ignored, Deployments still roll', ignored: ['jobs', 'cronjobs'] },
] as const;

for (const { title, ignored } of rows)
  t.test(title, async (t) => {
    const ignoring = (one: 'jobs' | 'cronjobs'): boolean => (ignored as readonly string[]).includes(one);
    const stage = await openStage(t, `ignored-${ignored.join('-')}`, {
      flags: [`--ignored-workload-types=${ignored.join(',')}`],
    });
    const batch = batchOf(stage);
    await stage.create(source(APP, { n: '0' }));
    await batch.createCronJob('report', { annotations: AUTO, uses: [APP] });
    const job = await batch.createJob('import', { annotations: AUTO, uses: [APP], suspend: true });
    const api = await stage.observe('Deployment', 'api', { uses: [APP] });
    await stage.change(APP, { n: '1' });
    await api.rolledFor(APP, { n: '1' });
    // A kind that is not ignored rolls; then, and after the bell, an ignored one would have rolled too.
    if (!ignoring('jobs'))
      await batch.untilJob('import', ({ metadata }) => metadata.uid !== job.metadata.uid);
    if (!ignoring('cronjobs'))
      await stage.restamp.until((line) => line.audit === 'roll' && line['name'] === 'report');
    t.same(await api.ring(), api.after(['cm/app']));
    t.equal((await batch.jobsOf('report')).length, ignoring('cronjobs') ? 0 : 1);
    t.equal((await batch.job('import')).metadata.uid === job.metadata.uid, ignoring('jobs'));
  });
