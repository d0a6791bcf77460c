import { fileURLToPath } from 'node:url';
import t from 'tap';
import { get } from '../support/metrics.ts';
import { AUTO, historyOf, leverOf, sha1Of, source, workload, type SourceName } from '../support/objects.ts';
import { openStage } from '../support/environment.ts';

// A node without a time service: what counts is the clock of the API server, by which all objects bear their times.
t.setTimeout(600_000);
const DRIFT = fileURLToPath(new URL('../../support/drift.ts', import.meta.url));
const APP: SourceName = 'ConfigMap/app';
const SECOND_MS = 1_000;
const FAR_MS = 600 * SECOND_MS;
const NEAR_MS = 60 * SECOND_MS;

for (const ahead of [FAR_MS, -FAR_MS])
  t.test(
    `a clock that is ${ahead / SECOND_MS} s ahead: rolls, requests and times are as with a good one`,
    async (t) => {
      const env = { NODE_OPTIONS: `--import=${DRIFT}`, CHAOS_DRIFT_MS: String(ahead) };
      const stage = await openStage(t, 'clocks', { env, flags: ['--roll-limit=1'] });
      await stage.create(source(APP, { n: '0' }));
      await stage.create(workload('Deployment', 'api', { annotations: AUTO, uses: [APP] }));
      await stage.stamped('Deployment', 'api', [APP]);
      const shows = (n: string) =>
        stage.until('Deployment', 'api', (object) => leverOf(object, APP) === sha1Of({ n }));

      await stage.change(APP, { n: '1' });
      const rolled = await shows('1');
      const stored = rolled.metadata.managedFields?.find(({ manager }) => manager === 'Reloader')?.time ?? '';
      const told = historyOf(rolled)[0]?.rolled ?? '';
      t.ok(Math.abs(Date.parse(told) - Date.parse(stored)) < NEAR_MS, `told as ${told}, stored at ${stored}`);

      await stage.change(APP, { n: '2' });
      await stage.until(
        'Deployment',
        'api',
        ({ metadata }) => 'restamp.dev/held' in (metadata.annotations ?? {}),
      );
      const now = new Date().toISOString();
      await stage.annotate('Deployment', 'api', { 'restamp.dev/request': `roll@${now}` });
      await shows('2');
      const behind = get(await stage.metrics(), 'restamp_clock_behind_seconds') * SECOND_MS;
      t.ok(Math.abs(behind + ahead) < NEAR_MS, `${behind} ms behind`);
      t.ok(
        stage.lines.some(({ msg }) => msg.startsWith('Our clock differs')),
        'whoever runs it is told',
      );
    },
  );
