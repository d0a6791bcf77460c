import t from 'tap';
import { APP, first, second, third, evidence, ledgerOf, type Given } from './evidence.ts';
import { podTemplateOf } from '../population/kinds.ts';
import { Ledger } from './ledger.ts';
import { excused, judge, type Evidence } from './verdict.ts';

// The judge must see what a storm is for: each failing, made by hand.
/** A Job that shows the state before; its source was deleted by this version, and created again. */
function whileGone(madeAt: bigint, by: bigint, lever = second): Evidence {
  const ledger = new Ledger();
  for (const [index, key] of ['first', 'second', 'third'].entries()) {
    const version = BigInt(index + 1) * 10n;
    if (by < version && by > version - 10n) ledger.remove(APP, by);
    ledger.write(APP, { key });
    ledger.stored(APP, version);
  }
  return { ...evidence([undefined, lever], { kind: 'Job', record: { madeAt } }), ledger };
}
const jobMade = (madeAt: bigint): Given => ({ kind: 'Job', record: { madeAt } });

const runs = (...levers: readonly (string | undefined)[]): Given => ({
  kind: 'CronJob',
  record: { runs: levers.map((lever) => new Map([[APP, lever]])) },
});

/** A Rollout whose pods are restarted, in these versions to these times. */
const restarts = (...all: readonly (readonly [version: bigint, at: string | undefined])[]): Given => ({
  kind: 'Rollout',
  restart: true,
  rolls: all.filter(([, at]) => at !== undefined).length,
  record: { restarts: all.map(([version, at]) => ({ version, at })) },
});
const [early, late] = ['2026-01-01T00:00:01Z', '2026-01-01T00:00:02Z'];

