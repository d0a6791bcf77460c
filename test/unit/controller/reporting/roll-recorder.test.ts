import t from 'tap';
import { RestampError } from '../../../../src/errors.ts';
import { Recorder } from '../../../../src/controller/reporting/roll-recorder.ts';
import { noFaults } from '../../../support/contained-faults.ts';
import { fakeClock } from '../../../support/fake-clock.ts';
import { turn } from '../../../support/recording.ts';
import { api, CHANGED, entry, from, recording } from '../../../support/controller/recorder-harness.ts';

t.test('a roll is told in the words of Reloader, byte for byte', async (t) => {
  const { recorder, audit, sent } = recording();
  recorder.rolled(api, entry(from('cm/app')));
  recorder.rolled(api, entry(from('secret/db')));
  t.same(
    audit.map(([, message]) => message),
    [
      "Changes detected in 'app' of type 'CONFIGMAP' in namespace 'apps'; updated 'api' of type 'Deployment' in namespace 'apps'",
      "Changes detected in 'db' of type 'SECRET' in namespace 'apps'; updated 'api' of type 'Deployment' in namespace 'apps'",
    ],
  );
  t.same(sent.items, [
    {
      workload: api,
      type: 'Normal',
      reason: 'Reloaded',
      message:
        "Changes detected in 'app' of type 'CONFIGMAP' in namespace 'apps', Updated 'api' of type 'Deployment' in namespace 'apps'",
      component: 'reloader-configmaps',
    },
    {
      workload: api,
      type: 'Normal',
      reason: 'Reloaded',
      message:
        "Changes detected in 'db' of type 'SECRET' in namespace 'apps', Updated 'api' of type 'Deployment' in namespace 'apps'",
      component: 'reloader-secrets',
    },
  ]);
});

t.test('several sources stand in one list', async (t) => {
  const { recorder, audit, sent } = recording();
  recorder.rolled(api, entry(from('secret/db'), from('cm/app')));
  t.equal(
    audit[0]?.[1],
    "Changes detected in 'db' of type 'SECRET', 'app' of type 'CONFIGMAP' in namespace 'apps'; updated 'api' of type 'Deployment' in namespace 'apps'",
  );
  t.equal(sent.items[0]?.component, 'reloader-secrets');
});

t.test(
  'the audit line has the fields of the history, and the roll is counted with its seconds',
  async (t) => {
    const { recorder, audit, counted } = recording();
    const sources = [from('cm/app', { changed: '2026-11-22T12:00:01.000Z' }), from('cm/b')];
    recorder.rolled(api, entry(...sources));
    t.same(audit[0]?.[0], {
      audit: 'roll',
      kind: 'Deployment',
      namespace: 'apps',
      name: 'api',
      attributed: true,
      sources,
    });
    t.same(counted, [
      { success: true, kind: 'Deployment', namespace: 'apps', attributed: true, seconds: 1.5 },
    ]);
  },
);

t.test('a roll is attributed only if the writer of every source is known', async (t) => {
  const { recorder, audit, counted } = recording();
  recorder.rolled(api, entry(from('cm/app'), { source: 'cm/b', cause: 'changed', changed: CHANGED }));
  t.match(audit[0]?.[0], { attributed: false });
  t.match(counted[0], { attributed: false });
});

t.test('a failure is told in the words of Reloader, with its code and remedy beside them', async (t) => {
  const { recorder, audit, errors, counted, sent } = recording();
  const error = new RestampError('RESTAMP_KUBE_FORBIDDEN', 'deployments is forbidden');
  recorder.failed(api, error, entry(from('secret/db')));
  const message =
    "Update for 'api' of type 'Deployment' in namespace 'apps' failed with error A right is missing: deployments is forbidden";
  t.same(errors, [
    [{ code: error.code, remedy: error.remedy, kind: 'Deployment', namespace: 'apps', name: 'api' }, message],
  ]);
  t.same(sent.items, [
    { workload: api, type: 'Warning', reason: 'ReloadFail', message, component: 'reloader-secrets' },
  ]);
  t.same(counted, [
    { success: false, kind: 'Deployment', namespace: 'apps', attributed: false, code: error.code },
  ]);
  t.same(audit, []);
});

t.test('Events wait while patches are on their way; the audit line does not', async (t) => {
  const { recorder, audit, sent } = recording();
  recorder.setBusy(true);
  for (let count = 0; count < 10; count += 1) recorder.rolled(api, entry(from('cm/app')));
  await turn();
  t.equal(audit.length, 10);
  t.equal(sent.items.length, 0);
  recorder.setBusy(false);
  await sent.until(10);
});

t.test('four Events are sent at once, and none more once patches are on their way again', async (t) => {
  const { recorder, sent, hold, release } = recording();
  recorder.setBusy(true);
  for (let count = 0; count < 10; count += 1) recorder.rolled(api, entry(from('cm/app')));
  hold();
  recorder.setBusy(false);
  await turn();
  t.equal(sent.items.length, 4);
  release[0]?.();
  await sent.until(5);
  recorder.setBusy(true);
  release[1]?.();
  await turn();
  t.equal(sent.items.length, 5);
});

t.test('Events that are lost are counted', async (t) => {
  const { recorder, sent, dropped } = recording();
  recorder.setBusy(true);
  for (let count = 0; count < 1100; count += 1) recorder.rolled(api, entry(from('cm/app')));
  recorder.setBusy(false);
  await sent.until(1000);
  await turn();
  t.equal(sent.items.length, 1000);
  t.equal(dropped(), 100);
});

