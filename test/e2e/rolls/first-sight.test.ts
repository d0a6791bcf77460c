import t from 'tap';
import { AUTO, MATCH, SEARCH, SOURCE_KINDS, source, type SourceName } from '../support/objects.ts';
import { openStage, type Stage } from '../support/environment.ts';

// What makes a source a dependency, and new data with it or just after it: the pods have seen the old data. All is
// written by one field manager, so that its time says nothing of what it wrote.
// A busy machine takes several times as long as an idle one.
t.setTimeout(600_000);
const LIST = 'configmap.reloader.stakater.com/reload';
const reviewed = await openStage(t, 'sight', { flags: ['--reload-on-create=true'] });
const unseen = await openStage(t, 'unseen', { admission: 'off', flags: ['--reload-on-create=true'] });

for (const [title, stage] of [
  ['', reviewed],
  [', also without the webhook', unseen],
] as readonly [string, Stage][]) {
  for (const { kind } of SOURCE_KINDS)
    t.test(`${kind}: a mark together with new data is one roll${title}`, async (t) => {
      const name = `marked-${kind.toLowerCase()}`;
      const app: SourceName = `${kind}/${name}`;
      await stage.create(source(app, { key: 'old' }));
      const api = await stage.observe('Deployment', name, { annotations: SEARCH, uses: [app], stamps: [] });
      const data = kind === 'Secret' ? { stringData: { key: 'new' } } : { data: { key: 'new' } };
      await stage.patch(kind, name, { metadata: { annotations: MATCH }, ...data });
      const [, key] = [kind, kind === 'Secret' ? `secret/${name}` : `cm/${name}`];
      await api.rolledFor(app, { key: 'new' });
      t.same(await api.ring(), api.after([key]));
    });

  t.test(`an opt-in and new data in the next call are one roll${title}`, async (t) => {
    for (let turn = 0; turn < 10; turn += 1) {
      const name = `opted-${turn}`;
      const app: SourceName = `ConfigMap/${name}`;
      await stage.create(source(app, { key: 'old' }));
      const api = await stage.deaf('Deployment', name, { uses: [app] });
      await stage.annotate('Deployment', name, AUTO);
      await stage.change(app, { key: 'new' });
      await api.rolledFor(app, { key: 'new' });
      t.same(await api.happened(), { rolls: [[`cm/${name}`]], revisions: 1 });
    }
  });

  t.test(`what is listed and created later rolls, whatever its name looks like${title}`, async (t) => {
    const listed = 'plain, default.conf, found-.+';
    const api = await stage.observe('Deployment', 'listed', {
      annotations: { [LIST]: listed },
      stamps: ['ConfigMap/plain', 'ConfigMap/default.conf'],
    });
    const rolls: string[][] = [];
    for (const name of ['plain', 'default.conf', 'found-1']) {
      await stage.create(source(`ConfigMap/${name}`, { key: name }));
      await api.rolledFor(`ConfigMap/${name}`, { key: name });
      rolls.push([`cm/${name}`]);
    }
    t.same(await api.ring(), api.after(...rolls));
  });
}

t.test('a token of a service account is a Secret like any other', async (t) => {
  const stage = reviewed;
  const app: SourceName = 'Secret/token';
  const type = 'kubernetes.io/service-account-token';
  await stage.cp.api('POST', `/api/v1/namespaces/${stage.ns}/serviceaccounts`, {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { name: 'robot' },
  });
  const annotations = { 'kubernetes.io/service-account.name': 'robot' };
  await stage.create({ ...source(app, {}, annotations), ...{ type } });
  const api = await stage.observe('Deployment', 'token', { uses: [app] });
  await stage.change(app, { key: 'new' });
  await api.rolledTimes(1);
  t.same(await api.ring(), api.after(['secret/token']));
});
