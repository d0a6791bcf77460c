import { PassThrough, type Readable } from 'node:stream';
import fc from 'fast-check';
import t from 'tap';
import type { RestampError } from '../../../../src/errors.ts';
import { Bodies, MAX_READING } from '../../../../webhook/request/bodies.ts';
import { fakeClock } from '../../../support/fake-clock.ts';
import { turn } from '../../../support/recording.ts';

const MIB = 1024 * 1024;
const MAX = 16 * MIB;
/** How many of the largest are read at once. */
const AT_ONCE = Math.floor(MAX_READING / MAX);

function reading() {
  const clock = fakeClock(0);
  return { clock, bodies: new Bodies({ clock, maxBytes: MAX }) };
}
const whole = (text: string): Readable => {
  const stream = new PassThrough();
  stream.end(text);
  return stream;
};
const padded = (bytes: number): string => `${' '.repeat(bytes - 2)}{}`;

t.test('a body is parsed, small or large, announced or not', async (t) => {
  const { bodies } = reading();
  const value = { a: 'x'.repeat(300_000), __proto__: undefined };
  for (const text of ['{"a":1}', JSON.stringify(value)])
    for (const length of [Buffer.byteLength(text), NaN])
      t.same(await bodies.read(whole(text), length), JSON.parse(text));
  const legal = '{"__proto__":{"a":1}}';
  t.ok(Object.hasOwn((await bodies.read(whole(legal), legal.length)) as object, '__proto__'));
});

t.test('bytes count as they arrive, whatever was announced', async (t) => {
  const { bodies } = reading();
  await t.rejects(bodies.read(whole('{"a":1}'), 3), { code: 'RESTAMP_ADMISSION_TOO_LARGE' });
  await t.rejects(bodies.read(whole(''), MAX + 1), { code: 'RESTAMP_ADMISSION_TOO_LARGE' });
  await t.rejects(bodies.read(whole(padded(MAX + 1)), NaN), { code: 'RESTAMP_ADMISSION_TOO_LARGE' });
  t.same(await bodies.read(whole(padded(MAX)), NaN), {});
});

t.test('what is too heavy is never parsed', async (t) => {
  const { bodies } = reading();
  for (const text of [`[${'{},'.repeat(600_000)}{}]`, '['.repeat(MIB)])
    await t.rejects(bodies.read(whole(text), text.length), {
      code: 'RESTAMP_ADMISSION_TOO_LARGE',
      message: /more than 1000(000 values| levels)/,
    });
});

t.test('what is no JSON is refused by its length alone', async (t) => {
  const { bodies } = reading();
  for (const text of ['{"secret', `"${'secret'.repeat(100_000)}`])
    await t.rejects(bodies.read(whole(text), text.length), {
      code: 'RESTAMP_ADMISSION_JSON',
      message: `The body is not JSON: ${text.length} bytes`,
    });
});

t.test('large bodies wait for room, and small ones do not', async (t) => {
  const { bodies } = reading();
  const slow = Array.from({ length: AT_ONCE }, () => new PassThrough());
  const reads = slow.map((stream) => bodies.read(stream, MAX));
  const text = padded(MIB);
  const waiting = whole(text);
  const read = bodies.read(waiting, text.length);
  await turn();
  t.equal(waiting.listenerCount('data'), 0, 'it is not read at all');
  t.same(await bodies.read(whole('{}'), 2), {});
  slow[0]?.end('{}');
  t.same(await read, {});
  for (const stream of slow) stream.end('{}');
  t.same(
    await Promise.all(reads),
    slow.map(() => ({})),
  );
});

t.test('a large body keeps its place, however many smaller ones come after it', async (t) => {
  const { bodies } = reading();
  const order: string[] = [];
  const slow = Array.from({ length: AT_ONCE }, () => new PassThrough());
  const reads = slow.map((stream, at) => bodies.read(stream, MAX - MIB).then(() => order.push(`slow ${at}`)));
  const large = bodies.read(whole(padded(MAX)), MAX).then(() => order.push('large'));
  const text = padded(MIB);
  const smaller = Array.from({ length: 20 }, (_none, at) =>
    bodies.read(whole(text), text.length).then(() => order.push(`smaller ${at}`)),
  );
  await turn();
  t.same(order, [], 'there is room for some of a megabyte, and not for the large one before them');
  t.same(await bodies.read(whole('{}'), 2), {}, 'a small one waits for nobody');
  for (const [at, stream] of slow.entries()) {
    stream.end('{}');
    await reads[at];
    if (at === 0) await large;
  }
  await Promise.all(smaller);
  t.same(
    order.filter((one) => !one.startsWith('slow')),
    ['large', ...smaller.map((_none, at) => `smaller ${at}`)],
  );
});

