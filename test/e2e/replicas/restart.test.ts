import { readFile, stat } from 'node:fs/promises';
import t from 'tap';
import { get } from '../support/metrics.ts';
import { source, stampKey, WORKLOAD_KINDS, type SourceName } from '../support/objects.ts';
import type { Observed } from '../support/observed-workload.ts';
import { openStage } from '../support/environment.ts';

// What happens while Restamp is not there is made up for once, and what does not happen is not.
// A busy machine takes several times as long as an idle one.
t.setTimeout(600_000);
const stage = await openStage(t, 'restart');
const { cp, ns } = stage;

for (const signal of ['SIGTERM', 'SIGKILL'] as const)
  for (const kind of ['ConfigMap', 'Secret'] as const)
    t.test(`${kind} changed after ${signal}: rolls once at the start, bystanders do not`, async (t) => {
      const id = `${kind}-${signal}`.toLowerCase();
      const changed: SourceName = `${kind}/changed-${id}`;
      const same: SourceName = `${kind}/same-${id}`;
      for (const which of [changed, same]) await stage.create(source(which, { key: 'old' }));
      const dependents: Observed[] = [];
      for (const workload of WORKLOAD_KINDS)
        dependents.push(
          await stage.observe(workload, `${workload.toLowerCase()}-${id}`, {
            uses: [changed, same],
          }),
        );
      const bystander = await stage.observe('Deployment', `bystander-${id}`, { uses: [same] });
      const edited = await stage.observe('Deployment', `edited-${id}`, { uses: [same] });

      if (signal === 'SIGKILL') await stage.restamp.kill();
      else t.equal(await stage.restamp.stop(), 0, 'a clean end');
      await stage.change(changed, { key: 'first' });
      await stage.change(changed, { key: 'second' });
      const labels = { team: 'a' };
      await stage.patch(kind, `same-${id}`, { metadata: { labels } });
      await stage.patch('Deployment', `edited-${id}`, { metadata: { labels } });
      await stage.start();

      for (const dependent of dependents) {
        await dependent.rolledFor(changed, { key: 'second' });
        t.same(await dependent.ring(), dependent.after([stampKey(changed)]), dependent.kind);
      }
      t.same(await bystander.ring(), bystander.after());
      t.same(await edited.ring(), edited.after());
    });

t.test('changed and changed back while Restamp is away: nothing rolls', async (t) => {
  const app: SourceName = 'ConfigMap/back';
  await stage.create(source(app, { key: 'old' }));
  const api = await stage.observe('Deployment', 'back', { uses: [app] });
  await stage.restamp.stop();
  await stage.change(app, { key: 'new' });
  await stage.change(app, { key: 'old' });
  await stage.start();
  t.same(await api.ring(), api.after());
});

t.test('deleted and made again with other data while Restamp is away: rolls once', async (t) => {
  const app: SourceName = 'Secret/again';
  await stage.create(source(app, { key: 'old' }));
  const api = await stage.observe('Deployment', 'again', { uses: [app] });
  await stage.restamp.kill();
  await stage.remove(app);
  await stage.create(source(app, { key: 'new' }));
  await stage.start();
  await api.rolledFor(app, { key: 'new' });
  t.same(await api.ring(), api.after(['secret/again']));
});

t.test('a workload and its source made while Restamp is away are baselines', async (t) => {
  const app: SourceName = 'ConfigMap/unseen';
  await stage.restamp.stop();
  await stage.create(source(app, { key: 'old' }));
  const observing = stage.observe('Deployment', 'unseen', { uses: [app] });
  await stage.start();
  const api = await observing;
  t.same(await api.ring(), api.after());
});

type AuditEntry = {
  readonly verb: string;
  readonly user: { readonly username: string };
  readonly objectRef?: { readonly namespace?: string; readonly resource: string; readonly name?: string };
};

/** What the user restamp wrote in the namespace of this file since the API server's audit log was so long. */
async function writesSince(log: string, length: number): Promise<string[]> {
  const lines = (await readFile(log)).subarray(length).toString().split('\n').filter(Boolean);
  return lines
    .map((line) => JSON.parse(line) as AuditEntry)
    .filter(({ user, objectRef }) => user.username === 'restamp' && objectRef?.namespace === ns)
    .filter(({ verb }) => !['get', 'list', 'watch'].includes(verb))
    .map(({ verb, objectRef }) => [verb, objectRef?.resource, objectRef?.name].filter(Boolean).join(' '));
}

t.test('a restart with nothing changed rolls nothing and writes nothing', async (t) => {
  // Everything that the other tests left is there: maps of all kinds of workloads.
  await stage.restamp.stop();
  const states = async (): Promise<Map<string, string>> => {
    const found = new Map<string, string>();
    for (const kind of WORKLOAD_KINDS) {
      type List = { items: { metadata: { name: string; annotations?: object; generation: number } }[] };
      const { items } = await cp.api<List>('GET', stage.path(kind));
      for (const { metadata } of items)
        found.set(`${kind}/${metadata.name}`, JSON.stringify([metadata.generation, metadata.annotations]));
    }
    return found;
  };
  const before = await states();
  const length = cp.auditLog === undefined ? 0 : (await stat(cp.auditLog)).size;
  await stage.start();
  // What comes last in the same queues is done after everything that the start could have asked for.
  const last = await stage.observe('Deployment', 'last', {});
  t.same(await last.ring(), last.after());
  const after = await states();
  after.delete('Deployment/last');
  t.same(after, before);
  await stage.told(last.kind, last.name);
  const metrics = await stage.metrics();
  t.equal(get(metrics, 'restamp_rolls_total'), 1, 'the bell of the last one');
  const patched = get(metrics, 'restamp_api_requests_total', { method: 'PATCH', code: '200' });
  t.ok(patched <= 2, 'at most the map and the roll of the last one');
  if (cp.auditLog === undefined) return;
  const writes = await writesSince(cp.auditLog, length);
  t.same([...new Set(writes)].sort(), ['create events', 'patch deployments last']);
});
