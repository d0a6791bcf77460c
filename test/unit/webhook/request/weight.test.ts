import fc from 'fast-check';
import t from 'tap';
import { weigh } from '../../../../webhook/request/weight.ts';

const MOST = { parts: 1_000_000, depth: 1_000 };
const of = (text: string, most = MOST) => weigh(Buffer.from(text), most);

/** The same from the parsed value. */
function weightOf(value: unknown): { parts: number; depth: number } {
  if (typeof value !== 'object' || value === null) return { parts: 0, depth: 0 };
  const members = Object.values(value).map(weightOf);
  const commas = Math.max(members.length - 1, 0);
  const colons = Array.isArray(value) ? 0 : members.length;
  return {
    parts: members.reduce((all, { parts }) => all + parts, 1 + commas + colons),
    depth: 1 + Math.max(0, ...members.map(({ depth }) => depth)),
  };
}

t.test('any JSON weighs what stands in it, whatever its texts say', async (t) => {
  fc.assert(
    fc.property(fc.jsonValue({ noUnicodeString: false }), fc.constantFrom(0, 2), (value, space) => {
      t.same(of(JSON.stringify(value, null, space)), weightOf(value));
    }),
    { numRuns: 300 },
  );
});

t.test('quotes and backslashes in texts end none too early', async (t) => {
  for (const text of ['\\"', '\\\\', '\\\\\\"', '[{,:', '"[', '\\"[\\\\"']) {
    const value = { [text]: [text, text] };
    t.same(of(JSON.stringify(value)), weightOf(value), text);
  }
});

t.test('what is no JSON is weighed all the same', async (t) => {
  for (const text of ['', '"', '"\\', ']]]', '[', '{"a', '"a" "', '\\"[']) t.ok(of(text).depth <= 1, text);
});

t.test('of what is too heavy no more is looked at than tells that', async (t) => {
  t.same(of('['.repeat(5_000_000)), { parts: 1001, depth: 1001 });
  t.same(of(`[${'{},'.repeat(2_000_000)}`).parts, 1_000_001);
});
