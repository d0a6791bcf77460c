import t from 'tap';
import { ServerClock } from '../../../src/kube/server-clock.ts';
import { fakeClock, type FakeClock } from '../../support/fake-clock.ts';

const NOON = Date.parse('2026-11-28T12:00:00.400Z');
const MINUTE = 60_000;

/** An answer of an API server that is so far ahead of our clock, 30 ms after the request and 10 ms before now. */
function answer(own: FakeClock, ahead: number): [date: string, ms: number] {
  const date = new Date(own.now() + ahead - 10).toUTCString();
  return [date, 40];
}

t.test('clocks that agree to the second leave ours as it is', (t) => {
  const own = fakeClock(NOON);
  const clock = new ServerClock(own);
  t.equal(clock.now(), NOON, 'before anybody has answered');
  for (let at = 0; at < 20; at += 1) {
    clock.learn(...answer(own, 0));
    t.equal(clock.now(), own.now());
    own.advance(137);
  }
  t.end();
});

for (const ahead of [-95_000, 95_000, 10 * MINUTE, -10 * MINUTE])
  t.test(
    `an API server that is ${ahead / 1_000} s ahead is followed to the second at once, then closer`,
    (t) => {
      const own = fakeClock(NOON);
      const clock = new ServerClock(own);
      const error = (): number => Math.abs(clock.now() - (own.now() + ahead));
      clock.learn(...answer(own, ahead));
      t.ok(error() <= 1_000, `${error()} ms`);
      for (let at = 0; at < 50; at += 1) {
        own.advance(137);
        clock.learn(...answer(own, ahead));
      }
      t.ok(error() <= 150, `${error()} ms`);
      t.equal(clock.monotonic(), own.monotonic(), 'durations are our own');
      t.end();
    },
  );

t.test('a slow answer teaches little, and what was known before it stays', (t) => {
  const own = fakeClock(NOON);
  const clock = new ServerClock(own);
  clock.learn(...answer(own, 95_000));
  const known = clock.ahead;
  clock.learn(new Date(own.now() + 90_000).toUTCString(), 20_000);
  t.equal(clock.ahead, known);
  t.end();
});

t.test('a clock that somebody sets is followed anew', (t) => {
  const own = fakeClock(NOON);
  const clock = new ServerClock(own);
  clock.learn(...answer(own, 95_000));
  // The time service of our node has found its source.
  own.shiftWall(95_000);
  clock.learn(...answer(own, 0));
  t.equal(clock.ahead, 0);
  t.end();
});

t.test('an answer without a date, or with one that is none, teaches nothing', (t) => {
  const clock = new ServerClock(fakeClock(NOON));
  for (const date of [undefined, '', 'yesterday', '+275761-01-01T00:00:00Z']) clock.learn(date, 1);
  t.equal(clock.ahead, 0);
  t.end();
});
