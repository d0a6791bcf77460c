import t from 'tap';
import { AUTO, source, workload, type SourceName } from '../support/objects.ts';
import type { LogLine } from '../support/restamp-process.ts';
import { openStage } from '../support/environment.ts';

// What a person sees at the keyboard before and while something rolls, and what stands in the audit log.
// A busy machine takes several times as long as an idle one.
t.setTimeout(600_000);
const stage = await openStage(t, 'preview');
const { cp, ns } = stage;
const app: SourceName = 'ConfigMap/app';
const db: SourceName = 'Secret/db';
await stage.create(source(app, { HOST: 'a', PORT: '1' }), source(db, { password: 'old' }));
const api = await stage.observe('Deployment', 'api', { uses: [app, db] });
const agent = await stage.observe('DaemonSet', 'agent', { uses: [app] });

const kubectl = async (args: readonly string[], input?: object): Promise<string> =>
  (await cp.kubectl([...args, '-n', ns], input === undefined ? {} : { input })).stderr;
const warnings = (stderr: string): string[] =>
  stderr
    .split('\n')
    .filter((line) => line.startsWith('Warning: ') && !line.includes('last-applied-configuration'));
const reviewed = (fits: (line: LogLine) => boolean): Promise<LogLine> =>
  stage.restamp.until((line) => line.audit === 'admission' && fits(line));

const both = 'Warning: ConfigMap app rolls DaemonSet/agent, Deployment/api';

t.test('kubectl apply --dry-run=server says what would roll, and nothing rolls', async (t) => {
  const tried = source(app, { HOST: 'b', PORT: '1' });
  t.same(warnings(await kubectl(['apply', '--dry-run=server', '-f', '-'], tried)), [both]);
  t.same(await api.ring(), api.after());
  t.same(await agent.ring(), agent.after());
});

t.test('kubectl apply says what rolls, and it does', async (t) => {
  const data = { HOST: 'b', PORT: '1' };
  t.same(warnings(await kubectl(['apply', '-f', '-'], source(app, data))), [both]);
  await api.rolledFor(app, data);
  await agent.rolledFor(app, data);
  t.same(await api.ring(), api.after(['cm/app']));
});

t.test(
  'kubectl apply of a Secret with stringData says it too, patch and server-side apply as well',
  async (t) => {
    const said = ['Warning: Secret db rolls Deployment/api'];
    t.same(warnings(await kubectl(['apply', '-f', '-'], source(db, { password: 'one' }))), said);
    await api.rolledFor(db, { password: 'one' });
    const patch = JSON.stringify({ stringData: { password: 'two' } });
    t.same(warnings(await kubectl(['patch', 'secret', 'db', '-p', patch])), said);
    await api.rolledFor(db, { password: 'two' });
    const applied = source(db, { password: 'three' });
    t.same(
      warnings(await kubectl(['apply', '--server-side', '--force-conflicts', '-f', '-'], applied)),
      said,
    );
    await api.rolledFor(db, { password: 'three' });
  },
);

t.test('nothing is said where nothing rolls: same data, a label, a source that nobody uses', async (t) => {
  t.same(warnings(await kubectl(['apply', '-f', '-'], source(app, { HOST: 'b', PORT: '1' }))), []);
  t.same(warnings(await kubectl(['label', 'configmap', 'app', 'team=a'])), []);
  t.same(warnings(await kubectl(['apply', '-f', '-'], source('ConfigMap/lonely', { key: 'a' }))), []);
  t.same(warnings(await kubectl(['apply', '-f', '-'], source('ConfigMap/lonely', { key: 'b' }))), []);
});

t.test('the removal of a key that a container needs is said by name', async (t) => {
  const picky: SourceName = 'ConfigMap/picky';
  await stage.create(source(picky, { NEEDED: 'a', SPARE: 'b' }));
  const manifest = workload('Deployment', 'picky', { annotations: AUTO });
  const valueFrom = { configMapKeyRef: { name: 'picky', key: 'NEEDED' } };
  const containers = [{ name: 'main', image: 'main', env: [{ name: 'NEEDED', valueFrom }] }];
  const template = { metadata: { labels: { app: 'picky' } }, spec: { containers } };
  const spec = { selector: { matchLabels: { app: 'picky' } }, template };
  await stage.create({ ...manifest, ...{ spec } });
  await stage.stamped('Deployment', 'picky', [picky]);
  const remove = (key: string): Promise<string> =>
    kubectl([
      'patch',
      'configmap',
      'picky',
      '--type=merge',
      '--dry-run=server',
      '-p',
      `{"data":{"${key}":null}}`,
    ]);
  const rolls = 'Warning: ConfigMap picky rolls Deployment/picky';
  t.same(warnings(await remove('SPARE')), [rolls]);
  t.same(warnings(await remove('NEEDED')), [
    rolls,
    'Warning: ConfigMap picky: key NEEDED is removed but Deployment/picky needs it',
  ]);
});

t.test('the audit line tells who, how, what and whom it rolls', async (t) => {
  const tried = source(app, { HOST: 'c', PORT: '1', NEW: '1' });
  await kubectl(['apply', '--dry-run=server', '-f', '-'], tried);
  const line = await reviewed(({ keys }) => String(keys) === 'HOST,NEW');
  const { requestUid, time, ...rest } = line;
  t.match(requestUid, /^[0-9a-f]{8}-[0-9a-f-]{27}$/);
  t.ok(Date.parse(String(time)));
  t.same(rest, {
    level: 'info',
    audit: 'admission',
    user: 'admin',
    groups: ['system:masters', 'system:authenticated'],
    manager: 'kubectl-client-side-apply',
    operation: 'UPDATE',
    source: 'ConfigMap app',
    namespace: ns,
    keys: ['HOST', 'NEW'],
    dryRun: true,
    rolls: 2,
    workloads: rest['workloads'],
    msg: `admin sent UPDATE of ConfigMap app in namespace '${ns}'`,
  });
  t.same((rest['workloads'] as string[]).sort(), ['DaemonSet/agent', 'Deployment/api']);
});

t.test('the audit line of a deletion names the operation and every key', async (t) => {
  await kubectl(['delete', 'secret', 'db', '--dry-run=server']);
  const line = await reviewed(({ operation }) => operation === 'DELETE');
  t.match(line, { source: 'Secret db', keys: ['password'], dryRun: true, rolls: 0 });
});
