import t from 'tap';
import {
  listMatches,
  parseNameList,
  readNameList,
  type NameList,
} from '../../../../src/core/api/name-list.ts';

const matches = (value: string, name: string): boolean => listMatches(parseNameList(value), name);

t.test('listMatches answers as Reloader does, row by row', async (t) => {
  const rows: readonly (readonly [value: string, name: string, expected: boolean])[] = [
    ['foo', 'foo', true],
    ['foo', 'foobar', false],
    ['foo', 'xfoo', false],
    ['my.config', 'my-config', true],
    ['my.config', 'my.config', true],
    ['my.config', 'xmy-config', false],
    ['foo|bar', 'foobaz', true],
    ['foo|bar', 'xbar', true],
    ['foo|bar', 'xfoo', false],
    ['foo.*', 'foobar', true],
    ['foo.*', 'xfoobar', false],
    ['*', 'anything', true],
    ['*-config', 'my-config', true],
    ['*-config', 'my-config-2', false],
    ['foo-*', 'foo', true],
    ['foo-*', 'foo-', true],
    ['foo-*', 'foo--', true],
    ['foo-*', 'foo-bar', false],
    ['?', 'x', true],
    ['+foo', 'foo', true],
    ['(?i)FOO', 'foo', true],
    ['', 'foo', false],
    [' , ', 'foo', false],
  ];
  for (const [value, name, expected] of rows) t.equal(matches(value, name), expected, `${value} and ${name}`);
});

t.test('listMatches reads the classes, groups and quotes of RE2', async (t) => {
  t.ok(matches('[[:alpha:]]+', 'abc'));
  t.notOk(matches('[[:alpha:]]+', 'a1c'));
  t.ok(matches('app-\\d{3}', 'app-123'));
  t.notOk(matches('app-\\d{3}', 'app-12'));
  t.ok(matches('(?P<tier>web|db)-config', 'db-config'));
  t.ok(matches('\\Qa.b\\E', 'a.b'));
  t.notOk(matches('\\Qa.b\\E', 'a-b'));
  t.ok(matches('\\pL+', 'abc'));
  t.notOk(matches('FOO', 'foo'), 'case counts');
});

t.test('parseNameList splits at commas before anything else, and trims', async (t) => {
  const list = parseNameList(' a , b-1,,\tc.d\n');
  t.same([...list.names], ['a', 'b-1', 'c.d']);
  t.equal(list.patterns.length, 1);
  t.same(list.invalid, []);
  t.ok(listMatches(list, 'a') && listMatches(list, 'b-1') && listMatches(list, 'c.d'));
});

t.test(
  'parseNameList takes a part of small letters, digits and dashes for a name, any other for a pattern',
  async (t) => {
    for (const part of ['a', '0', '-', 'app-config-2']) {
      t.same([...parseNameList(part).names], [part]);
      t.same(parseNameList(part).patterns, []);
    }
    for (const part of ['a.*', 'A', 'a_b', 'a*', 'ä', '.a', 'a.', 'a..b', 'a.-b', `a.${'b'.repeat(252)}`]) {
      t.same([...parseNameList(part).names], []);
      t.equal(parseNameList(part).patterns.length, 1, part);
    }
  },
);

t.test('a part that is a legal name with dots is a name, and a pattern too', async (t) => {
  for (const part of ['a.b', 'default.conf', '0.1-2.x', `a.${'b'.repeat(251)}`]) {
    const list = parseNameList(part);
    t.same([...list.names], [part]);
    t.equal(list.patterns.length, 1);
    t.ok(listMatches(list, part) && listMatches(list, part.replace('.', '-')), part);
  }
  const many = parseNameList(`${'a.b'.repeat(80)},`.repeat(200));
  t.ok(many.invalid.length > 0, 'beyond the cost of a list it is no pattern');
  t.equal(many.names.size, 1, 'but a name all the same');
});

t.test('parseNameList skips and reports the parts that do not compile, and tries all others', async (t) => {
  const list = parseNameList('cfg-[0-9]{1,2},foo-[a-z,**,(?=x),\\1,good,ok.*');
  t.same(
    list.invalid.map(({ part }) => part),
    ['foo-[a-z', '**', '(?=x)', '\\1'],
  );
  for (const { reason } of list.invalid) t.match(reason, /^error parsing regexp: /);
  t.ok(listMatches(list, 'good') && listMatches(list, 'okay'));
  t.notOk(listMatches(list, 'cfg-1') || listMatches(list, 'foo-a'));
});

t.test('parseNameList breaks a repeat with a comma in two, as Reloader does', async (t) => {
  const list = parseNameList('a{2,3}');
  t.same([...list.names], []);
  t.ok(listMatches(list, 'a{2'), 'the first half is text for RE2');
  t.ok(listMatches(list, '3}'), 'and so is the second');
  t.notOk(listMatches(list, 'aa'));
});

t.test('listMatches ends for a pattern that would keep a backtracking matcher busy for ever', async (t) => {
  const name = 'a'.repeat(253);
  for (const pattern of ['(a+)+b', '(a|aa)+b', '(.*a){50}b', '(a*)*b', '(a?){200}a{200}b'])
    t.notOk(matches(pattern, name), pattern);
  t.ok(matches('(a+)+', name));
});

