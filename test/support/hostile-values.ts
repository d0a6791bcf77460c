import type { Random } from '../chaos/random.ts';

/** Texts that some reader of some annotation may trip over. */
const NASTY: readonly string[] = [
  ...[
    '',
    ' ',
    '0',
    '-1',
    '1e999',
    'NaN',
    'true',
    'TRUE',
    'false',
    'null',
    'undefined',
    '\u0000',
    '\n',
    '\u202e',
    '\u009b',
  ],
  ...[
    '[]',
    '{}',
    '[null]',
    '[[]]',
    '{"v":1}',
    '"',
    '{',
    '[',
    '"x"',
    '__proto__',
    'constructor',
    'hasOwnProperty',
  ],
  ...['1s', '-1s', '999999999999999999999h', '0.0000001ms', '1h1h1h', '1', 's'],
  ...[
    'roll@',
    'roll@x',
    'roll@9',
    'skip@0',
    'roll@+275760-09-13T00:00:00Z',
    'roll@2099-01-01T00:00:00Z',
    'roll@-000001-01-01',
  ],
  ...[
    'skip@2026-01-01T00:00:00Z',
    'ROLL@2026-01-01T00:00:00Z',
    'roll@2026-01-01T00:00:00Z roll@2026-01-01T00:00:00Z',
  ],
  ...['+275760-09-13T00:00:00.000Z', '9999-99-99T99:99:99Z', '2026-01-01', '-1', '1970-01-01T00:00:00Z'],
  ...[
    '(',
    ')',
    '*',
    '.*',
    '[',
    '(?P<n>',
    'a{1000}',
    '(a+)+$',
    '\\pL{1000}',
    '^$',
    '|',
    'a|',
    '.{0,1000}{0,1000}',
    '\\',
    '(?i)x',
  ],
  ...[
    ',',
    ',,,',
    ' , ',
    'a b',
    '../..',
    'x?watch=1',
    '%2e%2e',
    'a/b',
    'UPPER',
    '-',
    '.',
    'x'.repeat(254),
    'ü',
  ],
  '{"reason":"limit","since":"x","sources":[null]}',
  '{"reason":"stop","since":"2026-01-01T00:00:00Z","sources":[{"source":"cm/app","cause":"changed","changed":"never"}]}',
  '{"reason":5,"sources":[{"source":"cm/app","cause":{},"keys":[1],"by":[],"changed":1e999}]}',
  '[{"rolled":"x","sources":[null]}]',
  '[{"rolled":"2026-01-01T00:00:00Z","sources":[{"source":"spc/x","cause":"","changed":"2026-01-01T00:00:00Z"}]}]',
  '{"v":1,"n":9007199254740991,"key":"x","for":"a/b/c","s":{}}',
  '{"v":1,"n":-1,"key":"x","for":"a/b/c","s":{"cm/app":{"h":"-"}}}',
  '{"type":"CONFIGMAP","name":"app","hash":null}',
  ...['{"v":1,"v":2,"s":{},"s":null}', '{"__proto__":{"s":{}},"v":1}', '\ud800', 'x\udfff,y', '\u202eppa'],
  ...['TRUE ', 'yes', 'on', '1.0', '0x1', 'True\n', '9'.repeat(30), `-${'9'.repeat(30)}`, '٣s', '１s'],
  '{"type":{},"name":[],"namespace":0,"hash":"","containerRefs":"x","observedAt":"never"}',
];
const LARGE: readonly ((random: Random) => string)[] = [
  (random) => 'a,'.repeat(random.between(1, 3_000)),
  (random) => Array.from({ length: random.between(1, 800) }, (_none, at) => `n${at}`).join(),
  (random) => '('.repeat(random.between(1, 5_000)),
  (random) => '['.repeat(random.between(1, 5_000)),
  (random) => `[${'{},'.repeat(random.between(1, 3_000))}{}]`,
  // Deeper than a call stack, and about as long as all annotations may be.
  (random) => '['.repeat(random.between(5_000, 9_000)).padEnd(9_000) + ']'.repeat(9_000),
  (random) => `{"type":"CONFIGMAP","name":"victim-0","hash":"x","y":${nested(random.between(4_000, 9_000))}}`,
  (random) => `{"v":1,"n":1,"key":"x","for":"x","s":${nested(random.between(4_000, 9_000))}}`,
  (random) => random.pick(['a', '"', 'é', '\\']).repeat(random.between(50_000, 120_000)),
  (random) => '9'.repeat(random.between(1, 5_000)),
  (random) => `${'1m'.repeat(random.between(1, 3_000))}x`,
  (random) => Array.from({ length: random.between(1, 60) }, (_none, at) => `n${at}.*[a-z]+`).join(),
];
const LEAVES: readonly unknown[] = [
  null,
  0,
  -1,
  1e308,
  '',
  'x',
  true,
  [],
  {},
  [null],
  '\u0000',
  '2026-01-01T00:00:00Z',
];

function nested(levels: number): string {
  return '['.repeat(levels) + ']'.repeat(levels);
}

/** A text that a stranger may put where something like `example` is expected. */
export function hostileText(random: Random, example: string): string {
  const kind = random.between(0, 9);
  if (kind <= 3) return random.pick(NASTY);
  if (kind === 4) return random.pick(LARGE)(random);
  if (kind === 5) return noise(random);
  return parsed(example) === undefined
    ? bent(random, example)
    : JSON.stringify(withOtherPart(random, parsed(example)));
}

function parsed(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

/** The value with something else in one of its places. */
export function withOtherPart(random: Random, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || random.chance(0.2)) return random.pick(LEAVES);
  const entries: [string, unknown][] = Object.entries(value);
  if (entries.length === 0) return random.pick(LEAVES);
  const at = random.between(0, entries.length - 1);
  const changed = entries.map(([key, one], index): [string, unknown] =>
    index === at ? [random.chance(0.1) ? '__proto__' : key, withOtherPart(random, one)] : [key, one],
  );
  if (Array.isArray(value)) return changed.map(([, one]) => one);
  return Object.fromEntries(random.chance(0.1) ? changed.slice(1) : changed);
}

/** The text cut, repeated, or with other signs in it. */
function bent(random: Random, text: string): string {
  const at = random.between(0, text.length);
  const how = random.between(0, 3);
  if (how === 0) return text.slice(0, at);
  if (how === 1) return text.slice(0, at) + noise(random) + text.slice(at);
  if (how === 2) return text.repeat(random.between(2, 50));
  return text.toUpperCase();
}

function noise(random: Random): string {
  const signs = Array.from({ length: random.between(1, 40) }, () => random.between(1, 0xd7ff));
  return String.fromCharCode(...signs);
}
