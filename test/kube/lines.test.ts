import fc from 'fast-check';
import t from 'tap';
import { readLines } from '../../src/kube/lines.ts';

async function linesOf(chunks: readonly Buffer[]): Promise<string[]> {
  async function* stream(): AsyncGenerator<Buffer> {
    yield* chunks;
  }
  const lines: string[] = [];
  for await (const line of readLines(stream())) lines.push(line);
  return lines;
}

const whole = (text: string): Promise<string[]> => linesOf([Buffer.from(text)]);

t.test('each line ends with a newline; empty ones are none', async (t) => {
  t.same(await whole('a\nbc\n\n\nd\n'), ['a', 'bc', 'd']);
  t.same(await whole(''), []);
  t.same(await linesOf([]), []);
});

t.test('what has no newline at the end of the stream was cut off, and is left out', async (t) => {
  t.same(await whole('a\n{"half":'), ['a']);
});

t.test('a character that lies across two chunks stays whole', async (t) => {
  const bytes = Buffer.from('{"a":"é€😀"}\n');
  for (let at = 1; at < bytes.length; at += 1)
    t.same(await linesOf([bytes.subarray(0, at), bytes.subarray(at)]), ['{"a":"é€😀"}'], `cut at ${at}`);
});

t.test('lines are the same however the stream is cut into chunks', async () => {
  const unit = fc.constantFrom('a', 'é', '€', '😀', '\n', '"');
  await fc.assert(
    fc.asyncProperty(fc.array(unit), fc.array(fc.nat(12)), async (units, cuts) => {
      const text = units.join('');
      const bytes = Buffer.from(text);
      const chunks: Buffer[] = [];
      let from = 0;
      for (const size of cuts) {
        chunks.push(bytes.subarray(from, from + size));
        from += size;
      }
      chunks.push(bytes.subarray(from));
      const expected = text.split('\n').slice(0, -1);
      return String(await linesOf(chunks)) === String(expected.filter((line) => line !== ''));
    }),
  );
});
