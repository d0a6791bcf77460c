import t from 'tap';
import { RestampError } from '../../../src/errors.ts';
import type { ElectionOptions } from '../../../src/kube/leader-election.ts';
import { fakeClock } from '../../support/fake-clock.ts';
import { candidate, HANGS, leaveBehind, pass, PROMPT, START } from '../../support/kube/election-harness.ts';
import { memoryLeases, type Fate, type Network } from '../../support/kube/memory-leases.ts';

t.test('a candidate creates the Lease where there is none, and leads', async (t) => {
  const clock = fakeClock(START);
  const leases = memoryLeases(clock);
  const a = candidate(clock, leases, { identity: 'a' });
  t.equal(a.isLeader, false);
  a.start();
  await pass(clock, 0);
  t.equal(a.isLeader, true);
  t.equal(a.leader, 'a');
  t.same(a.said, ['gain']);
  const { acquireTime, renewTime, ...spec } = leases.stored!.spec;
  t.same(spec, { holderIdentity: 'a', leaseDurationSeconds: 15, leaseTransitions: 0 });
  t.match(acquireTime, /^2026-11-22T00:00:00\.000\d{3}Z$/);
  t.equal(renewTime, acquireTime);
});

t.test('the Lease says where its holder is reached, and no other one’s address after it', async (t) => {
  const clock = fakeClock(START);
  const leases = memoryLeases(clock);
  const a = candidate(clock, leases, { identity: 'a', address: () => '10.0.0.1:9443' });
  const b = candidate(clock, leases, { identity: 'b' });
  a.start();
  await pass(clock, 0);
  b.start();
  await pass(clock, 0);
  t.equal(b.leaderAddress, '10.0.0.1:9443');
  t.equal(a.leaderAddress, undefined, 'it leads itself');
  await a.stop();
  await pass(clock, 3_000);
  t.equal(b.isLeader, true);
  t.same(leases.stored!.metadata.annotations ?? {}, {}, 'this one has not said where it is');
  t.equal(b.leaderAddress, undefined);
});

t.test('a leader renews by one PUT each retry time, and stays the one who acquired it then', async (t) => {
  const clock = fakeClock(START);
  const leases = memoryLeases(clock);
  const a = candidate(clock, leases, { identity: 'a' });
  a.start();
  await pass(clock, 60_000);
  t.same(leases.calls, ['a GET', 'a POST', ...Array.from({ length: 30 }, () => 'a PUT')]);
  t.same(a.said, ['gain']);
  t.equal(new Set(leases.specs.map(({ acquireTime }) => acquireTime)).size, 1);
  t.match(leases.stored!.spec.renewTime, /^2026-11-22T00:01:00\.000\d{3}Z$/);
  t.equal(leases.stored!.spec.leaseTransitions, 0);
});

t.test('a renewal always changes the record, even while the wall clock stands still', async (t) => {
  const clock = fakeClock(START);
  const leases = memoryLeases(clock);
  const still = { ...clock, now: () => START };
  const a = candidate(still, leases, { identity: 'a' });
  const b = candidate(clock, leases, { identity: 'b' });
  a.start();
  b.start();
  await pass(clock, 60_000);
  t.same([a.said, b.said], [['gain'], []]);
  t.equal(new Set(leases.specs.map(({ renewTime }) => renewTime)).size, leases.specs.length);
});

t.test('the pause between tries has jitter of a fifth', async (t) => {
  for (const [random, puts] of [
    [0, 6],
    [1, 4],
  ] as const) {
    const clock = fakeClock(START);
    const leases = memoryLeases(clock);
    candidate(clock, leases, { identity: 'a', random: () => random }).start();
    await pass(clock, 10_000);
    t.equal(leases.calls.filter((call) => call === 'a PUT').length, puts);
  }
});

