import { PassThrough, type Readable } from 'node:stream';
import t from 'tap';
import { Bodies } from '../../webhook/bodies.ts';
import { fakeClock } from '../helpers/fake-clock.ts';
import { turn } from '../helpers/journal.ts';

const MIB = 1024 * 1024;
const MAX = 16 * MIB;

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
  const slow = Array.from({ length: 3 }, () => new PassThrough());
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
  t.same(await Promise.all(reads), [{}, {}, {}]);
});

t.test('a body that does not come in time gives its place to the next', async (t) => {
  const { bodies, clock } = reading();
  const slow = Array.from({ length: 3 }, () => new PassThrough());
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
