import t, { type Test } from 'tap';
import type { KubeObject } from '../../controlplane/http.ts';
import { historyOf, rowOf, source, split, type SourceName } from '../support/objects.ts';
import { get } from '../support/metrics.ts';
import { openStage, type Stage } from '../support/environment.ts';

// Without any webhook everything rolls all the same; only who made the change is not known then.
// A busy machine takes several times as long as an idle one.
t.setTimeout(600_000);
const CONFIGURATIONS = '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations';
const sources: readonly SourceName[] = ['ConfigMap/app', 'Secret/app'];

const counted = async (stage: Stage, attributed: boolean): Promise<number> =>
  get(await stage.metrics(), 'restamp_rolls_total', { attributed: String(attributed) });

/** Changes a source of each kind, and looks at how their rolls are told. */
async function rollUnseen(t: Test, stage: Stage): Promise<void> {
  for (const which of sources) await stage.create(source(which, { key: 'old' }));
  const api = await stage.observe('Deployment', 'unseen', { uses: sources });
  const reviews = stage.lines.filter(({ audit }) => audit === 'admission').length;
  const [known, unknown] = [await counted(stage, true), await counted(stage, false)];
  for (const which of sources) {
    await stage.change(which, { key: 'new' });
    const rolled = await api.rolledFor(which, { key: 'new' });
    const [entry] = historyOf(rolled);
    t.equal(entry?.sources[0]?.by, undefined);
    t.equal(entry?.sources[0]?.keys, undefined);
    const { word } = rowOf(split(which).kind);
    const line = await stage.restamp.until(
      ({ audit, msg }) => audit === 'roll' && msg.startsWith(`Changes detected in 'app' of type '${word}'`),
    );
    t.equal(line['attributed'], false);
  }
  t.same(await api.ring(), api.after(['cm/app'], ['secret/app']));
  await stage.told(api.kind, api.name);
  t.equal(await counted(stage, false), unknown + 3, 'two changes and the bell');
  t.equal(await counted(stage, true), known);
  t.equal(stage.lines.filter(({ audit }) => audit === 'admission').length, reviews, 'nobody was asked');
}

t.test('--admission=off: rolls, unattributed, and registers nothing', async (t) => {
  const stage = await openStage(t, 'admission-off', { admission: 'off' });
  await rollUnseen(t, stage);
  const { items } = await stage.cp.api<{ items: KubeObject[] }>('GET', CONFIGURATIONS);
  t.notOk(items.some(({ metadata }) => metadata.name === stage.ns));
});

t.test('the webhook configuration is deleted: rolls, unattributed', async (t) => {
  const stage = await openStage(t, 'unregistered');
  await stage.cp.api('DELETE', `${CONFIGURATIONS}/${stage.ns}`);
  await untilUnasked(stage);
  await rollUnseen(t, stage);
});

t.test('the API server cannot reach the webhook: writes go on, and roll unattributed', async (t) => {
  const stage = await openStage(t, 'unreachable');
  const path = `${CONFIGURATIONS}/${stage.ns}`;
  // The discard service, which nobody runs.
  const url = 'https://127.0.0.1:9/sources';
  const patch = [{ op: 'replace', path: '/webhooks/0/clientConfig/url', value: url }];
  await stage.cp.api('PATCH', path, patch, 'application/json-patch+json');
  await untilUnasked(stage);
  await rollUnseen(t, stage);
});

/** The API server does not say when it has taken a configuration in: it is asked until it does not ask us. */
async function untilUnasked(stage: Stage): Promise<void> {
  const probe: SourceName = 'ConfigMap/probe';
  await stage.create(source(probe, {}));
  const heard = await stage.observe('Deployment', 'probe', { uses: [probe] });
  for (let value = 0; ; value += 1) {
    const data = { key: String(value) };
    await stage.change(probe, data);
    const [entry] = historyOf(await heard.rolledFor(probe, data));
    if (entry?.sources[0]?.by === undefined) return;
  }
}
