import fc from 'fast-check';
import t from 'tap';
import { Lines } from '../../../../src/kube/watch/watch-lines.ts';

function linesOf(pieces: readonly Buffer[]): string[] {
  const lines = new Lines();
  const taken: string[] = [];
  for (const piece of pieces) lines.put(piece, (line) => taken.push(line));
  return taken;
}

const whole = (text: string): string[] => linesOf([Buffer.from(text)]);

t.test('each line ends with a newline; empty ones are none', async (t) => {
  t.same(whole('a\nbc\n\n\nd\n'), ['a', 'bc', 'd']);
  t.same(whole(''), []);
  t.same(linesOf([]), []);
});

t.test('what has no newline at the end of the stream was cut off, and is left out', async (t) => {
  t.same(whole('a\n{"half":'), ['a']);
});

t.test('a character that lies across two pieces stays whole', async (t) => {
  const bytes = Buffer.from('{"a":"é€😀"}\n');
  for (let at = 1; at < bytes.length; at += 1)
    t.same(linesOf([bytes.subarray(0, at), bytes.subarray(at)]), ['{"a":"é€😀"}'], `cut at ${at}`);
});

t.test('lines are the same however the stream is cut into pieces', async () => {
  const unit = fc.constantFrom('a', 'é', '€', '😀', '\n', '"');
  fc.assert(
    fc.property(fc.array(unit), fc.array(fc.nat(12)), (units, cuts) => {
      const text = units.join('');
      const bytes = Buffer.from(text);
      const pieces: Buffer[] = [];
      let from = 0;
      for (const size of cuts) {
        pieces.push(bytes.subarray(from, from + size));
        from += size;
      }
      pieces.push(bytes.subarray(from));
      const expected = text.split('\n').slice(0, -1);
      return String(linesOf(pieces)) === String(expected.filter((line) => line !== ''));
    }),
  );
});
