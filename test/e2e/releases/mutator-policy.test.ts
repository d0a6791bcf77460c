import t from 'tap';
import { get } from '../support/metrics.ts';
import { startLabelling } from '../support/mutator-policy.ts';
import { source } from '../support/objects.ts';
import { settled, templates, writeChart } from '../support/releases.ts';
import { openStage } from '../support/environment.ts';

t.setTimeout(600_000);

t.test('beside a policy that changes labels on every write', async (t) => {
  const stage = await openStage(t, 'labels', { flags: ['--quiet-period=1s'] });
  await stage.create(source('ConfigMap/bell', { rings: '0' }));
  const chart = await writeChart(t);
  const upgrade = (config: string, image: string): Promise<unknown> =>
    stage.cp.helm([
      ...['upgrade', '--install', 'app', chart, '-n', stage.ns],
      ...['--set', `config=${config},secret=s-${config},image=${image}`],
    ]);
  const patches = async (): Promise<number> => {
    await stage.told('Deployment', 'api');
    return get(await stage.metrics(), 'restamp_api_requests_total', { method: 'PATCH' });
  };
  await upgrade('c0', 'v0');
  t.equal(await settled(stage), 1);

  const first = await templates(stage);
  await startLabelling(t, stage);
  t.equal((await settled(stage)) - first, 0, 'that begins while we run: nothing rolls by itself');

  await t.test('a release of config, Secret and image is one rollout', async (t) => {
    const before = await templates(stage);
    await upgrade('c2', 'v2');
    t.equal((await settled(stage)) - before, 1);
  });

  await t.test(
    'a change of config alone is one rollout and one patch: nothing goes in circles',
    async (t) => {
      await settled(stage);
      const [before, sent] = [await templates(stage), await patches()];
      await stage.change('ConfigMap/app', { A: 'by hand' });
      await stage.restamp.until(
        (line) => line.audit === 'roll' && line.msg.includes("'app' of type 'CONFIGMAP'"),
      );
      t.equal((await settled(stage)) - before, 1);
      t.equal((await patches()) - sent, 2, 'one for it and one for the bell');
    },
  );
});
