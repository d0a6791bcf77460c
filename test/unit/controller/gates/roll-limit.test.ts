import t from 'tap';
import { RollRates } from '../../../../src/controller/gates/roll-limit.ts';
import { fakeClock } from '../../../support/fake-clock.ts';
import { NOW } from '../../../support/controller/builders.ts';

const KEY = 'apps/Deployment/api';
const HOUR = 3_600_000;
const lever = { container: 'main', name: 'STAKATER_APP_CONFIGMAP', value: 'aa' };
const present = { ...lever, dynamic: false };

function rates(limit = 2) {
  const clock = fakeClock(NOW);
  const known = new RollRates(clock, limit);
  const roll = (): void => known.rolled(KEY, [lever], 'bare');
  /** Somebody takes the lever away, and it is rolled again. */
  const revert = (writer?: string): boolean => {
    const told = known.saw(KEY, { levers: [], bare: 'bare' }, writer);
    roll();
    return told;
  };
  return { clock, known, roll, revert };
}

t.test('a workload that was never rolled waits for nothing', async (t) => {
  const { known } = rates();
  t.equal(known.waitMs(KEY), 0);
  t.equal(known.contestedMs(KEY), 0);
  t.equal(known.contender(KEY), undefined);
  t.equal(known.saw(KEY, { levers: [], bare: 'bare' }, 'kubectl'), false);
});

t.test('the limit is a number of rolls within one hour, which slides', async (t) => {
  const { clock, known, roll } = rates(2);
  roll();
  t.equal(known.waitMs(KEY), 0);
  clock.advance(60_000);
  roll();
  t.equal(known.waitMs(KEY), HOUR - 60_000);
  t.equal(known.waitMs('apps/Deployment/other'), 0);
  clock.advance(HOUR - 60_001);
  t.equal(known.waitMs(KEY), 1);
  clock.advance(1);
  t.equal(known.waitMs(KEY), 0);
  roll();
  t.equal(known.waitMs(KEY), 60_000);
});

t.test('what was rolled more often than the limit waits until enough rolls are an hour old', async (t) => {
  const { clock, known, roll } = rates(2);
  for (let times = 0; times < 3; times += 1) {
    roll();
    clock.advance(1_000);
  }
  t.equal(known.waitMs(KEY), HOUR - 2_000);
});

t.test('a limit of zero is none', async (t) => {
  const { known, roll } = rates(0);
  for (let times = 0; times < 100; times += 1) roll();
  t.equal(known.waitMs(KEY), 0);
});

t.test('a lever that stayed, even among others, is no revert', async (t) => {
  const { known, roll } = rates();
  roll();
  t.equal(
    known.saw(KEY, { levers: [{ ...present, value: 'old' }, present], bare: 'bare' }, 'kubectl'),
    false,
  );
  t.equal(known.contender(KEY), undefined);
});

t.test('a lever that is gone, changed or elsewhere is told as a revert once', async (t) => {
  const others = [[], [{ ...present, value: 'bb' }], [{ ...present, container: 'side' }]];
  for (const levers of others) {
    const { known, roll } = rates();
    roll();
    t.equal(known.saw(KEY, { levers, bare: 'bare' }, 'tool'), true);
    t.equal(known.saw(KEY, { levers, bare: 'bare' }, 'tool'), false, 'not again before the next roll');
    t.equal(known.contender(KEY), 'tool');
    t.equal(known.contestedMs(KEY), 0, 'once may be an accident');
  }
});

t.test('a new template without the lever is no revert, and neither is what follows it', async (t) => {
  const { known, roll } = rates();
  roll();
  t.equal(known.saw(KEY, { levers: [], bare: 'new' }, 'tool'), false);
  t.equal(known.saw(KEY, { levers: [], bare: 'bare' }, 'tool'), false);
  t.equal(known.contender(KEY), undefined);
});

t.test(
  'levers that a newer roll of ours has replaced are no revert, and neither is what follows',
  async (t) => {
    const { known, roll } = rates();
    roll();
    const other = { levers: [{ ...present, value: 'bb' }], bare: 'bare' };
    t.equal(known.saw(KEY, { levers: [present], bare: 'bare' }, 'Reloader', true), false);
    t.equal(known.saw(KEY, other, 'Reloader', true), false);
    t.equal(known.saw(KEY, other, 'tool'), false);
    t.equal(known.contender(KEY), undefined);
  },
);

t.test('the second revert leaves the workload to the other manager for ten minutes', async (t) => {
  const { clock, known, roll, revert } = rates(1000);
  roll();
  t.ok(revert('gitops'));
  t.ok(revert('gitops'));
  t.equal(known.contestedMs(KEY), 600_000);
  t.equal(known.contender(KEY), 'gitops');
  t.equal(known.contestedMs('apps/Deployment/other'), 0);
  clock.advance(599_999);
  t.equal(known.contestedMs(KEY), 1);
  clock.advance(1);
  t.equal(known.contestedMs(KEY), 0);
  revert('gitops');
  t.equal(known.contestedMs(KEY), 0, 'the count begins anew');
  revert('gitops');
  t.equal(known.contestedMs(KEY), 600_000);
});

t.test('a manager that nobody knows has a name for people too', async (t) => {
  const { known, roll, revert } = rates();
  roll();
  revert();
  t.equal(known.contender(KEY), 'an unknown manager');
});

t.test('while a roll is on its way the levers of the last one are no measure', async (t) => {
  const { known, roll } = rates();
  roll();
  known.rolling(KEY);
  t.equal(known.saw(KEY, { levers: [{ ...present, value: 'bb' }], bare: 'bare' }, 'Reloader'), false);
  known.rolling('apps/Deployment/other');
  t.equal(known.waitMs('apps/Deployment/other'), 0);
});

t.test('what is forgotten has neither rolls nor reverts', async (t) => {
  const { known, roll, revert } = rates(1);
  roll();
  revert('tool');
  revert('tool');
  known.forget(KEY);
  t.equal(known.waitMs(KEY), 0);
  t.equal(known.contestedMs(KEY), 0);
  t.equal(known.contender(KEY), undefined);
});
