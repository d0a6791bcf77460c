import { setImmediate as turn } from 'node:timers/promises';
import t from 'tap';
import { RegistrationGuard } from '../../../../webhook/registration/monitor.ts';
import { fakeClock } from '../../../support/fake-clock.ts';

const EVERY_MS = 15_000;

function guarded() {
  const clock = fakeClock(0);
  const said: string[] = [];
  const state = { answer: async (): Promise<boolean> => true, events: 0 };
  const guard = new RegistrationGuard({
    clock,
    log: {
      info: (_fields, message) => void said.push(message),
      warn: (_fields, message) => void said.push(message),
    },
    everyMs: EVERY_MS,
    isRegistered: () => state.answer(),
    onLost: async () => {
      state.events += 1;
    },
  });
  const look = async (answer: () => Promise<boolean>): Promise<void> => {
    state.answer = answer;
    clock.advance(EVERY_MS);
    await turn();
  };
  return { clock, said, state, guard, look };
}

t.test('a registration that is taken away is told of once, and so is its return', async (t) => {
  const { said, state, guard, look } = guarded();
  t.equal(guard.registered, false, 'not registered yet');
  guard.start();
  t.equal(guard.registered, true);
  await look(async () => true);
  t.same(said, []);
  await look(async () => false);
  await look(async () => false);
  t.equal(guard.registered, false);
  t.match(said, ['The webhook registration is gone: rolls go on, unattributed and without a preview']);
  t.equal(said.length, 1);
  t.equal(state.events, 1);
  await look(async () => true);
  t.equal(guard.registered, true);
  t.equal(said[1], 'The webhook registration is back');
});

t.test('what could not be seen changes nothing, and it is looked again', async (t) => {
  const { said, guard, look } = guarded();
  guard.start();
  await look(() => Promise.reject(new Error('no answer')));
  t.equal(guard.registered, true);
  t.match(said, ['Whether the webhook is registered could not be seen: no answer']);
  await look(async () => false);
  t.equal(guard.registered, false);
});

t.test('nothing is looked at after the end', async (t) => {
  const { clock, said, guard, look } = guarded();
  guard.start();
  guard.stop();
  t.equal(clock.waiting(), 0);
  await look(async () => false);
  t.same(said, []);
});