t.test('an Event that cannot be sent is logged, and the next ones go on', async (t) => {
  const { recorder, errors, sent } = recording(new RestampError('RESTAMP_KUBE_FORBIDDEN', 'events'));
  for (let count = 0; count < 9; count += 1) recorder.rolled(api, entry(from('cm/app')));
  await sent.until(9);
  await turn();
  t.equal(errors.length, 1, 'once');
  t.same(errors[0], [
    { code: 'RESTAMP_KUBE_FORBIDDEN', reason: 'Reloaded' },
    'An Event could not be sent: A right is missing: events',
  ]);
});

t.test('a source that nobody can name is told of as it stands', async (t) => {
  const { recorder, audit, sent } = recording();
  recorder.rolled(api, entry(from('odd')));
  t.match(audit[0]?.[1], /^Changes detected in 'odd' in namespace 'apps'; updated/);
  t.equal(sent.items[0]?.component, 'reloader-configmaps');
});

t.test('alerts hear of rolls alone, and are held back with the Events', async (t) => {
  const heard: string[] = [];
  const recorder = new Recorder({
    clock: fakeClock(0),
    faults: noFaults,
    audit: () => undefined,
    error: () => undefined,
    countRoll: () => undefined,
    sendEvent: async () => undefined,
    alerts: {
      rolled: ({ name }, { sources }) => heard.push(`${name} ${sources.map(({ source }) => source).join()}`),
      setBusy: (busy) => heard.push(busy ? 'busy' : 'idle'),
    },
  });
  recorder.setBusy(true);
  recorder.rolled(api, entry(from('cm/app'), from('secret/db')));
  recorder.skipped(api, entry(from('cm/app')));
  recorder.failed(api, new RestampError('RESTAMP_KUBE_FORBIDDEN', 'no'), entry(from('cm/app')));
  recorder.setBusy(false);
  t.same(heard, ['busy', 'api cm/app,secret/db', 'idle']);
});

t.test(
  'at the end, Events are sent though patches are on their way, and nothing else is waited for',
  async (t) => {
    const { recorder, clock, errors, sent, hold, release } = recording();
    recorder.setBusy(true);
    for (let count = 0; count < 10; count += 1) recorder.rolled(api, entry(from('cm/app')));
    hold();
    recorder.setBusy(true);
    let ended = false;
    void recorder.stop().then(() => (ended = true));
    for (let count = 0; count < 10; count += 1) {
      await sent.until(count + 1);
      release[count]?.();
    }
    await turn();
    t.equal(ended, false, 'a roll that is under way may have an Event yet');
    recorder.rolled(api, entry(from('cm/app')));
    recorder.setBusy(false);
    await sent.until(11);
    release[10]?.();
    await turn();
    t.equal(ended, true);
    t.equal(clock.waiting(), 0);
    t.same(errors, []);
  },
);

t.test('the end waits for nothing where nothing is left', async (t) => {
  const { recorder, clock } = recording();
  recorder.setBusy(true);
  recorder.rolled(api, entry(from('cm/app')));
  recorder.setBusy(false);
  await recorder.stop();
  t.equal(clock.waiting(), 0);
});

t.test(
  'the end takes three seconds at most; what has not been sent by then is dropped, and said',
  async (t) => {
    const { recorder, clock, errors, sent, hold, release } = recording();
    hold();
    for (let count = 0; count < 10; count += 1) recorder.rolled(api, entry(from('cm/app')));
    let ended = false;
    void recorder.stop().then(() => (ended = true));
    clock.advance(2_999);
    await turn();
    t.equal(ended, false);
    clock.advance(1);
    await turn();
    t.equal(ended, true);
    t.same(errors, [[{ lost: 6 }, 'Events were not sent: this process ends']]);
    release[0]?.();
    await turn();
    t.equal(sent.items.length, 4);
  },
);

t.test('an Event for a namespace that goes or has gone is missed by nobody', async (t) => {
  const terminated = 'unable to create new content in namespace apps because it is being terminated';
  for (const [code, detail] of [
    ['RESTAMP_KUBE_FORBIDDEN', terminated],
    ['RESTAMP_KUBE_NOT_FOUND', 'namespaces "apps" not found'],
  ] as const) {
    const { recorder, sent, errors } = recording(new RestampError(code, detail));
    recorder.rolled(api, entry(from('cm/app')));
    await sent.until(1);
    await turn();
    t.same(errors, []);
  }
});

t.test('of very many sources the first are told, and how many more there are', async (t) => {
  const { recorder, audit, sent } = recording();
  const names = Array.from({ length: 2000 }, (_, at) => from(`cm/application-configuration-${at}`));
  const told = { ...entry(...names), more: 7 };
  recorder.rolled(api, told);
  recorder.skipped(api, told);
  recorder.observed(api, told);
  t.equal(audit.length, 3);
  for (const [fields, message] of audit) {
    const { sources, more } = fields as { sources: readonly object[]; more: number };
    t.ok(sources.length > 10);
    t.equal(sources.length + more, 2007);
    t.ok(JSON.stringify(fields).length < 9000);
    t.ok(message.length < 1024);
    t.match(
      message,
      /'application-configuration-0' of type 'CONFIGMAP', .* and 2000 more in namespace 'apps'/,
    );
  }
  t.ok((sent.items[0]?.message.length ?? 0) < 1024, 'the API server cuts no Event');
});