const cases = [
  ['every state', evidence([undefined, second, third]), []],
  ['only the last state', evidence([undefined, third]), []],
  ['changed and changed back unseen', evidence([undefined], { stored: first }), []],
  ['gone, with what was seen of it', evidence([undefined, second], { stored: undefined }), []],
  ['an older state', evidence([undefined, second]), ['lost']],
  ['no state although it changed', evidence([undefined]), ['lost']],
  ['a Job made after the change', evidence([undefined, second], jobMade(30n)), []],
  ['a Job made before it', evidence([undefined, second], jobMade(29n)), ['lost']],
  ['a state that was never there', evidence([undefined, 'none', third]), ['backwards']],
  [
    'a newer state and then an older one',
    evidence([undefined, third, second, third]),
    ['backwards', 'excess'],
  ],
  ['two rolls for one state', evidence([undefined, second, third], { rolls: 3 }), ['excess']],
  ['a lever of something else', evidence([undefined, third], { as: 'Secret/app' }), ['unasked']],
  ['no entry in the map', evidence([undefined, third], { stamped: false }), ['lost']],
  ['a workload that is gone', evidence([undefined, third], { record: { gone: true } }), ['lost']],
  ['a bystander that nobody touched', evidence([undefined], { bystander: true }), []],
  ['a bystander that rolled', evidence([undefined, third], { bystander: true }), ['unasked']],
  [
    'a bystander that rolled and was put back',
    evidence([undefined], { bystander: true, rolls: 2 }),
    ['unasked'],
  ],
  ['a bystander with another image', evidence([undefined], { bystander: true, image: 'other' }), ['unasked']],
  [
    'a bystander that its user gave another image',
    evidence([undefined], {
      bystander: true,
      image: 'other',
      rolls: 1,
      deeds: { rolls: 1, retemplated: true },
    }),
    [],
  ],
  [
    'pods that were started anew by their user since the last change',
    evidence([undefined], { rolls: 1, deeds: { rolls: 1, freshAt: 30n } }),
    [],
  ],
  [
    'pods that were started anew by their user before the last change',
    evidence([undefined], { rolls: 1, deeds: { rolls: 1, freshAt: 29n } }),
    ['lost'],
  ],
  [
    'a lever that was taken away and comes back',
    evidence([undefined, third, undefined, third], { rolls: 3, deeds: { rolls: 1 } }),
    [],
  ],
  [
    'pods that were started anew as their lever was taken away, since the last change',
    evidence([undefined, third, undefined], {
      deeds: { rolls: 1 },
      record: { takenAt: new Map([[APP, 30n]]) },
    }),
    [],
  ],
  [
    'the same before the last change',
    evidence([undefined, second, undefined], {
      deeds: { rolls: 1 },
      record: { takenAt: new Map([[APP, 29n]]) },
    }),
    ['lost'],
  ],
  [
    'one roll more than changes and own writes',
    evidence([undefined, second, third], { rolls: 4, deeds: { rolls: 1 } }),
    ['excess'],
  ],
  ['a Job of a CronJob for each state', evidence([undefined, second, third], runs(second, third)), []],
  [
    'two Jobs of a CronJob for one state',
    evidence([undefined, third, third], runs(third, third)),
    ['excess'],
  ],
  ['a Job of a CronJob that says nothing', evidence([undefined, third], runs(undefined, third)), ['excess']],
  ['a CronJob without the Job for the last state', evidence([undefined, second], runs(second)), ['lost']],
  ['a Job made anew for each state', evidence([undefined, second, third], { kind: 'Job' }), []],
  ['a Job made anew while its source was gone', whileGone(29n, 25n), []],
  ['a Job made anew while its source was gone, which has changed again since', whileGone(19n, 15n), ['lost']],
  ['a Job made anew before its source was gone', whileGone(24n, 25n), ['lost']],
  ['a Job made anew after its source was created again', whileGone(31n, 25n, first), []],
  ['a Job made anew once too often', evidence([undefined, third], { kind: 'Job', rolls: 3 }), ['excess']],
  [
    'a Rollout with every state in its template',
    evidence([undefined, second, third], { kind: 'Rollout' }),
    [],
  ],
  ['a Rollout with an older state', evidence([undefined, second], { kind: 'Rollout' }), ['lost']],
  [
    'a Rollout that was restarted after each change',
    evidence([undefined], restarts([21n, early], [31n, late])),
    [],
  ],
  [
    'a Rollout that was restarted only before the last change',
    evidence([undefined], restarts([21n, early], [29n, late])),
    ['lost'],
  ],
  [
    'a Rollout that was restarted once too often',
    evidence([undefined], { ...restarts([21n, early], [31n, late]), rolls: 3 }),
    ['excess'],
  ],
  [
    'a Rollout that was restarted to an earlier time',
    evidence([undefined], restarts([21n, late], [31n, early])),
    ['backwards'],
  ],
  [
    'a Rollout whose user took the time away in between',
    evidence([undefined], restarts([21n, late], [25n, undefined], [31n, early])),
    [],
  ],
  [
    'a lever in a Rollout that only restarts',
    evidence([undefined, third], restarts([31n, early])),
    ['unasked'],
  ],
  ['pods with the last state', evidence([undefined, third], { podLevers: [third, third] }), []],
  ['a pod with an older state', evidence([undefined, third], { podLevers: [third, second] }), ['lost']],
  [
    'pods that all started with the last version',
    evidence([undefined, third], { mounted: [third, third] }),
    [],
  ],
  ['pods that started with it, without a roll', evidence([undefined], { mounted: [third] }), []],
  [
    'a pod that started with an older version',
    evidence([undefined, third], { mounted: [third, second] }),
    ['lost'],
  ],
  ['a pod that has not mounted anything', evidence([undefined, third], { mounted: [undefined] }), ['lost']],
  ['a workload that mounts, without a pod', evidence([undefined, third], { mounted: [] }), ['lost']],
  [
    'a workload that mounts, without a stamp',
    evidence([undefined, third], { mounted: [third], stamped: false }),
    ['lost'],
  ],
  [
    'one roll more than rotations',
    evidence([undefined, second, third], { mounted: [third], rolls: 3 }),
    ['excess'],
  ],
  [
    'an older version after a newer one',
    evidence([undefined, third, second], { mounted: [third] }),
    ['backwards'],
  ],
] as const;

for (const [name, given, wanted] of cases)
  t.test(name, async (t) => {
    t.same(
      judge(given).map(({ what }) => what),
      wanted,
    );
    t.equal(excused(given), 0);
  });

t.test(
  'the annotation of a roll that nothing else shows is asked for by a source that came back alone',
  async (t) => {
    const given = evidence([undefined, second, third]);
    const template = podTemplateOf(given.record!.object);
    Object.assign(template, { metadata: { annotations: { 'restamp.dev/stamp': 'any' } } });
    const failings = (of: Evidence): string[] => judge(of).map(({ what }) => what);
    t.same(failings(given), ['unasked']);
    const back = ledgerOf('first', 'second', 'first', 'third');
    t.same(failings({ ...given, ledger: back }), []);
  },
);
