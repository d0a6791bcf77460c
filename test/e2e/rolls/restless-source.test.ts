import t from 'tap';
import { historyOf, source, type SourceName } from '../support/objects.ts';
import { openStage } from '../support/environment.ts';

// A busy machine takes several times as long as an idle one.
t.setTimeout(600_000);

t.test('a source that never rests rolls all the same, and ends in what is stored', async (t) => {
  // Longer than the pauses between the writes, so that no quiet period ever ends.
  const stage = await openStage(t, 'restless', {
    flags: ['--quiet-period=60s', '--longest-delay=2s'],
  });
  const app: SourceName = 'ConfigMap/app';
  await stage.create(source(app, { key: 'old' }));
  const api = await stage.observe('Deployment', 'api', { uses: [app] });
  let value = 0;
  const rolls = async (): Promise<number> => historyOf(await api.get()).length;
  while ((await rolls()) < 3) {
    value += 1;
    await stage.change(app, { key: String(value) });
  }
  await api.rolledFor(app, { key: String(value) });
  t.ok(value > 3, 'many writes were one roll');
});
