import t from 'tap';
import { sharedControlPlane } from '../../controlplane/shared.ts';
import { receiver } from '../../support/http-receiver.ts';
import { defineKind } from '../support/crds.ts';
import {
  CsiDriver,
  csiVolume,
  grantCsi,
  mountHash,
  POD_STATUS,
  PROVIDER_CLASS,
} from '../support/csi-driver.ts';
import {
  AUTO,
  historyOf,
  IGNORE,
  stampedKeys,
  type Annotations,
  type WorkloadObject,
} from '../support/objects.ts';
import { Stage } from '../support/environment.ts';

t.setTimeout(300_000);

const KEY = 'reloader.stakater.com/last-reloaded-from';
const VARIABLE = 'STAKATER_VAULT_SPC_SECRETPROVIDERCLASS';
const CLASS = 'vault-spc';
const FLAGS = ['--enable-csi-integration=true'];

const cp = await sharedControlPlane(t);
for (const kind of [PROVIDER_CLASS, POD_STATUS]) await defineKind(cp, kind);
await grantCsi(cp);

/** A stage of its own for each strategy. */
async function open(prefix: string, flags: readonly string[], admission: 'on' | 'off' = 'on') {
  const stage = new Stage(cp, await cp.freshNamespace(prefix), { flags: [...FLAGS, ...flags], admission });
  t.teardown(() => stage.close());
  const driver = new CsiDriver(cp, stage.ns);
  await driver.define(CLASS);
  await stage.start();
  return { stage, driver };
}
const { stage, driver } = await open('csi', []);

const hashOf = (version: string): string => mountHash(CLASS, version);

type Parts = { annotations?: Annotations; init?: boolean; className?: string; replicas?: number; at?: Stage };

/** A Deployment whose pods mount a class, with their statuses and its baseline. */
async function prepared(name: string, parts: Parts = {}): Promise<string[]> {
  const { annotations = AUTO, init = false, className = CLASS, replicas = 2, at = stage } = parts;
  const mounting = { volumeMounts: [{ name: 'secrets', mountPath: '/secrets' }] };
  const main = { name: 'main', image: 'registry.example/main:1' };
  const labels = { app: name };
  const spec = init
    ? {
        initContainers: [{ name: 'early', image: 'registry.example/early:1', ...mounting }],
        containers: [main],
      }
    : { containers: [{ ...main, ...mounting }] };
  await cp.api('POST', at.path('Deployment'), {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, annotations },
    spec: {
      replicas,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { ...spec, volumes: [csiVolume(className)] } },
    },
  });
  const there = new CsiDriver(cp, at.ns);
  const pods = await there.pods(name, replicas);
  for (const pod of pods) await there.mount(pod, className, '1');
  return pods;
}
const baseline = (name: string, at = stage, className = CLASS): Promise<WorkloadObject> =>
  at.until('Deployment', name, (object) => stampedKeys(object)?.includes(`spc/${className}`) ?? false);
const rolled = (name: string, times: number, at = stage): Promise<WorkloadObject> =>
  at.until('Deployment', name, (object) => historyOf(object).length === times);
const variableOf = ({ spec }: WorkloadObject): string | undefined =>
  spec.template.spec.containers[0]?.env?.find(({ name }) => name === VARIABLE)?.value;

t.test('it tells that the driver is there', async (t) => {
  t.ok(stage.lines.some(({ msg }) => msg === 'CSI provider is installed'));
});

t.test('a rotation rolls a Deployment once, however its pods disagree meanwhile', async (t) => {
  const [first = '', second = ''] = await prepared('api');
  await baseline('api');
  await driver.mount(first, CLASS, '2');
  const after = await rolled('api', 1);
  t.equal(variableOf(after), hashOf('2'));
  const line = await stage.restamp.until(({ audit, name }) => audit === 'roll' && name === 'api');
  t.match(
    line.msg,
    `Changes detected in '${CLASS}' of type 'SECRETPROVIDERCLASS' in namespace '${stage.ns}'`,
  );
  // The other pod follows, if it is still there, and the new ones start with what is current.
  await driver.mount(second, CLASS, '2').catch(() => undefined);
  const successors = await driver.successors('api', [first, second], 2);
  for (const pod of successors) await driver.mount(pod, CLASS, '2');
  // The next rotation is the second roll, so that nothing has rolled between.
  await driver.mount(successors[0] ?? '', CLASS, '3');
  t.equal(variableOf(await rolled('api', 2)), hashOf('3'));
  // The history is on the Deployment before the line is in the log.
  const rolls = () => stage.restamp.rolls(stage.ns).filter(({ name }) => name === 'api');
  await stage.restamp.until(() => rolls().length === 2);
});