t.test('a Lease is taken when its record has not changed for its duration since it was seen', async (t) => {
  for (const [title, renewTime] of [
    ['and its renewTime is long past', '1999-01-01T00:00:00.000000Z'],
    ['and its renewTime is far in the future', '2099-01-01T00:00:00.000000Z'],
    ['and it has no renewTime', undefined],
  ] as const)
    t.test(title, async (t) => {
      const clock = fakeClock(START);
      const leases = memoryLeases(clock);
      leaveBehind(leases, { renewTime });
      const a = candidate(clock, leases, { identity: 'a' });
      a.start();
      await pass(clock, 14_900);
      t.equal(a.isLeader, false);
      t.equal(a.leader, 'gone');
      await pass(clock, 100);
      t.equal(a.isLeader, true, 'no retry time is lost after that');
      t.equal(leases.stored!.spec.leaseTransitions, 5);
      t.match(leases.stored!.spec.acquireTime, /^2026-11-22T00:00:15/);
    });

  t.test('where the duration is what its holder said', async (t) => {
    const clock = fakeClock(START);
    const leases = memoryLeases(clock);
    leaveBehind(leases, { leaseDurationSeconds: 40 });
    const a = candidate(clock, leases, { identity: 'a' });
    a.start();
    await pass(clock, 39_900);
    t.equal(a.isLeader, false);
    await pass(clock, 100);
    t.equal(a.isLeader, true);
  });

  t.test('where a change of its metadata alone is no sign of life', async (t) => {
    const clock = fakeClock(START);
    const leases = memoryLeases(clock);
    leaveBehind(leases);
    const a = candidate(clock, leases, { identity: 'a' });
    a.start();
    await pass(clock, 10_000);
    leases.edit({ labels: { touched: 'yes' } });
    await pass(clock, 5_000);
    t.equal(a.isLeader, true);
  });

  t.test('and never while it is renewed, however wrong the wall clocks are', async (t) => {
    const clock = fakeClock(START);
    const leases = memoryLeases(clock);
    const a = candidate({ ...clock, now: () => clock.now() - 86_400_000 }, leases, { identity: 'a' });
    const b = candidate({ ...clock, now: () => clock.now() + 86_400_000 }, leases, { identity: 'b' });
    a.start();
    await pass(clock, 0);
    b.start();
    await pass(clock, 60_000);
    clock.shiftWall(3_600_000);
    await pass(clock, 60_000);
    t.same([a.said, b.said], [['gain'], []]);
    t.equal(b.leader, 'a');
  });
});

t.test('our own identity in the Lease is no reason to wait', async (t) => {
  const clock = fakeClock(START);
  const leases = memoryLeases(clock);
  leaveBehind(leases, { holderIdentity: 'a' });
  const a = candidate(clock, leases, { identity: 'a' });
  a.start();
  await pass(clock, 0);
  t.equal(a.isLeader, true);
  t.equal(leases.stored!.spec.leaseTransitions, 4, 'it has not changed hands');
  t.equal(leases.stored!.spec.acquireTime, '2026-11-21T00:00:00.000000Z');
});

