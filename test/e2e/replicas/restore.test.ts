import t from 'tap';
import { Archive } from '../../controlplane/archive.ts';
import { startControlPlane } from '../../controlplane/controlplane.ts';
import { AUTO, leverOf, sha1Of, source, workload, type SourceName } from '../support/objects.ts';
import { Stage } from '../support/environment.ts';

// The API server comes back with an older state, and gives out the same versions for other things. It resumes a watch also
// from a version that it has not reached yet, and says nothing of what comes before.
t.setTimeout(600_000);
const APP: SourceName = 'ConfigMap/app';
const KEY: SourceName = 'Secret/key';
const NEW: SourceName = 'ConfigMap/new';
/** So many versions are no more: a cluster that starts anew takes a while to give them out. */
const LOST = 3_000;

const cp = await startControlPlane();
t.teardown(() => cp.stop());
const archive = new Archive({ cp });
const stage = new Stage(cp, await cp.freshNamespace('restore'), {});
t.teardown(() => stage.close());
await stage.start();
const shows = (name: string, which: SourceName, n: string) =>
  stage.until('Deployment', name, (object) => leverOf(object, which) === sha1Of({ n }));

t.test(
  'what is written after a restore rolls at once, and what was written before it is forgotten',
  async (t) => {
    for (const which of [APP, KEY]) await stage.create(source(which, { n: '0' }));
    await stage.create(workload('Deployment', 'api', { annotations: AUTO, uses: [APP] }));
    await stage.create(workload('Deployment', 'web', { annotations: AUTO, uses: [APP, KEY] }));
    await stage.stamped('Deployment', 'api', [APP]);
    await stage.stamped('Deployment', 'web', [APP, KEY]);
    await archive.take();

    await stage.change(APP, { n: '1' });
    await shows('api', APP, '1');
    await shows('web', APP, '1');
    await stage.create(source('ConfigMap/other', { n: '0' }));
    for (let n = 0; n < LOST; n += 1) await stage.annotate('ConfigMap', 'other', { n: String(n) });
    await stage.change(KEY, { n: '1' });
    await shows('web', KEY, '1');
    await archive.bringBack();

    const restored = await stage.get('Deployment', 'web');
    t.equal(leverOf(restored, KEY), undefined, 'it is as it was');
    await stage.change(KEY, { n: '2' });
    await stage.create(source(NEW, { n: '0' }));
    await stage.create(workload('Deployment', 'late', { annotations: AUTO, uses: [NEW] }));
    const web = await shows('web', KEY, '2');
    t.equal(leverOf(web, APP), undefined, 'nobody rolls for what is no more');
    await stage.stamped('Deployment', 'late', [NEW]);
    await stage.change(NEW, { n: '1' });
    await shows('late', NEW, '1');
    t.equal(leverOf(await stage.get('Deployment', 'api'), APP), undefined);
  },
);