t.test('parseNameList ends for a short list that asks for much, and reports what it left out', async (t) => {
  const list = parseNameList(
    `first.*,${Array.from({ length: 5000 }, (_, i) => `(\\pL{1000})${i}`).join(',')},name`,
  );
  t.ok(listMatches(list, 'first-one'), 'what comes before is kept');
  t.ok(listMatches(list, 'name'), 'a name costs nothing');
  t.ok(list.patterns.length < 20, `${list.patterns.length} patterns`);
  t.equal(list.patterns.length + list.invalid.length, 5001);
  t.same(list.invalid.at(-1), { part: '(\\pL{1000})4999', reason: 'the list is too large' });
});

t.test('parseNameList refuses one pattern that is too large, even where repeats are nested', async (t) => {
  for (const part of [`(${'a'.repeat(900)}){1000}`, `((${'a'.repeat(500)}){31}){32}`, 'a.'.repeat(20_000)]) {
    const list = parseNameList(part);
    t.same(list.invalid, [{ part, reason: 'the list is too large' }]);
    t.same(list.patterns, []);
  }
  t.equal(parseNameList('((a{31}){31})').patterns.length, 1, 'a small nest is none of these');
});

t.test('parseNameList takes a list of hundreds of ordinary patterns whole', async (t) => {
  const parts = Array.from({ length: 300 }, (_, i) => `team-${i}.service.config-[a-z]+`);
  const list = parseNameList(parts.join(','));
  t.equal(list.patterns.length, 300);
  t.same(list.invalid, []);
  t.ok(listMatches(list, 'team-299.service.config-prod'));
});

t.test('a hostile pattern is compiled within the cost of a list, or told of and left out', async (t) => {
  const compiled = ['(a*)*b', '(a|a)*b', '((a{10}){10}){10}', '(x+x+)+y', '(.*)(.*)(.*)(.*)(.*)b'];
  const refused = [
    'a.'.repeat(10_240),
    '(a.){1000}'.repeat(1024),
    `${'('.repeat(5000)}a${')*'.repeat(5000)}`,
  ];
  for (const part of compiled) {
    const list = parseNameList(part);
    t.same(list.invalid, [], part);
    const size = list.patterns[0]?.programSize() ?? Infinity;
    t.ok(size <= 20_000, `${part}: ${size} instructions`);
    t.notOk(listMatches(list, 'a'.repeat(253)), part);
  }
  for (const part of refused) {
    const list = parseNameList(`${part},good`);
    t.same(list.patterns, []);
    t.same(
      list.invalid.map((one) => one.part),
      [part],
    );
    t.ok(listMatches(list, 'good'), 'the rest of the list counts');
  }
  const long = parseNameList(`${'a.'.repeat(5 * 1024)}b`);
  t.equal(long.patterns.length, 1, '10 kB are within it');
  t.notOk(listMatches(long, 'a'.repeat(253)));
});

t.test('a list with patterns is compiled once for all who have it', async (t) => {
  const text = 'app,team-[a-z]+,(';
  t.equal(readNameList(text), readNameList(text));
  t.same(readNameList(text), parseNameList(text));
  t.not(readNameList('app,web'), readNameList('app,web'), 'names alone cost nothing, and are not kept');
});

/** Counts how often the first pattern of a list is tried from now on. */
function counted(list: NameList): () => number {
  const [pattern] = list.patterns;
  const matcher = pattern!.matcher.bind(pattern);
  let calls = 0;
  Object.assign(pattern!, {
    matcher: (name: string) => {
      calls += 1;
      return matcher(name);
    },
  });
  return () => calls;
}

t.test('a pattern is tried once for each name, however often it is asked', async (t) => {
  const list = parseNameList('plain,conf.+');
  const calls = counted(list);
  const names = Array.from(
    { length: 100 },
    (_none, index) => `${index % 2 === 0 ? 'conf' : 'other'}-${index}`,
  );
  for (let time = 0; time < 3; time += 1) t.equal(names.filter((name) => listMatches(list, name)).length, 50);
  t.equal(calls(), 100);
  t.equal(listMatches(list, 'plain'), true);
  t.equal(listMatches(list, 'conf-new'), true);
  t.equal(calls(), 101, 'a new name costs one more');
});

t.test('what is kept of names is bounded, and right when it is found anew', async (t) => {
  const list = parseNameList('conf.+');
  const calls = counted(list);
  for (let index = 0; index < 60_000; index += 1) listMatches(list, `conf-${index}`);
  t.equal(listMatches(list, 'conf-0'), true);
  t.equal(calls(), 60_001);
});

t.test('what is slow to read counts for more than its length: few such parts are compiled', async (t) => {
  const rows = [
    ['[', 500],
    ['(', 500],
    ['.', 500],
    ['\\pL', 143],
    ['[[:alpha:]]', 143],
    ['(?i)\\p{Lu}', 143],
  ] as const;
  for (const [part, most] of rows) {
    const list = parseNameList(Array.from({ length: 20_000 }, () => part).join(','));
    const tried =
      list.patterns.length + list.invalid.filter(({ reason }) => !reason.includes('too large')).length;
    t.ok(tried > 0 && tried <= most, `${part}: ${tried} of 20,000`);
    t.equal(list.patterns.length + list.invalid.length, 20_000, 'and the others are told');
  }
  t.equal(parseNameList('\\pL'.repeat(6000)).patterns.length, 0, 'also within one part');
});
