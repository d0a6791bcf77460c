import t from 'tap';
import type { Clock } from '../../../src/clock.ts';
import { fakeClock } from '../../support/fake-clock.ts';
import { START, PROMPT, HANGS, OUTAGE, candidate, pass } from '../../support/kube/election-harness.ts';
import { memoryLeases, type Fate, type Network } from '../../support/kube/memory-leases.ts';

t.test('leadership that cannot be renewed ends at the deadline, before another can win', async (t) => {
  for (const [title, fate] of [
    ['when requests fail', OUTAGE],
    ['when requests hang', HANGS],
    ['when renewals arrive but no answer comes back', { there: 0, back: Infinity }],
  ] as const)
    t.test(title, async (t) => {
      const clock = fakeClock(START);
      const leases = memoryLeases(clock);
      let network: Fate = PROMPT;
      const a = candidate(clock, leases, { identity: 'a', network: () => network });
      const b = candidate(clock, leases, { identity: 'b' });
      a.start();
      await pass(clock, 1_000);
      b.start();
      await pass(clock, 1_000);
      network = fate;
      // The last renewal that succeeded was sent at 2 s.
      await pass(clock, 9_900);
      t.equal(a.isLeader, true);
      await pass(clock, 100);
      t.equal(a.isLeader, false);
      t.same(a.said, ['gain', 'lose']);
      t.equal(b.isLeader, false);
      t.ok(a.troubles.every(({ code }) => code === 'RESTAMP_KUBE_UNAVAILABLE'));
      await pass(clock, 30_000);
      t.equal(b.isLeader, true);
      network = PROMPT;
      await pass(clock, 10_000);
      t.same([a.isLeader, a.leader], [false, 'b'], 'the one who lost it stands again');
    });
});

t.test('a request that hangs leaves time for another before the deadline', async (t) => {
  const clock = fakeClock(START);
  const leases = memoryLeases(clock);
  let network: Fate = PROMPT;
  const a = candidate(clock, leases, { identity: 'a', network: () => network });
  a.start();
  await pass(clock, 100);
  network = HANGS;
  await pass(clock, 2_000);
  network = PROMPT;
  await pass(clock, 30_000);
  t.same(a.said, ['gain']);
  t.equal(a.troubles.length, 1);
});

t.test('a renewal counts from when it was sent, not from its answer', async (t) => {
  const clock = fakeClock(START);
  const leases = memoryLeases(clock);
  let network: Fate = { there: 0, back: 4_000 };
  const a = candidate(clock, leases, { identity: 'a', network: () => network });
  a.start();
  // The look is answered at 4 s, the creation at 8 s.
  await pass(clock, 8_000);
  t.equal(a.isLeader, true);
  network = OUTAGE;
  await pass(clock, 5_900);
  t.equal(a.isLeader, true);
  await pass(clock, 100);
  t.equal(a.isLeader, false);
});

t.test('from the deadline on nobody is told that we lead, even if the timer is late', async (t) => {
  const clock = fakeClock(START);
  const leases = memoryLeases(clock);
  let thaw: (() => void)[] | undefined;
  const late: Clock = {
    ...clock,
    after: (ms, run) =>
      clock.after(ms, () => {
        if (thaw === undefined) run();
        else thaw.push(run);
      }),
  };
  const a = candidate(late, leases, { identity: 'a' });
  a.start();
  await pass(clock, 0);
  thaw = [];
  await pass(clock, 9_900);
  t.equal(a.isLeader, true);
  await pass(clock, 100);
  t.equal(a.isLeader, false);
  const pending = thaw;
  thaw = undefined;
  for (const run of pending) run();
  await pass(clock, 0);
  t.same(a.said, ['gain', 'lose', 'gain']);
});

t.test(
  'an answer that comes when the deadline has passed ends one term before the next begins',
  async (t) => {
    const clock = fakeClock(START);
    const leases = memoryLeases(clock);
    let network: Fate = PROMPT;
    // Timers of the deadline, the only ones of 8 s and more, never fire.
    const late: Clock = { ...clock, after: (ms, run) => clock.after(ms, ms < 8_000 ? run : () => undefined) };
    const a = candidate(late, leases, { identity: 'a', network: () => network });
    a.start();
    await pass(clock, 0);
    network = OUTAGE;
    await pass(clock, 11_000);
    t.same(a.said, ['gain']);
    t.equal(a.isLeader, false);
    network = PROMPT;
    await pass(clock, 2_000);
    t.same(a.said, ['gain', 'lose', 'gain']);
  },
);

t.test('an answer that comes after its own deadline is not leadership', async (t) => {
  const clock = fakeClock(START);
  const leases = memoryLeases(clock);
  // A process that does not run: none of its timers fires.
  const dead: Clock = { ...clock, after: () => () => undefined };
  const network: Network = ({ method }) => ({ there: 0, back: method === 'POST' ? 10_000 : 0 });
  const a = candidate(dead, leases, { identity: 'a', network });
  a.start();
  await pass(clock, 20_000);
  t.equal(leases.stored!.spec.holderIdentity, 'a');
  t.same(a.said, []);
});

t.test('why a candidate cannot stand is known, and when it can for the first time', async (t) => {
  const clock = fakeClock(START);
  const leases = memoryLeases(clock);
  let down = true;
  const a = candidate(clock, leases, { identity: 'a', network: () => (down ? OUTAGE : PROMPT) });
  let looked = false;
  void a.looked.then(() => (looked = true));
  a.start();
  await pass(clock, 4_000);
  t.equal(a.trouble, OUTAGE);
  t.equal(looked, false);
  down = false;
  await pass(clock, 4_000);
  t.equal(a.trouble, undefined);
  t.equal(looked, true);
});
