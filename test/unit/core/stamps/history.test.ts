import t from 'tap';
import {
  addToHistory,
  changeTime,
  fitSources,
  parseHistory,
  shortKeys,
  type RollEntry,
} from '../../../../src/core/stamps/history.ts';

const entry = (at: number, keys: readonly string[] = []): RollEntry => ({
  rolled: new Date(at * 1000).toISOString(),
  sources: [{ source: 'cm/app', cause: 'changed', keys, changed: '2026-11-22T10:00:00Z' }],
});
const added = (text: string | undefined, one: RollEntry): string => addToHistory(text, one)!;

t.test('addToHistory puts the newest first', async (t) => {
  const text = added(added(undefined, entry(1)), entry(2));
  t.same(parseHistory(text), [entry(2), entry(1)]);
  t.equal(text, JSON.stringify([entry(2), entry(1)]));
});

t.test('addToHistory keeps ten entries', async (t) => {
  let text: string | undefined;
  for (let at = 1; at <= 12; at += 1) text = added(text, entry(at));
  t.same(
    parseHistory(text),
    Array.from({ length: 10 }, (_, back) => entry(12 - back)),
  );
});

t.test('addToHistory keeps to 8 KiB by leaving out the oldest', async (t) => {
  const large = (at: number) =>
    entry(
      at,
      Array.from({ length: 6 }, () => 'k'.repeat(240)),
    );
  let text: string | undefined;
  for (let at = 1; at <= 9; at += 1) {
    text = added(text, large(at));
    t.ok(Buffer.byteLength(text) <= 8192);
  }
  t.same(
    parseHistory(text).map(({ rolled }) => rolled),
    [9, 8, 7, 6, 5].map((at) => entry(at).rolled),
  );
});

const many = (count: number, at = 1): RollEntry => ({
  rolled: new Date(at * 1000).toISOString(),
  sources: Array.from({ length: count }, (_, index) => ({
    source: `cm/application-config-${index}`,
    cause: 'changed',
    changed: '2026-11-22T10:00:00Z',
  })),
});

t.test('addToHistory counts bytes, not characters, and fills the last one', async (t) => {
  const frame = Buffer.byteLength(added(undefined, entry(1, [''])));
  const fits = entry(1, ['k'.repeat(8192 - frame)]);
  t.equal(Buffer.byteLength(added(undefined, fits)), 8192);
  const bare = { source: 'cm/app', cause: 'changed', changed: '2026-11-22T10:00:00Z' };
  for (const key of ['k'.repeat(8193 - frame), 'é'.repeat(Math.ceil((8193 - frame) / 2))])
    t.same(parseHistory(added(undefined, entry(1, [key])))[0]?.sources, [bare], 'one more is too many');
});

t.test('addToHistory cuts an entry that is too large, so that the text changes with each roll', async (t) => {
  let text: string | undefined;
  for (const count of [90, 1000, 5000]) {
    const next = added(text, many(count, count));
    t.not(next, text);
    t.ok(Buffer.byteLength(next) <= 8192);
    const { sources, more = 0 } = parseHistory(next)[0]!;
    t.same(sources, many(count).sources.slice(0, sources.length), 'the first ones');
    t.ok(sources.length > 50);
    t.equal(sources.length + more, count);
    text = next;
  }
});

t.test('addToHistory takes no more room than there is, down to none', async (t) => {
  const text = added(undefined, entry(1));
  for (let room = 8192; room >= 0; room -= 7) {
    const next = addToHistory(text, many(100), room);
    if (next === undefined) {
      t.ok(room < 80, `${room} bytes are enough to say that it rolled`);
      continue;
    }
    t.ok(Buffer.byteLength(next) <= room);
    t.equal(parseHistory(next)[0]?.rolled, many(100).rolled);
  }
});

t.test('fitSources leaves what fits as it is, and adds to a count that is there', async (t) => {
  const whole = many(3);
  t.equal(fitSources(whole, 8192), whole);
  const cut = fitSources({ ...whole, more: 5 }, JSON.stringify(whole).length - 1);
  t.same(cut?.sources, whole.sources.slice(0, 2));
  t.equal(cut?.more, 6);
});

t.test('addToHistory begins anew where the old text is damaged', async (t) => {
  for (const text of ['', '{', 'null', '{}', '"x"', '5'])
    t.same(parseHistory(added(text, entry(1))), [entry(1)], text);
});

t.test('parseHistory reads nothing out of a text that is no history', async (t) => {
  for (const text of [undefined, '', '[', 'null', '{}', '{"0":1,"length":1}', '"[]"', '[[]'])
    t.same(parseHistory(text), [], String(text));
  t.same(parseHistory('[]'), []);
});

t.test('parseHistory passes over what is no entry', async (t) => {
  const damaged = [
    null,
    1,
    'x',
    [],
    {},
    { rolled: 1, sources: [] },
    { rolled: 'r' },
    { rolled: 'r', sources: 'x' },
  ];
  t.same(parseHistory(JSON.stringify([...damaged, entry(1)])), [entry(1)]);
});

t.test('shortKeys names twenty keys and counts the rest', async (t) => {
  const keys = Array.from({ length: 23 }, (_, at) => `k${at}`);
  t.same(shortKeys(keys), { keys: keys.slice(0, 20), more: 3 });
  t.same(shortKeys(keys.slice(0, 21)), { keys: keys.slice(0, 20), more: 1 });
  t.strictSame(shortKeys(keys.slice(0, 20)), { keys: keys.slice(0, 20) });
  t.strictSame(shortKeys([]), { keys: [] });
});

t.test('changeTime is that of the data, unless that was before the last roll', async (t) => {
  const source = { created: 1000, dataTime: 5000 };
  const rolled = (at: number): string => JSON.stringify([entry(at)]);
  t.equal(changeTime(source, undefined), 5000);
  t.equal(changeTime({ created: 1000, dataTime: undefined }, undefined), 1000);
  t.equal(changeTime(source, rolled(4)), 5000);
  t.equal(changeTime(source, rolled(5)), 5000, 'in the same second it may be');
  t.equal(changeTime(source, rolled(6)), undefined, 'a key was taken away: no time tells when');
  t.equal(changeTime(undefined, undefined), undefined);
});
