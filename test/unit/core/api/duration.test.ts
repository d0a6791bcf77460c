import t from 'tap';
import { parseDuration } from '../../../../src/core/api/duration.ts';

t.test('parseDuration reads what Go reads, in milliseconds', async (t) => {
  const table: readonly (readonly [string | undefined, number | undefined])[] = [
    ['0', 0],
    ['0s', 0],
    ['500ms', 500],
    ['1s', 1_000],
    ['1.5s', 1_500],
    ['2m', 120_000],
    ['1h', 3_600_000],
    ['1m30s', 90_000],
    ['1h1m1s1ms', 3_661_001],
    ['1m500ms', 60_500],
    [undefined, undefined],
    ['', undefined],
    ['1', undefined],
    ['s', undefined],
    ['-1s', undefined],
    ['1.s', undefined],
    ['1s ', undefined],
    ['1S', undefined],
    ['1d', undefined],
    ['1sx', undefined],
    ['01', undefined],
  ];
  for (const [text, expected] of table) t.equal(parseDuration(text), expected, String(text));
});
