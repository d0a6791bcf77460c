import t from 'tap';
import { Proxy } from '../../chaos/faults/proxy.ts';
import { Random } from '../../chaos/random.ts';
import { sharedControlPlane } from '../../controlplane/shared.ts';
import {
  AUTO,
  leverOf,
  sha1Of,
  source,
  workload,
  type SourceName,
  type WorkloadObject,
} from '../support/objects.ts';
import { startRestamp } from '../support/restamp-process.ts';
import { Stage } from '../support/environment.ts';

t.setTimeout(300_000);

const LAG_MS = 6_000;
const cp = await sharedControlPlane(t);

t.test(
  'a leader whose watch of sources is late never rolls backwards, nor one that takes over',
  async (t) => {
    const stage = new Stage(cp, await cp.freshNamespace('lag'), {});
    const { ns } = stage;
    const proxy = await Proxy.open(cp, ns, new Random(1, ns));
    t.teardown(() => proxy.close());
    const lag = { path: /configmaps/, ms: 0 };
    proxy.lag = lag;
    // Without admission, so that nothing but the watch and reads can tell of a change.
    const start = async (...flags: string[]) => {
      const restamp = await startRestamp(cp, {
        namespaces: [ns],
        admission: 'off',
        flags,
      });
      t.teardown(() => restamp.stop());
      return restamp;
    };
    const leads = ({ msg }: { msg: string }): boolean => msg === 'Leading: this process rolls';

    const app: SourceName = 'ConfigMap/app';
    const bell: SourceName = 'ConfigMap/bell';
    const dataOf = (version: number) => ({ version: `v${version}` });
    await stage.create(source(app, dataOf(1)), source(bell, { rings: '0' }));
    await stage.create(workload('Deployment', 'api', { annotations: AUTO, uses: [app, bell] }));
    const late = await start(`--kubeconfig=${proxy.kubeconfig}`);
    await late.until(leads);
    await stage.stamped('Deployment', 'api', [app, bell]);

    // Every value that the lever of the source ever has.
    const levers: string[] = [];
    const versions = new Map([1, 2, 3, 4, 5].map((version) => [sha1Of(dataOf(version)), version]));
    const path = `${stage.path('Deployment')}?watch=true&fieldSelector=metadata.name%3Dapi`;
    const watching = (async () => {
      for await (const { object } of cp.watch<WorkloadObject>(path)) {
        const lever = leverOf(object, app);
        if (lever !== undefined && lever !== levers.at(-1)) levers.push(lever);
        if (versions.get(lever ?? '') === 5) return;
      }
    })();
    const rolled = (which: SourceName, data: Readonly<Record<string, string>>): Promise<WorkloadObject> =>
      stage.until('Deployment', 'api', (object) => leverOf(object, which) === sha1Of(data));

    await stage.change(app, dataOf(2));
    await rolled(app, dataOf(2));
    const prompt = await start();
    // The late one loses the Lease while its watch goes on; what it has not heard of yet happens meanwhile.
    lag.ms = LAG_MS;
    proxy.refuse = 1;
    await prompt.until(leads);
    await stage.change(app, dataOf(3));
    await rolled(app, dataOf(3));
    await stage.change(app, dataOf(4));
    await rolled(app, dataOf(4));
    proxy.mend();
    const heard = late.lines.length;
    await prompt.stop();
    await late.until((line) => leads(line) && late.lines.indexOf(line) >= heard);
    // By the time it hears the bell it has heard of all versions, one after the other.
    await stage.change(bell, { rings: '1' });
    await rolled(bell, { rings: '1' });
    await stage.change(app, dataOf(5));
    await rolled(app, dataOf(5));
    await watching;
    t.same(
      levers.map((lever) => versions.get(lever)),
      [2, 3, 4, 5],
    );
    const { metadata } = await stage.until(
      'Deployment',
      'api',
      (object) => object.status?.observedGeneration === object.metadata.generation,
    );
    const revision = metadata.annotations?.['deployment.kubernetes.io/revision'];
    t.equal(revision, '6', 'the first template, four changes and the bell');
  },
);
