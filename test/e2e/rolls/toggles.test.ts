import t from 'tap';
import {
  AUTO,
  IGNORE,
  MATCH,
  SEARCH,
  source,
  workload,
  type SourceName,
  type WorkloadObject,
} from '../support/objects.ts';
import { openStage } from '../support/environment.ts';

// A dependency that ends and begins again around a change: the workload was not to roll for it while it did not
// ask, so the change is not made up for later (DESIGN 2.1).
// A busy machine takes several times as long as an idle one.
t.setTimeout(600_000);
const stage = await openStage(t, 'toggles');

const away = (annotations: Readonly<Record<string, string>>): Record<string, null> =>
  Object.fromEntries(Object.keys(annotations).map((key) => [key, null]));

t.test('opting out and in again around a change rolls nothing', async (t) => {
  const app: SourceName = 'ConfigMap/opt';
  await stage.create(source(app, { key: 'old' }));
  const api = await stage.observe('Deployment', 'opt', { uses: [app] });
  await stage.annotate('Deployment', 'opt', { 'reloader.stakater.com/auto': 'false' });
  await stage.stamped('Deployment', 'opt', []);
  await stage.change(app, { key: 'new' });
  await stage.annotate('Deployment', 'opt', AUTO);
  await stage.stamped('Deployment', 'opt', [app, api.bell]);
  t.same(await api.ring(), api.after());

  await stage.change(app, { key: 'newer' });
  await api.rolledFor(app, { key: 'newer' });
  t.same(await api.ring(), api.after(['cm/opt']), 'the next change rolls as ever');
});

t.test('taking the opt-in away and giving it back around a change rolls nothing', async (t) => {
  const app: SourceName = 'Secret/bare';
  await stage.create(source(app, { key: 'old' }));
  const api = await stage.observe('StatefulSet', 'bare', { uses: [app] });
  await stage.annotate('StatefulSet', 'bare', away(AUTO));
  await stage.stamped('StatefulSet', 'bare', []);
  await stage.change(app, { key: 'new' });
  await stage.annotate('StatefulSet', 'bare', AUTO);
  await stage.stamped('StatefulSet', 'bare', [app, api.bell]);
  t.same(await api.ring(), api.after());
});

for (const kind of ['ConfigMap', 'Secret'] as const) {
  t.test(`${kind}: setting ignore and taking it away around a change rolls nothing`, async (t) => {
    const name = `ignored-${kind.toLowerCase()}`;
    const app: SourceName = `${kind}/${name}`;
    await stage.create(source(app, { key: 'old' }));
    const api = await stage.observe('Deployment', name, { uses: [app] });
    await stage.annotate(kind, name, IGNORE);
    await stage.stamped('Deployment', name, [api.bell]);
    await stage.change(app, { key: 'new' });
    await stage.annotate(kind, name, away(IGNORE));
    await stage.stamped('Deployment', name, [app, api.bell]);
    t.same(await api.ring(), api.after());
  });

  t.test(`${kind}: a change together with ignore rolls nothing, nor does the end of ignore`, async (t) => {
    const name = `together-${kind.toLowerCase()}`;
    const app: SourceName = `${kind}/${name}`;
    await stage.create(source(app, { key: 'old' }));
    const api = await stage.observe('Deployment', name, { uses: [app] });
    const data = kind === 'Secret' ? { stringData: { key: 'new' } } : { data: { key: 'new' } };
    await stage.patch(kind, name, { metadata: { annotations: IGNORE }, ...data });
    await stage.stamped('Deployment', name, [api.bell]);
    await stage.annotate(kind, name, away(IGNORE));
    await stage.stamped('Deployment', name, [app, api.bell]);
    t.same(await api.ring(), api.after());
  });

  t.test(`${kind}: taking match away and setting it again around a change rolls nothing`, async (t) => {
    const name = `matched-${kind.toLowerCase()}`;
    const app: SourceName = `${kind}/${name}`;
    await stage.create(source(app, { key: 'old' }, MATCH));
    const api = await stage.observe('Deployment', name, { annotations: SEARCH, uses: [app] });
    await stage.annotate(kind, name, away(MATCH));
    await stage.stamped('Deployment', name, [api.bell]);
    await stage.change(app, { key: 'new' });
    await stage.annotate(kind, name, MATCH);
    await stage.stamped('Deployment', name, [app, api.bell]);
    t.same(await api.ring(), api.after());
  });
}

t.test('dropping a name from a list and naming it again around a change rolls nothing', async (t) => {
  const list = 'configmap.reloader.stakater.com/reload';
  const app: SourceName = 'ConfigMap/listed';
  await stage.create(source(app, { key: 'old' }));
  const api = await stage.observe('DaemonSet', 'listed', {
    annotations: { [list]: 'listed' },
    stamps: [app],
  });
  await stage.annotate('DaemonSet', 'listed', { [list]: 'bell-listed' });
  await stage.stamped('DaemonSet', 'listed', [api.bell]);
  await stage.change(app, { key: 'new' });
  await stage.annotate('DaemonSet', 'listed', { [list]: 'listed,bell-listed' });
  await stage.stamped('DaemonSet', 'listed', [app, api.bell]);
  t.same(await api.ring(), api.after());
});

t.test('a source that the pods use no more rolls nothing, nor does its return', async (t) => {
  const app: SourceName = 'Secret/used';
  await stage.create(source(app, { key: 'old' }));
  const api = await stage.observe('Deployment', 'used', { uses: [app] });
  const using = (names: readonly SourceName[]): Promise<void> =>
    stage.patch('Deployment', 'used', { spec: { template: templateOf(names) } });
  const templateOf = (uses: readonly SourceName[]): unknown =>
    (workload('Deployment', 'used', { uses }) as unknown as WorkloadObject).spec.template;
  await using([api.bell]);
  await stage.stamped('Deployment', 'used', [api.bell]);
  await stage.change(app, { key: 'new' });
  t.same(await api.ring(), { rolls: [['cm/bell-used']], revisions: 2 }, 'the bell and the new template');
  await using([app, api.bell]);
  await stage.stamped('Deployment', 'used', [app, api.bell]);
  t.same(await api.ring(), { rolls: [['cm/bell-used']], revisions: 2 }, 'the bell and the new template');
});
