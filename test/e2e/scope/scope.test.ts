import t from 'tap';
import {
  AUTO,
  historyOf,
  leverOf,
  sha1Of,
  source,
  stampedKeys,
  workload,
  type SourceName,
} from '../support/objects.ts';
import { label, openPair } from '../conformance/pair.ts';
import { openStage, type Stage } from '../support/environment.ts';

t.setTimeout(600_000);

const APP: SourceName = 'ConfigMap/app';
const LOUD: SourceName = 'ConfigMap/loud';
const sources = (object: Parameters<typeof historyOf>[0]): string[][] =>
  historyOf(object)
    .map((entry) => entry.sources.map((one) => one.source))
    .reverse();
const rolledFor = (stage: Stage, name: string, which: SourceName, data: { n: string }) =>
  stage.until('Deployment', name, (object) => leverOf(object, which) === sha1Of(data));
const setLabel = (stage: Stage, team: string | null): Promise<void> =>
  stage.patch('ConfigMap', 'app', { metadata: { labels: { team } } });

t.test(
  'a source that loses the label is filtered out, not deleted: it keeps its stamp, and rolls when it is back with other data',
  async (t) => {
    const flags = [
      '--resource-label-selector=team in (a,b)',
      '--reload-on-delete=true',
      '--reload-on-create=true',
    ];
    const stage = await openStage(t, 'label-lost', { flags });
    await stage.create(source(APP, { n: '0' }), source(LOUD, { n: '0' }));
    await stage.patch('ConfigMap', 'loud', { metadata: { labels: { team: 'b' } } });
    await setLabel(stage, 'a');
    await stage.create(workload('Deployment', 'api', { annotations: AUTO, uses: [APP, LOUD] }));
    await stage.stamped('Deployment', 'api', [APP, LOUD]);
    let n = 0;
    /** What has rolled until now, and then for the source that is always heard. */
    const listen = async (): Promise<string[][]> => {
      n += 1;
      await stage.change(LOUD, { n: String(n) });
      return sources(await rolledFor(stage, 'api', LOUD, { n: String(n) }));
    };
    t.same(await listen(), [['cm/loud']]);
    await setLabel(stage, null);
    t.same(await listen(), [['cm/loud'], ['cm/loud']], 'no roll for a deletion that was none');
    await stage.change(APP, { n: '1' });
    t.same((await listen()).length, 3, 'its changes are not seen');
    await stage.restamp.stop();
    await stage.start();
    t.same((await listen()).flat(), ['cm/loud', 'cm/loud', 'cm/loud', 'cm/loud'], 'nor after a start');
    t.same(
      stampedKeys(await stage.get('Deployment', 'api')),
      ['cm/app', 'cm/loud'],
      'it is still a dependency',
    );
    await setLabel(stage, 'b');
    const rolled = await rolledFor(stage, 'api', APP, { n: '1' });
    t.same(sources(rolled).at(-1), ['cm/app'], 'what it missed rolls once it is back');
  },
);

t.test('a namespace that comes into the scope is judged as after a downtime', async (t) => {
  const { inside, outside } = await openPair(t, 'enters', async ({ inside }) => {
    await label(inside, { stage: inside.ns });
    return { namespaces: [], flags: [`--namespace-selector=stage=${inside.ns}`, '--reload-on-create=true'] };
  });
  const { restamp } = inside;
  const said = (text: string): Promise<unknown> => restamp.until(({ msg }) => msg === text);
  await said(`added namespace to be watched: ${inside.ns}`);
  for (const stage of [inside, outside]) {
    await stage.create(source(APP, { n: '0' }));
    await stage.create(workload('Deployment', 'api', { annotations: AUTO, uses: [APP] }));
  }
  await inside.stamped('Deployment', 'api', [APP]);
  await outside.change(APP, { n: '1' });
  await inside.change(APP, { n: '1' });
  await rolledFor(inside, 'api', APP, { n: '1' });
  t.equal(stampedKeys(await outside.get('Deployment', 'api')), undefined, 'nothing is written outside');

  await label(outside, { stage: inside.ns });
  await said(`added namespace to be watched: ${outside.ns}`);
  await outside.stamped('Deployment', 'api', [APP]);
  await outside.change(APP, { n: '2' });
  const second = await rolledFor(outside, 'api', APP, { n: '2' });
  t.same(sources(second), [['cm/app']], 'coming in rolled nothing: what happened before is not known');

  await label(outside, { stage: null });
  await said(`removed namespace from watch: ${outside.ns}`);
  await outside.change(APP, { n: '3' });
  await inside.change(APP, { n: '3' });
  await rolledFor(inside, 'api', APP, { n: '3' });
  t.same(sources(await outside.get('Deployment', 'api')), [['cm/app']], 'outside nothing rolls');

  await label(outside, { stage: inside.ns });
  const third = await rolledFor(outside, 'api', APP, { n: '3' });
  t.same(sources(third), [['cm/app'], ['cm/app']], 'the missed change rolls once');
});
