import t from 'tap';
import type { KubeObject } from '../../controlplane/http.ts';
import { get } from '../support/metrics.ts';
import {
  AUTO,
  historyOf,
  leverOf,
  sha1Of,
  source,
  workload,
  type SourceName,
  type WorkloadObject,
} from '../support/objects.ts';
import { openStage } from '../support/environment.ts';

// Pods outlive their workload (`kubectl delete --cascade=orphan`), and the next one of its name takes them over: they have
// what they were started with, whatever has changed since.
t.setTimeout(600_000);
const stage = await openStage(t, 'left-behind');
const { cp, ns } = stage;
type List = { readonly items: readonly KubeObject[] };
type Template = WorkloadObject['spec']['template'];

/** While it is turned, nothing rolls. */
const stopSwitch = {
  turn: () =>
    cp.api('POST', '/api/v1/namespaces/restamp/configmaps', {
      metadata: { name: ns, annotations: { 'restamp.dev/stop': 'true' } },
    }),
  release: () => cp.api('DELETE', `/api/v1/namespaces/restamp/configmaps/${ns}`),
};

for (const [kind, templates] of [
  ['Deployment', 'replicasets'],
  ['StatefulSet', 'controllerrevisions'],
] as const)
  t.test(
    `a ${kind} that takes pods over is rolled once if these have older data, and else not`,
    async (t) => {
      const name = kind.toLowerCase();
      const app: SourceName = `ConfigMap/${name}`;
      const manifest = workload(kind, name, { annotations: AUTO, uses: [app] });
      const { spec } = manifest as unknown as WorkloadObject;
      const listed = async (path: string): Promise<KubeObject[]> => {
        const { items } = await cp.api<List>('GET', `${path}?labelSelector=app%3D${name}`);
        return items.filter(({ metadata }) => !('deletionTimestamp' in metadata));
      };
      const pods = async (): Promise<(string | undefined)[]> =>
        (await listed(`/api/v1/namespaces/${ns}/pods`)).map(({ metadata }) => metadata.uid);
      const countTemplates = async (): Promise<number> =>
        (await listed(`/apis/apps/v1/namespaces/${ns}/${templates}`)).length;
      const runs = ({ metadata, status }: WorkloadObject): boolean =>
        (status?.observedGeneration ?? 0) >= (metadata.generation ?? 0) && status?.availableReplicas === 1;
      const leave = async (): Promise<Template> => {
        const left = await stage.until(kind, name, runs);
        await cp.kubectl(['delete', '-n', ns, `${name}/${name}`, '--cascade=orphan']);
        return left.spec.template;
      };
      const take = (template = spec.template): Promise<void> =>
        stage.create({ ...manifest, ...{ spec: { ...spec, template } } });
      const change = (value: string): Promise<void> => stage.change(app, { key: value });
      /** It was rolled for this, and for nothing else since it was made. */
      const rolledOnce = async (value: string, count: number): Promise<void> => {
        const rolled = await stage.until(
          kind,
          name,
          (object) => leverOf(object, app) === sha1Of({ key: value }) && runs(object),
        );
        t.equal(historyOf(rolled).length, 1, value);
        t.equal(await countTemplates(), count, value);
      };

      await stage.create(source(app, { key: '1' }));
      await take();
      await stage.stamped(kind, name, [app]);
      await leave();
      const before = await pods();
      await take();
      await stage.stamped(kind, name, [app]);
      await stage.until(kind, name, runs);
      t.same(await pods(), before, 'they are the same pods');
      await change('after');
      await rolledOnce('after', 2);

      const after = await leave();
      await change('between');
      await take(after);
      await rolledOnce('between', 3);

      await stopSwitch.turn();
      await change('before');
      while (get(await stage.metrics(), 'restamp_held', { reason: 'stop' }) === 0);
      const between = await leave();
      await take(between);
      await stage.stamped(kind, name, [app]);
      await stopSwitch.release();
      await rolledOnce('before', 4);

      // Without our lever the template is the first one again: pods of it start anew.
      await leave();
      await change('unseen');
      await take();
      await stage.stamped(kind, name, [app]);
      await stage.until(kind, name, runs);
      await change('last');
      await rolledOnce('last', 5);
    },
  );