t.test('who hangs up in the line holds nobody up', async (t) => {
  const { bodies } = reading();
  const slow = Array.from({ length: AT_ONCE }, () => new PassThrough());
  const reads = slow.map((stream) => bodies.read(stream, MAX - MIB));
  const large = new PassThrough();
  const gone = t.rejects(bodies.read(large, MAX), { code: 'RESTAMP_ADMISSION_SLOW' });
  large.destroy();
  const text = padded(MIB);
  t.same(await bodies.read(whole(text), text.length), {});
  await gone;
  for (const stream of slow) stream.end('{}');
  await Promise.all(reads);
});

t.test(
  'in whatever order bodies come, are sent and are broken off, each ends and no room is lost',
  async () => {
    const sizes = fc.constantFrom(MIB / 2, MIB, 3 * MIB, 7 * MIB, MAX);
    const ends = fc.constantFrom('whole', 'broken off', 'hung up at once', 'late');
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(sizes, ends), { maxLength: 24 }), async (given) => {
        const { bodies, clock } = reading();
        const begun: number[] = [];
        const made = given.map(([size, end], at) => {
          const stream = new PassThrough();
          stream.once('resume', () => begun.push(at));
          if (end === 'hung up at once') stream.destroy();
          const read = bodies.read(stream, size).then(
            () => 'whole',
            (error: unknown) => (error as RestampError).code,
          );
          return { stream, read, end };
        });
        for (const { stream, read, end } of made) {
          await turn();
          if (end === 'whole') stream.end('{}');
          else if (end === 'broken off') stream.destroy();
          else clock.advance(5000);
          if (end !== 'late') await read;
        }
        for (let left = given.length; left > 0; left -= 1) {
          await turn();
          clock.advance(5000);
        }
        const told = await Promise.all(made.map(({ read }) => read));
        const isSlow = (one: string | undefined): boolean => one === 'RESTAMP_ADMISSION_SLOW';
        given.forEach(([, end], at) => {
          if (end !== 'whole' && !isSlow(told[at])) throw new Error(`${at} was ${String(told[at])}`);
        });
        if (begun.some((one, at) => at > 0 && one < (begun[at - 1] ?? 0)))
          throw new Error(`in the order ${begun.join()}`);
        // As much as ever is read at once.
        const full = Array.from({ length: AT_ONCE }, () => new PassThrough());
        const reads = full.map((stream) => bodies.read(stream, MAX));
        await turn();
        if (!full.every((stream) => stream.listenerCount('data') > 0)) throw new Error('room was lost');
        for (const stream of full) stream.end('{}');
        await Promise.all(reads);
      }),
      { numRuns: 60 },
    );
  },
);

t.test('a body that does not come in time gives its place to the next', async (t) => {
  const { bodies, clock } = reading();
  const slow = Array.from({ length: AT_ONCE }, () => new PassThrough());
  const reads = slow.map((stream) =>
    t.rejects(bodies.read(stream, MAX), { code: 'RESTAMP_ADMISSION_SLOW', status: 408 }),
  );
  const text = padded(MIB);
  const read = bodies.read(whole(text), text.length);
  await turn();
  clock.advance(5000);
  await Promise.all(reads);
  t.same(await read, {});
  t.ok(
    slow.every((stream) => stream.readableFlowing === true),
    'what still comes is thrown away',
  );
});

t.test('so does one whose caller hangs up, before its turn or in it', async (t) => {
  const { bodies } = reading();
  const streams = Array.from({ length: 5 }, () => new PassThrough());
  const reads = streams.map((stream) =>
    t.rejects(bodies.read(stream, MAX), { code: 'RESTAMP_ADMISSION_SLOW' }),
  );
  const text = padded(MIB);
  const read = bodies.read(whole(text), text.length);
  await turn();
  for (const stream of streams.reverse()) stream.destroy();
  await Promise.all(reads);
  t.same(await read, {});
});

t.test('large bodies are parsed one in a turn of the loop', async (t) => {
  const { bodies } = reading();
  const text = padded(MIB);
  let parsed = 0;
  const reads = Array.from({ length: 4 }, () =>
    bodies.read(whole(text), text.length).then(() => (parsed += 1)),
  );
  const seen = new Set<number>();
  while (parsed < 4) {
    seen.add(parsed);
    await new Promise((resolve) => setImmediate(resolve));
  }
  await Promise.all(reads);
  t.ok(seen.size >= 4, [...seen].join());
});

t.test('beyond half a gigabyte on its way, large ones are sent elsewhere', async (t) => {
  const { bodies } = reading();
  const streams = Array.from({ length: 32 }, () => new PassThrough());
  const reads = streams.map((stream) => bodies.read(stream, MAX).catch(() => undefined));
  await t.rejects(bodies.read(whole(padded(MIB)), MIB), { code: 'RESTAMP_ADMISSION_BUSY' });
  for (const stream of streams) stream.destroy();
  await Promise.all(reads);
  t.same(await bodies.read(whole(padded(MIB)), MIB), {}, 'what has ended makes room');
});