t.test('a conflict means look again', async (t) => {
  t.test('a leader whose Lease was labelled by somebody stays leader, and the label stays', async (t) => {
    const clock = fakeClock(START);
    const leases = memoryLeases(clock);
    const a = candidate(clock, leases, { identity: 'a' });
    a.start();
    await pass(clock, 0);
    leases.edit({
      labels: { touched: 'yes' },
      spec: { ...leases.stored!.spec, strategy: 'OldestEmulationVersion' },
    });
    await pass(clock, 30_000);
    t.same(a.said, ['gain']);
    t.same(leases.stored!.metadata.labels, { touched: 'yes' });
    t.equal(leases.stored!.spec.strategy, 'OldestEmulationVersion');
    t.same(a.troubles, []);
  });

  t.test('a leader whose Lease another has taken stops at once', async (t) => {
    const clock = fakeClock(START);
    const leases = memoryLeases(clock);
    const a = candidate(clock, leases, { identity: 'a' });
    a.start();
    await pass(clock, 0);
    leases.edit({ spec: { ...leases.stored!.spec, holderIdentity: 'thief' } });
    await pass(clock, 2_000);
    t.same(a.said, ['gain', 'lose']);
    t.equal(a.leader, 'thief');
    t.same(a.troubles, []);
  });

  t.test('a leader whose Lease was deleted makes it again, before one who knew of it', async (t) => {
    const clock = fakeClock(START);
    const leases = memoryLeases(clock);
    let network: Fate = PROMPT;
    const a = candidate(clock, leases, { identity: 'a', network: () => network });
    const b = candidate(clock, leases, { identity: 'b', random: () => 0 });
    a.start();
    await pass(clock, 0);
    b.start();
    await pass(clock, 100);
    leases.stored = undefined;
    await pass(clock, 2_000);
    t.equal(leases.stored!.spec.holderIdentity, 'a');
    t.same([a.said, b.said], [['gain'], []]);
    network = HANGS;
    leases.stored = undefined;
    await pass(clock, 9_800);
    t.equal(a.isLeader, true);
    t.equal(b.isLeader, false);
    await pass(clock, 10_000);
    t.same([a.said, b.said], [['gain', 'lose'], ['gain']]);
  });

  t.test('of two that create it at once one wins', async (t) => {
    const clock = fakeClock(START);
    const leases = memoryLeases(clock);
    const slow: Network = () => ({ there: 100, back: 100 });
    const a = candidate(clock, leases, { identity: 'a', network: slow });
    const b = candidate(clock, leases, { identity: 'b', network: slow });
    a.start();
    b.start();
    await pass(clock, 1_000);
    t.same([a.said, b.said], [['gain'], []]);
    t.equal(b.leader, 'a');
    t.same(b.troubles, []);
  });

  t.test('without end it is reported, and tried again after a pause', async (t) => {
    const clock = fakeClock(START);
    const leases = memoryLeases(clock);
    const conflict = new RestampError('RESTAMP_KUBE_CONFLICT', 'Lease');
    const a = candidate(clock, leases, {
      identity: 'a',
      network: ({ method }) => (method === 'POST' ? conflict : PROMPT),
    });
    a.start();
    await pass(clock, 1_900);
    t.same(leases.calls, ['a GET', 'a GET', 'a GET']);
    t.same(a.troubles, [conflict]);
    await pass(clock, 100);
    t.equal(leases.calls.length, 6);
  });
});

t.test('the API server is asked no sooner than it wants, but within the deadline', async (t) => {
  for (const [retryAfter, ms] of [
    [1, 2_000],
    [5, 5_000],
    [3_600, 10_000],
  ] as const) {
    const clock = fakeClock(START);
    const leases = memoryLeases(clock);
    let network: Fate = new RestampError('RESTAMP_KUBE_THROTTLED', 'Lease', { retryAfter });
    const a = candidate(clock, leases, { identity: 'a', network: () => network });
    a.start();
    await pass(clock, 0);
    network = PROMPT;
    await pass(clock, ms - 100);
    t.equal(a.isLeader, false);
    await pass(clock, 100);
    t.equal(a.isLeader, true);
  }
});

t.test('what a callback breaks is reported, and the election goes on', async (t) => {
  const clock = fakeClock(START);
  const leases = memoryLeases(clock);
  const broken = (text: string) => () => {
    throw new Error(text);
  };
  let network: Fate = PROMPT;
  const a = candidate(clock, leases, {
    identity: 'a',
    network: () => network,
    onGain: broken('gain is broken'),
    onLose: broken('lose is broken'),
  });
  a.start();
  await pass(clock, 0);
  t.equal(a.isLeader, true);
  network = HANGS;
  await pass(clock, 10_000);
  t.equal(a.isLeader, false);
  network = PROMPT;
  await pass(clock, 10_000);
  t.equal(a.isLeader, true);
  await a.stop();
  t.equal(leases.stored!.spec.holderIdentity, '');
  const said = a.troubles.filter(({ code }) => code === 'RESTAMP_KUBE_PROTOCOL').map(({ detail }) => detail);
  const [gain, lose] = ['Lease own/restamp: gain is broken', 'Lease own/restamp: lose is broken'];
  t.same(said, [gain, lose, gain, lose]);
});

t.test('times that cannot keep two leaders apart are refused', async (t) => {
  const clock = fakeClock(START);
  const make = (options: Partial<ElectionOptions>) => () =>
    candidate(clock, memoryLeases(clock), { identity: 'a', ...options });
  for (const options of [
    { identity: '' },
    { leaseMs: 10_000 },
    { renewMs: 2_400 },
    { retryMs: 0 },
    { retryMs: NaN },
  ])
    t.throws(make(options), { code: 'RESTAMP_CONFIG_INVALID' });
});