t.test('an init container that mounts it has the lever in the first container', async (t) => {
  const [pod = ''] = await prepared('early', { init: true });
  await baseline('early');
  await driver.mount(pod, CLASS, '2');
  t.equal(variableOf(await rolled('early', 1)), hashOf('2'));
});

t.test('labels, an exclude list and a class that says ignore roll nothing', async (t) => {
  await driver.define('ignored', IGNORE);
  const excluded = { ...AUTO, 'secretproviderclasses.exclude.reloader.stakater.com/reload': CLASS };
  const named = { 'secretproviderclass.reloader.stakater.com/reload': CLASS };
  const [one = ''] = await prepared('excluded', { annotations: excluded });
  const [two = ''] = await prepared('ignoring', { className: 'ignored' });
  const [three = ''] = await prepared('labels');
  const [last = ''] = await prepared('named', { annotations: named });
  await Promise.all(['labels', 'named'].map((name) => baseline(name)));
  await driver.mount(one, CLASS, '2');
  await driver.mount(two, 'ignored', '2');
  await driver.label(three, CLASS, { touched: 'yes' });
  // One watch tells of all: when the last is rolled, the others have been heard of.
  await driver.mount(last, CLASS, '2');
  await rolled('named', 1);
  for (const name of ['excluded', 'ignoring', 'labels'])
    t.same(historyOf(await stage.get('Deployment', name)), [], name);
});

t.test('what was rotated while Restamp was down rolls once', async (t) => {
  const [pod = ''] = await prepared('down');
  await baseline('down');
  await stage.restamp.stop();
  await driver.aged(pod, CLASS);
  await driver.mount(pod, CLASS, '2');
  await stage.start();
  t.equal(variableOf(await rolled('down', 1)), hashOf('2'));
});

t.test('last-reloaded-from is Reloader’s, byte for byte', async (t) => {
  const other = await open('csi-annotations', ['--reload-strategy=annotations']);
  const [pod = ''] = await prepared('api', { at: other.stage });
  await baseline('api', other.stage);
  await other.driver.mount(pod, CLASS, '2');
  const { spec } = await rolled('api', 1, other.stage);
  const text = spec.template.metadata?.annotations?.[KEY] ?? '';
  const { observedAt } = JSON.parse(text) as { observedAt: number };
  t.equal(
    text,
    `{"type":"SECRETPROVIDERCLASS","name":"${CLASS}","namespace":"${other.stage.ns}","hash":"${hashOf('2')}",` +
      `"containerRefs":["main"],"observedAt":${observedAt}}`,
  );
  t.ok(Math.abs(Date.now() / 1000 - observedAt) < 60);
});

t.test('--webhook-url: a rotation is one POST, and nothing is rolled', async (t) => {
  const { url, got } = await receiver(t);
  const flags = [`--webhook-url=${new URL('/hook', url).href}`];
  const { stage: at, driver: there } = await open('csi-hook', flags, 'off');
  await at.restamp.until(({ msg }) => msg === 'Leading: this process rolls');
  const pods = await prepared('api', { at });
  for (const version of ['2', '3']) for (const pod of pods) await there.mount(pod, CLASS, version);
  const posts = await got.until(2);
  t.same(
    posts.map(({ body, headers }) => [body, headers['x-restamp-source']]),
    ['2', '3'].map(() => ['{"webhook":"update successful"}', `${at.ns}/spc/${CLASS}`]),
  );
  t.equal(variableOf(await at.get('Deployment', 'api')), undefined);
});
