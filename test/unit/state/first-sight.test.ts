import t from 'tap';
import { RestampError } from '../../../src/errors.ts';
import { AUTO } from '../../support/controller/builders.ts';
import { world, type World } from '../../support/controller/world.ts';

// Whatever makes a source a dependency, by whichever write: what its pods have not seen rolls them, and nothing else does.

const MATCH = { 'reloader.stakater.com/match': 'true' };
const IGNORE = { 'reloader.stakater.com/ignore': 'true' };
const SEARCH = { 'reloader.stakater.com/search': 'true' };
const LIST = 'configmap.reloader.stakater.com/reload';

/** A world that is at rest, with `cm/app` and a Deployment that uses it under these annotations. */
async function resting(
  annotations: Readonly<Record<string, string>>,
  settings: Parameters<typeof world>[0] = {},
  marks: Readonly<Record<string, string>> = {},
): Promise<World> {
  const made = world(settings);
  made.putSource('cm/app', { a: '1' }, { annotations: marks });
  made.putSource('cm/other', { a: '1' });
  made.putWorkload('api', { annotations });
  made.mutator.start();
  await made.pass(3000);
  made.patches.length = 0;
  return made;
}

/** The same data time throughout: it can say nothing, as a writer's time moves with any field that it writes. */
const change = (made: World, a: string, annotations?: Readonly<Record<string, string>>): void =>
  made.putSource('cm/app', { a }, annotations === undefined ? {} : { annotations });

t.test('a mark that comes with new data in one write is one roll', async (t) => {
  for (const [opting, before, after] of [
    [SEARCH, {}, MATCH],
    [AUTO, IGNORE, {}],
  ] as const) {
    const made = await resting(opting, {}, before);
    change(made, '2', after);
    await made.pass(5000);
    t.same(made.rolled(), ['api']);
    await made.pass(60_000);
    t.equal(made.rolled().length, 1);
  }
});

t.test('so is one just before the data', async (t) => {
  const made = await resting(SEARCH);
  change(made, '1', MATCH);
  change(made, '2');
  await made.pass(5000);
  t.same(made.rolled(), ['api']);
});

t.test('a mark alone rolls nothing, nor does one that comes after the data', async (t) => {
  for (const [opting, before, after] of [
    [SEARCH, {}, MATCH],
    [AUTO, IGNORE, {}],
  ] as const) {
    const made = await resting(opting, {}, before);
    change(made, '2');
    change(made, '2', after);
    await made.pass(5000);
    t.same(made.rolled(), []);
    change(made, '3');
    await made.pass(5000);
    t.same(made.rolled(), ['api'], 'the next change does');
  }
});

t.test('an opt-in just before the data is one roll, although it is read only then', async (t) => {
  const ways = [
    AUTO,
    { [LIST]: 'app' },
    { [LIST]: 'a.+' },
    { 'configmap.reloader.stakater.com/auto': 'true' },
  ];
  for (const opting of ways) {
    const made = await resting({});
    made.annotate('api', opting);
    change(made, '2');
    await made.pass(5000);
    t.same(made.rolled(), ['api'], Object.keys(opting).join());
  }
});

t.test('so is a longer list, or the end of an exclusion', async (t) => {
  const longer = await resting({ [LIST]: 'other' });
  longer.annotate('api', { [LIST]: 'other,app' });
  change(longer, '2');
  await longer.pass(5000);
  t.same(longer.rolled(), ['api']);

  const exclude = 'configmaps.exclude.reloader.stakater.com/reload';
  const ended = await resting({ ...AUTO, [exclude]: 'app' });
  ended.annotate('api', { [exclude]: null });
  change(ended, '2');
  await ended.pass(5000);
  t.same(ended.rolled(), ['api']);
});

t.test('a new reference just before the data is one roll', async (t) => {
  const made = world();
  made.putSource('cm/app', { a: '1' });
  made.putWorkload('api', { uses: [] });
  made.mutator.start();
  await made.pass(3000);
  made.putWorkload('api', { uses: ['cm/app'] });
  change(made, '2');
  await made.pass(5000);
  t.same(made.rolled(), ['api']);
});

t.test('an opt-in alone rolls nothing, nor does one around a change', async (t) => {
  const made = await resting({});
  change(made, '2');
  made.annotate('api', AUTO);
  await made.pass(5000);
  made.annotate('api', { [Object.keys(AUTO)[0]!]: null });
  await made.pass(1000);
  change(made, '3');
  made.annotate('api', AUTO);
  await made.pass(5000);
  t.same(made.rolled(), []);
  t.same(made.asOf, [], 'no version but the newest is asked for');
});

t.test('a workload that is new and was not reviewed is rolled for what came after it', async (t) => {
  const made = world();
  made.putSource('cm/app', { a: '1' });
  made.mutator.start();
  made.putWorkload('api', { created: '2026-11-22T12:00:00Z' });
  // In the same second: times cannot tell.
  made.putSource('cm/app', { a: '2' }, { written: '2026-11-22T12:00:00Z' });
  await made.pass(5000);
  t.same(made.rolled(), ['api']);
});

