import t from 'tap';
import { fakeClock } from '../../support/fake-clock.ts';
import {
  START,
  PROMPT,
  HANGS,
  OUTAGE,
  type Candidate,
  candidate,
  pass,
} from '../../support/kube/election-harness.ts';
import { memoryLeases, type Fate } from '../../support/kube/memory-leases.ts';

t.test(
  'stop ends leadership first and then releases the Lease, so that the next look takes it',
  async (t) => {
    const clock = fakeClock(START);
    const leases = memoryLeases(clock);
    const a = candidate(clock, leases, {
      identity: 'a',
      onLose: () => t.equal(leases.stored!.spec.holderIdentity, 'a'),
    });
    const b = candidate(clock, leases, { identity: 'b' });
    a.start();
    await pass(clock, 0);
    b.start();
    await pass(clock, 1_000);
    t.plan(8);
    const stopped = a.stop();
    t.equal(a.isLeader, false);
    await stopped;
    t.equal(leases.stored!.spec.holderIdentity, '');
    t.equal(leases.stored!.spec.leaseDurationSeconds, 1);
    t.equal(leases.stored!.spec.leaseTransitions, 0);
    await pass(clock, 2_000);
    t.equal(b.isLeader, true);
    t.equal(leases.stored!.spec.leaseTransitions, 1);
    await a.stop();
    t.equal(leases.stored!.spec.holderIdentity, 'b', 'to stop twice is to stop once');
  },
);

t.test('stop without leadership leaves the Lease of another alone', async (t) => {
  const clock = fakeClock(START);
  const leases = memoryLeases(clock);
  const a = candidate(clock, leases, { identity: 'a' });
  const b = candidate(clock, leases, { identity: 'b' });
  const c = candidate(clock, leases, { identity: 'c' });
  a.start();
  await pass(clock, 0);
  b.start();
  await pass(clock, 3_000);
  await b.stop();
  await c.stop();
  t.equal(leases.stored!.spec.holderIdentity, 'a');
  t.equal(a.isLeader, true);
  t.same([b.said, c.said], [[], []]);
  c.start();
  await pass(clock, 60_000);
  t.notOk(leases.calls.includes('c GET'), 'what was stopped does not start');
});

t.test('after stop nothing is gained, and what was stored without an answer is released', async (t) => {
  const clock = fakeClock(START);
  const leases = memoryLeases(clock);
  const a = candidate(clock, leases, {
    identity: 'a',
    network: ({ method }) => (method === 'POST' ? { there: 0, back: 3_000 } : PROMPT),
  });
  a.start();
  await pass(clock, 1_000);
  t.equal(leases.stored!.spec.holderIdentity, 'a');
  await a.stop();
  t.equal(leases.stored!.spec.holderIdentity, '');
  await pass(clock, 60_000);
  t.same(a.said, []);
  t.same(a.troubles, [], 'an end that was asked for is no trouble');
  t.equal(clock.waiting(), 0, 'no timer is left');
});

t.test('stop looks again when the Lease changes before its release', async (t) => {
  const clock = fakeClock(START);
  const leases = memoryLeases(clock);
  let edits = 0;
  const a = candidate(clock, leases, {
    identity: 'a',
    network: ({ method }) => {
      if (method === 'PUT' && edits++ === 0) leases.edit({ labels: { touched: 'yes' } });
      return PROMPT;
    },
  });
  a.start();
  await pass(clock, 0);
  await a.stop();
  t.equal(leases.stored!.spec.holderIdentity, '');
  t.same(a.troubles, []);
  t.equal(clock.waiting(), 0, 'no timer is left');
});

t.test('stop makes no Lease where it was deleted', async (t) => {
  const clock = fakeClock(START);
  const leases = memoryLeases(clock);
  const a = candidate(clock, leases, { identity: 'a' });
  a.start();
  await pass(clock, 0);
  leases.stored = undefined;
  await a.stop();
  t.equal(leases.stored, undefined);
  t.same(a.troubles, []);
});

t.test('stop ends even if the API server does not answer, and says so', async (t) => {
  for (const fate of [OUTAGE, HANGS]) {
    const clock = fakeClock(START);
    const leases = memoryLeases(clock);
    let network: Fate = PROMPT;
    const a = candidate(clock, leases, { identity: 'a', network: () => network });
    a.start();
    await pass(clock, 0);
    network = fate;
    const stopped = a.stop();
    await pass(clock, 5_000);
    await stopped;
    t.same(a.said, ['gain', 'lose']);
    t.same(
      a.troubles.map(({ code }) => code),
      ['RESTAMP_KUBE_UNAVAILABLE'],
    );
  }
});

t.test('an election may be stopped from within its own callback', async (t) => {
  const clock = fakeClock(START);
  const leases = memoryLeases(clock);
  const a: Candidate = candidate(clock, leases, {
    identity: 'a',
    onGain: () => {
      a.said.push('gain');
      void a.stop();
    },
  });
  a.start();
  await pass(clock, 10_000);
  t.same(a.said, ['gain', 'lose']);
  t.equal(leases.stored!.spec.holderIdentity, '');
});

t.test('stop between an answer and what follows from it gains nothing and takes nothing', async (t) => {
  for (const method of ['GET', 'POST'])
    for (let turns = 0; turns < 12; turns += 1) {
      const clock = fakeClock(START);
      const leases = memoryLeases(clock);
      const wire = leases.clientFor('a');
      const takes: string[] = [];
      let stopped = false;
      const a = candidate(clock, leases, {
        identity: 'a',
        client: {
          send: (call) => {
            const { spec } = (call.body ?? {}) as { spec?: { holderIdentity: string } };
            if (stopped && spec?.holderIdentity === 'a') takes.push(call.method);
            const answer = wire.send(call);
            if (call.method === method && !stopped)
              void answer.then(
                () => stopAfter(turns),
                () => stopAfter(turns),
              );
            return answer;
          },
        },
      });
      const stopAfter = (left: number): void => {
        if (left > 0) queueMicrotask(() => stopAfter(left - 1));
        else {
          stopped = true;
          a.said.push('stop');
          void a.stop();
        }
      };
      a.start();
      await pass(clock, 10_000);
      t.notOk(a.said.join().includes('stop,gain'), `${a.said.join()} at ${method} and ${turns} turns`);
      t.same(takes, []);
      t.not(leases.stored?.spec.holderIdentity, 'a');
      t.equal(clock.waiting(), 0);
    }
});
