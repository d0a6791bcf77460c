import t from 'tap';
import { Contact } from '../../src/kube/contact.ts';
import { fakeClock } from '../helpers/fake-clock.ts';

function contact() {
  const clock = fakeClock(0);
  const one = new Contact(clock);
  const back: number[] = [];
  one.onBack(() => back.push(one.absences));
  return { clock, one, back };
}

t.test('whoever answers within a second was not away, however many calls fail meanwhile', async (t) => {
  const { clock, one, back } = contact();
  for (const status of [0, 500, 503, 0]) {
    one.heard(status);
    clock.advance(250);
  }
  t.equal(one.isAway, false);
  one.heard(200);
  clock.advance(60_000);
  t.equal(one.isAway, false);
  t.equal(one.absences, 0);
  t.same(back, []);
});

t.test('whoever answers nobody for longer was away, until the first answer', async (t) => {
  for (const answer of [200, 403, 404, 409, 410, 429]) {
    const { clock, one, back } = contact();
    one.broken();
    clock.advance(900);
    one.heard(0);
    clock.advance(101);
    t.equal(one.isAway, true, 'since the first failure');
    t.equal(one.absences, 0);
    one.heard(answer);
    t.equal(one.isAway, false);
    t.same(back, [1], `${answer} is an answer, and whoever waits for the end of the absence knows it`);
  }
});

t.test('one that fails for good beside others that are answered is no absence', async (t) => {
  const { clock, one } = contact();
  for (let tries = 0; tries < 100; tries += 1) {
    one.heard(500);
    clock.advance(500);
    one.heard(200);
    clock.advance(30_000);
  }
  t.equal(one.absences, 0);
  t.equal(one.isSettling, false);
});

t.test('after a longer absence of which several have heard it needs a while to settle', async (t) => {
  const { clock, one } = contact();
  one.heard(0);
  clock.advance(2_000);
  one.heard(0);
  t.equal(one.isSettling, false);
  clock.advance(1_001);
  t.equal(one.isSettling, true);
  one.heard(403);
  t.equal(one.isSettling, true);
  clock.advance(19_999);
  t.equal(one.isSettling, true);
  clock.advance(1);
  t.equal(one.isSettling, false);
});

t.test('a single call that fails while nobody else asks says nothing of a start', async (t) => {
  const { clock, one } = contact();
  one.heard(500);
  clock.advance(30_000);
  t.equal(one.isSettling, false);
  one.heard(200);
  t.equal(one.isSettling, false);
});

t.test('a call that we have given up ourselves says nothing', async (t) => {
  const { clock, one } = contact();
  one.heard(0, AbortSignal.abort());
  clock.advance(60_000);
  t.equal(one.isAway, false);
  one.heard(0, new AbortController().signal);
  clock.advance(1_001);
  t.equal(one.isAway, true);
});
