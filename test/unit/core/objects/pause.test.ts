import t from 'tap';
import { RELOADER_KEYS } from '../../../../src/core/api/annotations.ts';
import { pauseMs, pauseStart, readPause } from '../../../../src/core/objects/pause.ts';

const NOW = Date.UTC(2026, 10, 22, 12, 0, 0);
const PERIOD = 'deployment.reloader.stakater.com/pause-period';
const AT = 'deployment.reloader.stakater.com/paused-at';
const read = (metadata: Record<string, string>, paused = false, template: Record<string, string> = {}) =>
  readPause(RELOADER_KEYS, metadata, template, paused);

t.test('a Deployment that says nothing of a pause has none', async (t) => {
  t.equal(read({}), undefined);
  t.equal(pauseMs(undefined, NOW), 0);
  t.equal(pauseStart(undefined, NOW), undefined);
});

t.test('a pause lasts its period from its beginning, and no longer', async (t) => {
  const pause = read({ [PERIOD]: '1m30s', [AT]: new Date(NOW - 60_000).toISOString() });
  t.equal(pauseMs(pause, NOW), 30_000);
  t.equal(pauseMs(pause, NOW + 30_000), 0);
  const future = read({ [PERIOD]: '10s', [AT]: new Date(NOW + 3_600_000).toISOString() });
  t.equal(pauseMs(future, NOW), 10_000, 'a clock that was wrong pauses nobody for hours');
  t.equal(pauseMs(read({ [AT]: new Date(NOW).toISOString() }), NOW), 0, 'without a period it is over');
  t.equal(pauseMs(read({ [PERIOD]: '10s', [AT]: 'yesterday' }), NOW), 0);
});

t.test('the pod template’s period counts where the Deployment has none', async (t) => {
  t.equal(read({}, false, { [PERIOD]: '5m' })?.periodMs, 300_000);
  t.equal(read({ [PERIOD]: '1m' }, false, { [PERIOD]: '5m' })?.periodMs, 60_000);
  t.equal(read({}, false, { [AT]: 'x' }), undefined, 'only the Deployment says when it began');
});

t.test('what is no period is told and pauses nobody', async (t) => {
  for (const bad of ['', 'soon', '-1s', '5']) {
    const pause = read({ [PERIOD]: bad });
    t.equal(pause?.invalid, bad);
    t.equal(pauseStart(pause, NOW), undefined);
  }
});

t.test('a pause of Reloader is told from that of a person, and from ours', async (t) => {
  const ours = pauseStart(read({ [PERIOD]: '10s' }), NOW);
  t.same(ours, { [AT]: '2026-11-22T12:00:00.000Z' });
  t.has(read({ [PERIOD]: '10s', [AT]: '2026-11-22T12:00:00Z' }, true), { left: true, paused: false });
  t.has(read({ [PERIOD]: '10s', [AT]: '2026-11-22T14:00:00+02:00' }, true), { left: true });
  t.has(
    read({ [PERIOD]: '10s', ...ours }, true),
    { left: false, paused: true },
    'paused by a person meanwhile',
  );
  t.equal(pauseStart(read({ [PERIOD]: '10s' }, true), NOW), undefined, 'a person’s pause is not taken over');
});
