import t from 'tap';
import { RestampError } from '../../../src/errors.ts';
import { Outbox, type OutboxOptions } from '../../../src/notify/outbox.ts';
import { faultsTo, noFaults } from '../../support/contained-faults.ts';
import { fakeClock } from '../../support/fake-clock.ts';
import { turn } from '../../support/recording.ts';

const letter = (body: string) => ({
  url: new URL('http://chat.example/hook'),
  contentType: 'text/plain',
  body,
});
const down = new RestampError('RESTAMP_OUTGOING_UNAVAILABLE', 'chat.example: status 503');

function posting(more: Partial<OutboxOptions> = {}) {
  const clock = fakeClock(0);
  const tried: string[] = [];
  const sent: string[] = [];
  const failed: string[] = [];
  let dropped = 0;
  const outbox = new Outbox({
    clock,
    faults: noFaults,
    send: async ({ body }) => {
      tried.push(body);
      return 200;
    },
    onSent: ({ body }) => sent.push(body),
    onFailed: ({ body }, error) => failed.push(`${body} ${error.code}`),
    onDropped: (count) => {
      dropped += count;
    },
    ...more,
  });
  return { clock, outbox, tried, sent, failed, dropped: () => dropped };
}

t.test('letters go out in order, and wait while the outbox is told to be busy', async (t) => {
  const { outbox, sent } = posting();
  outbox.setBusy(true);
  for (const body of ['a', 'b', 'c']) outbox.add(letter(body));
  await turn();
  t.same(sent, []);
  outbox.setBusy(false);
  await turn();
  t.same(sent, ['a', 'b', 'c']);
});

t.test('a letter is tried four times, after 1, 2 and 4 seconds, and then given up', async (t) => {
  const tried: number[] = [];
  const { clock, outbox, failed } = posting({
    send: async () => {
      tried.push(clock.monotonic());
      throw down;
    },
  });
  outbox.add(letter('a'));
  for (let second = 0; second < 20; second += 1) {
    await turn();
    clock.advance(1000);
  }
  t.same(tried, [0, 1000, 3000, 7000]);
  t.same(failed, ['a RESTAMP_OUTGOING_UNAVAILABLE']);
});

t.test('what is refused is not tried again', async (t) => {
  const { clock, outbox, failed } = posting({
    send: async () => {
      throw new RestampError('RESTAMP_OUTGOING_REFUSED', 'chat.example: status 404');
    },
  });
  outbox.add(letter('a'));
  await turn();
  t.same(failed, ['a RESTAMP_OUTGOING_REFUSED']);
  t.equal(clock.waiting(), 0);
});

t.test('a receiver that asks for time gets it, but no more than half a minute', async (t) => {
  const tried: number[] = [];
  const { clock, outbox } = posting({
    send: async () => {
      tried.push(clock.monotonic());
      throw new RestampError('RESTAMP_OUTGOING_UNAVAILABLE', 'chat.example', { retryAfter: 3600 });
    },
  });
  outbox.add(letter('a'));
  await turn();
  clock.advance(29_999);
  await turn();
  t.same(tried, [0]);
  clock.advance(1);
  await turn();
  t.same(tried, [0, 30_000]);
});

t.test(
  'no more than a few are on their way at once, and what has no room is dropped and counted',
  async (t) => {
    const hanging: string[] = [];
    const { outbox, dropped } = posting({
      limit: 3,
      send: ({ body }) => {
        hanging.push(body);
        return new Promise(() => undefined);
      },
    });
    for (const body of ['a', 'b', 'c', 'd', 'e', 'f', 'g']) outbox.add(letter(body));
    await turn();
    t.same(hanging, ['a', 'b']);
    t.equal(dropped(), 2, 'two on their way, three waiting');
  },
);

t.test('the end sends what waits, busy or not, and takes no longer than that', async (t) => {
  const { outbox, sent, dropped, clock } = posting();
  outbox.setBusy(true);
  for (const body of ['a', 'b', 'c']) outbox.add(letter(body));
  const ended = outbox.stop();
  outbox.setBusy(true);
  outbox.add(letter('d'));
  await ended;
  t.same(sent, ['a', 'b', 'c', 'd']);
  t.equal(dropped(), 0);
  t.equal(clock.waiting(), 0);
  outbox.add(letter('e'));
  t.equal(dropped(), 1);
});

t.test(
  'the end waits three seconds, drops what waits then, and ends the tries of what does not',
  async (t) => {
    const { outbox, clock, failed, dropped } = posting({
      send: async () => {
        throw down;
      },
    });
    for (const body of ['a', 'b', 'c']) outbox.add(letter(body));
    await turn();
    let ended = false;
    void outbox.stop().then(() => (ended = true));
    clock.advance(2999);
    await turn();
    t.equal(ended, false);
    t.equal(dropped() + failed.length, 0);
    clock.advance(1);
    await turn();
    t.equal(ended, true);
    t.equal(dropped(), 1);
    t.equal(failed.length, 2);
    t.equal(clock.waiting(), 0);
  },
);

t.test(
  'who fails at hearing of a letter that was sent has it sent once, and the next ones too',
  async (t) => {
    const faults: string[] = [];
    const { outbox, tried } = posting({
      faults: faultsTo(({ code }) => faults.push(code)),
      onSent: () => {
        throw new TypeError('a bug');
      },
    });
    outbox.add(letter('a'));
    outbox.add(letter('b'));
    await turn();
    t.same(tried, ['a', 'b']);
    t.same(faults, ['RESTAMP_INTERNAL_FAULT', 'RESTAMP_INTERNAL_FAULT']);
  },
);
