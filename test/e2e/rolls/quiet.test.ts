import t from 'tap';
import { ApiError } from '../../controlplane/http.ts';
import { AUTO, LAST_ROLL, SOURCE_KINDS, source, stampKey, type SourceName } from '../support/objects.ts';
import { startSibling } from '../support/foreign-webhook.ts';
import { openStage } from '../support/environment.ts';

// What must not roll. That nothing happened is proven by what happens next: see Observed.
// A busy machine takes several times as long as an idle one.
t.setTimeout(600_000);
const stage = await openStage(t, 'quiet');
const { cp, ns } = stage;
const sources: readonly SourceName[] = ['ConfigMap/app', 'Secret/app'];
for (const which of sources) await stage.create(source(which, { key: 'old' }));
const api = await stage.observe('Deployment', 'api', { uses: sources });
const sibling = await startSibling(t, stage);

/** What admission showed Restamp of a source. */
const reviews = (title: string): number =>
  stage.lines.filter((line) => line.audit === 'admission' && line['source'] === title).length;

for (const { kind, short } of SOURCE_KINDS) {
  const edits: readonly [title: string, body: object][] = [
    ['a label', { metadata: { labels: { team: 'a' } } }],
    ['an annotation', { metadata: { annotations: { note: 'a' } } }],
    [
      'the same value once more',
      kind === 'Secret' ? { stringData: { key: 'old' } } : { data: { key: 'old' } },
    ],
    ['immutable', { immutable: true }],
  ];
  for (const [title, body] of edits)
    t.test(`${kind}: setting ${title} rolls nothing and asks no webhook`, async (t) => {
      const name = `edit-${short}-${title.replaceAll(' ', '-')}`;
      const which: SourceName = `${kind}/${name}`;
      await stage.create(source(which, { key: 'old' }));
      const observed = await stage.observe('Deployment', name, { uses: [which] });
      const seen = reviews(`${kind} ${name}`);
      await stage.patch(kind, name, body);
      t.same(await observed.ring(), observed.after());
      t.equal(reviews(`${kind} ${name}`), seen);
    });
}

for (const which of sources)
  t.test(`${which}: a write that another admission rejects after us rolls nothing`, async (t) => {
    const title = which.replace('/', ' ');
    const seen = reviews(title);
    const denied = sibling.denied;
    sibling.deny = 'app';
    const error = await stage.change(which, { key: 'rejected' }).catch((reason: unknown) => reason);
    t.ok(error instanceof ApiError, 'the write fails');
    t.match((error as Error).message, 'the sibling says no');
    t.equal(sibling.denied, denied + 1);
    sibling.deny = undefined;
    await stage.restamp.until(() => reviews(title) === seen + 1);
    t.same(await api.ring(), api.after());
  });

t.test(
  'after rejected writes the next stored one rolls once and bears the name of its own keys',
  async (t) => {
    await stage.change('ConfigMap/app', { other: 'stored' });
    await api.rolledFor('ConfigMap/app', { key: 'old', other: 'stored' });
    const { metadata } = await api.get();
    const [entry] = JSON.parse(metadata.annotations?.[LAST_ROLL] ?? '[]') as [{ sources: unknown }];
    t.match(entry.sources, [{ source: 'cm/app', keys: ['other'], by: 'admin' }]);
    t.same(await api.ring(), api.after(['cm/app']));
  },
);

for (const which of sources)
  t.test(`${which}: --dry-run=server rolls nothing`, async (t) => {
    const input = { ...source(which, { key: 'tried' }) };
    await cp.kubectl(['apply', '-n', ns, '--dry-run=server', '-f', '-'], { input });
    await cp.kubectl(['patch', '-n', ns, ...which.split('/'), '--dry-run=server', '-p', '{"data":null}']);
    await cp.kubectl(['delete', '-n', ns, ...which.split('/'), '--dry-run=server']);
    t.same(await api.ring(), api.after());
  });

const refusals = [
  ['a workload that says nothing', {}],
  ['auto: "false"', { 'reloader.stakater.com/auto': 'false' }],
  ['auto: "yes", which is no Go bool', { 'reloader.stakater.com/auto': 'yes' }],
  ['search alone', { 'reloader.stakater.com/search': 'true' }],
  [
    'auto with the source on the exclude list',
    {
      ...AUTO,
      'configmaps.exclude.reloader.stakater.com/reload': 'shared',
      'secrets.exclude.reloader.stakater.com/reload': 'shared',
    },
  ],
] as const;

t.test('what did not opt in does not roll', async (t) => {
  const shared: readonly SourceName[] = ['ConfigMap/shared', 'Secret/shared'];
  for (const which of shared) await stage.create(source(which, { key: 'old' }));
  const deaf = [];
  for (const [index, [title, annotations]] of refusals.entries())
    deaf.push({
      title,
      observed: await stage.deaf('Deployment', `deaf-${index}`, { annotations, uses: shared }),
    });
  const bystander = await stage.deaf('Deployment', 'uses-others', {
    annotations: AUTO,
    uses: ['ConfigMap/else'],
  });
  const hearing = await stage.observe('Deployment', 'hearing', { uses: shared });
  for (const which of shared) {
    await stage.change(which, { key: 'new' });
    await hearing.rolledFor(which, { key: 'new' });
  }
  t.same(await hearing.ring(), hearing.after(...shared.map((which) => [stampKey(which)])));
  for (const { title, observed } of [...deaf, { title: 'auto, but another source', observed: bystander }])
    t.same(await observed.happened(), { rolls: [], revisions: 0 }, title);
});