t.test('no fresh install is rolled, in whichever order it is stored', async (t) => {
  const made = world();
  made.mutator.start();
  const now = '2026-11-22T12:00:00Z';
  made.putSource('cm/first', { a: '1' }, { created: now });
  made.putWorkload('api', { created: now, uses: ['cm/first', 'cm/last'] });
  made.putSource('cm/last', { a: '1' }, { created: now });
  await made.pass(5000);
  t.same(made.rolled(), []);
  t.same(made.unproven, []);
});

t.test('what a pattern finds when it is created rolls with reload-on-create, like a name', async (t) => {
  for (const reloadOnCreate of [true, false]) {
    const made = await resting({ [LIST]: 'ap.+' }, { reloadOnCreate });
    made.putSource('cm/apt', { a: '1' });
    await made.pass(5000);
    t.same(made.rolled(), reloadOnCreate ? ['api'] : []);
    t.same(made.asOf, []);
    made.putSource('cm/apt', { a: '2' });
    await made.pass(5000);
    t.equal(made.rolled().length, reloadOnCreate ? 2 : 1);
  }
});

t.test(
  'what a pattern finds was created while we were down, if after all writes of the workload',
  async (t) => {
    for (const [created, rolls] of [
      ['2026-11-20T00:00:00Z', true],
      ['2026-02-01T00:00:00Z', false],
    ] as const) {
      const made = world({ reloadOnCreate: true });
      made.putSource('cm/apt', { a: '1' }, { created });
      made.putWorkload('api', {
        uses: [],
        annotations: { [LIST]: 'ap.+' },
        stamps: {},
        written: '2026-03-01T00:00:00Z',
      });
      made.mutator.start();
      await made.pass(5000);
      t.same(made.rolled(), rolls ? ['api'] : [], created);
    }
  },
);

t.test('what nobody can tell any more is counted, and rolls nothing', async (t) => {
  for (const code of ['RESTAMP_KUBE_GONE', 'RESTAMP_KUBE_FORBIDDEN', 'RESTAMP_KUBE_UNAVAILABLE'] as const) {
    const made = await resting(SEARCH);
    made.ways.readAt = async () => {
      throw new RestampError(code, 'then');
    };
    change(made, '2', MATCH);
    await made.pass(10_000);
    t.same(made.rolled(), []);
    t.same(made.unproven, ['cm/app']);
    t.equal(made.asOf.length, code === 'RESTAMP_KUBE_UNAVAILABLE' ? 4 : 1);
    change(made, '3');
    await made.pass(5000);
    t.same(made.rolled(), ['api'], 'and the next change rolls');
  }
});

t.test(
  'while the past of one source is read, what is stale for another one waits no longer than it may',
  async (t) => {
    const made = await resting({ ...SEARCH, [LIST]: 'other' });
    made.ways.readAt = () => new Promise(() => undefined);
    change(made, '2', MATCH);
    made.putSource('cm/other', { a: '2' });
    await made.pass(20_000);
    t.same(made.rolled(), ['api']);
  },
);

t.test(
  'a past that never answers is one that nobody can tell, and keeps no map from being made',
  async (t) => {
    const made = await resting({});
    made.ways.readAt = () => new Promise(() => undefined);
    made.annotate('api', AUTO);
    change(made, '2');
    await made.pass(30_000);
    t.same(made.rolled(), []);
    t.same(made.unproven, ['cm/app']);
    t.same(made.noted(), ['api'], 'the map');
  },
);

t.test('what was there before the start is adopted as it is', async (t) => {
  const made = world();
  made.putSource('cm/app', { a: '1' });
  made.putWorkload('api', { annotations: SEARCH });
  change(made, '2', MATCH);
  made.mutator.start();
  await made.pass(5000);
  t.same(made.rolled(), []);
  t.same(made.asOf, []);
});

t.test('a source that goes and comes back with other data just after its mark is one roll', async (t) => {
  for (const between of [0, 250, 2000]) {
    const made = await resting(AUTO, {}, IGNORE);
    change(made, '1', {});
    made.deleteSource('cm/app');
    await made.pass(between);
    made.putSource('cm/app', { a: '2' }, { uid: 'another', annotations: {} });
    await made.pass(5000);
    t.same(made.rolled(), ['api'], `gone for ${between} ms`);
    await made.pass(60_000);
    t.equal(made.rolled().length, 1);
  }
});

t.test('one that comes back with the same data, or that nobody had seen before, rolls nothing', async (t) => {
  const made = await resting(AUTO, {}, IGNORE);
  change(made, '1', {});
  made.deleteSource('cm/app');
  await made.pass(250);
  made.putSource('cm/app', { a: '1' }, { uid: 'another', annotations: {} });
  await made.pass(60_000);
  t.same(made.rolled(), []);
  made.putWorkload('web', { annotations: AUTO, uses: ['cm/late'] });
  await made.pass(1000);
  made.putSource('cm/late', { a: '1' });
  made.deleteSource('cm/late');
  made.putSource('cm/late', { a: '2' }, { uid: 'another' });
  await made.pass(60_000);
  t.same(made.rolled(), []);
});
