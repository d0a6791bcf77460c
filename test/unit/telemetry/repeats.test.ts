import t from 'tap';
import { Repeats } from '../../../src/telemetry/repeats.ts';
import { fakeClock } from '../../support/fake-clock.ts';

t.test('a text is said once a minute, and then with how often it was not', async (t) => {
  const clock = fakeClock(0);
  const repeats = new Repeats(clock);
  t.equal(repeats.ask('a', 'x'), 0);
  for (let time = 0; time < 5; time += 1) t.equal(repeats.ask('a', 'x'), undefined);
  clock.advance(59_999);
  t.equal(repeats.ask('a', 'x'), undefined);
  clock.advance(1);
  t.equal(repeats.ask('a', 'x'), 6);
  t.equal(repeats.ask('a', 'x'), undefined);
});

t.test('other texts of its kind are news, ten of them', async (t) => {
  const repeats = new Repeats(fakeClock(0));
  for (let text = 0; text < 10; text += 1) t.equal(repeats.ask('a', `x${text}`), 0);
  t.equal(repeats.ask('a', 'x10'), undefined);
  t.equal(repeats.ask('b', 'x10'), 0, 'another kind has ten of its own');
});
