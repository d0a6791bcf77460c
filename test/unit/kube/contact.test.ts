import t from 'tap';
import { Contact } from '../../../src/kube/contact.ts';
import type { Call } from '../../../src/kube/client.ts';
import { LeaseRecord } from '../../../src/kube/lease-lock.ts';
import { fakeClock } from '../../support/fake-clock.ts';

const PODS = { path: '/api/v1/namespaces/a/pods' };
const JOBS = { path: '/apis/batch/v1/namespaces/a/jobs' };
const LEASE = { path: '/apis/coordination.k8s.io/v1/namespaces/a/leases/b' };

function contact() {
  const clock = fakeClock(0);
  const one = new Contact(clock);
  const back: number[] = [];
  one.onBack(() => back.push(one.absences));
  const fail = (status = 0): void => {
    for (const call of [PODS, JOBS]) one.heard(call, status);
  };
  return { clock, one, back, fail };
}

t.test('whoever answers within a second was not away, however many calls fail meanwhile', async (t) => {
  const { clock, one, back, fail } = contact();
  for (const status of [0, 500, 503, 0]) {
    fail(status);
    clock.advance(250);
  }
  t.equal(one.isAway, false);
  one.heard(LEASE, 200);
  clock.advance(60_000);
  t.equal(one.isAway, false);
  t.equal(one.absences, 0);
  t.same(back, []);
});

t.test('whoever answers nobody for longer was away, until the first answer', async (t) => {
  for (const answer of [200, 403, 404, 409, 410, 429]) {
    const { clock, one, back, fail } = contact();
    one.broken(JOBS.path);
    clock.advance(900);
    fail();
    clock.advance(101);
    t.equal(one.isAway, true, 'since the first failure');
    t.equal(one.absences, 0);
    one.heard(LEASE, answer);
    t.equal(one.isAway, false);
    t.same(back, [1], `${answer} is an answer, and whoever waits for the end of the absence knows it`);
  }
});

t.test(
  'what fails for good in one group is no absence, alone or beside others that are answered',
  async (t) => {
    const { clock, one } = contact();
    for (let tries = 0; tries < 100; tries += 1) {
      for (const namespace of ['a', 'b']) {
        const path = `/apis/argoproj.io/v1alpha1/namespaces/${namespace}/rollouts`;
        one.heard({ path }, 500);
        one.broken(path);
      }
      clock.advance(1_900);
      t.equal(one.isAway || one.isSettling, false);
      if (tries < 50) one.heard(LEASE, 200);
      clock.advance(30_000);
    }
    one.heard(LEASE, 200);
    t.equal(one.absences, 0);
    t.equal(one.isSettling, false);
  },
);

t.test('nor do two groups that fail one after the other, with an answer between them', async (t) => {
  const { clock, one } = contact();
  one.heard(PODS, 500);
  one.heard(LEASE, 200);
  one.heard(JOBS, 500);
  clock.advance(30_000);
  t.equal(one.isAway, false);
});

t.test('after a longer absence it needs a while to settle', async (t) => {
  const { clock, one, fail } = contact();
  fail();
  clock.advance(3_000);
  t.equal(one.isSettling, false);
  clock.advance(1);
  t.equal(one.isSettling, true);
  one.heard(LEASE, 403);
  clock.advance(19_999);
  t.equal(one.isSettling, true);
  clock.advance(1);
  t.equal(one.isSettling, false);
});

t.test('who is not answered at all was not from the beginning, or from the last answer on', async (t) => {
  for (const [answeredMs, isAway] of [
    [10_000, true],
    [500, false],
  ] as const) {
    const { clock, one } = contact();
    clock.advance(20_000 - answeredMs);
    one.heard(PODS, 200);
    clock.advance(answeredMs);
    for (const call of [LEASE, JOBS]) one.heard(call, 0, 5_000);
    t.equal(one.isAway, isAway);
  }
});

t.test('a call that is given up says nothing; one whose time is over does', async (t) => {
  const { clock, one } = contact();
  for (const { path } of [LEASE, JOBS]) one.heard({ path, signal: AbortSignal.abort() }, 0);
  clock.advance(60_000);
  t.equal(one.isAway, false);
  const late = AbortSignal.abort(new DOMException('late', 'TimeoutError'));
  for (const { path } of [LEASE, JOBS]) one.heard({ path, signal: late }, 0);
  clock.advance(1_001);
  t.equal(one.isAway, true);
});

t.test('the Lease is no call that is given up: who does not answer it in time does not answer', async (t) => {
  const clock = fakeClock(0);
  const signals: AbortSignal[] = [];
  const send = ({ signal }: Call): Promise<unknown> => {
    if (signal !== undefined) signals.push(signal);
    return new Promise(() => undefined);
  };
  const options = { namespace: 'a', name: 'b', identity: 'c', leaseMs: 15_000, timeoutMs: 5_000 };
  const record = new LeaseRecord({ client: { send }, clock, ...options });
  const looked = t.rejects(record.look(), { code: 'RESTAMP_KUBE_UNAVAILABLE' });
  clock.advance(5_000);
  await looked;
  const one = new Contact(clock);
  one.heard({ ...LEASE, signal: signals[0]! }, 0, 5_000);
  one.heard(JOBS, 0);
  t.equal(one.isAway, true);
});
