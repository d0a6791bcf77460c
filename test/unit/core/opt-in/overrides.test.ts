import t from 'tap';
import {
  openRequest,
  parseRequest,
  readWishes,
  type Request,
} from '../../../../src/core/opt-in/overrides.ts';

const NOTHING = {
  quietMs: undefined,
  longestMs: undefined,
  releaseQuietMs: undefined,
  request: undefined,
  lever: undefined,
  nextRun: false,
  restart: false,
};

t.test('readWishes reads each wish from its own annotation', async (t) => {
  const request = { verb: 'roll', at: '2026-11-22T12:00:00.000Z' };
  t.same(readWishes({ 'restamp.dev/quiet-period': '5s' }), { ...NOTHING, quietMs: 5_000 });
  t.same(readWishes({ 'restamp.dev/longest-delay': '1m' }), { ...NOTHING, longestMs: 60_000 });
  t.same(readWishes({ 'restamp.dev/release-quiet': '0' }), { ...NOTHING, releaseQuietMs: 0 });
  t.same(readWishes({ 'restamp.dev/request': 'roll@2026-11-22T12:00:00Z' }), { ...NOTHING, request });
});

t.test('readWishes wishes for nothing where nothing can be read', async (t) => {
  for (const annotations of [undefined, {}, { other: '5s' }]) t.same(readWishes(annotations), NOTHING);
  for (const bad of ['', 'soon', '-1s', '5'])
    t.same(
      readWishes({
        'restamp.dev/quiet-period': bad,
        'restamp.dev/longest-delay': bad,
        'restamp.dev/release-quiet': bad,
        'restamp.dev/request': bad,
      }),
      NOTHING,
      bad,
    );
});

t.test('one bad wish spoils no other one', async (t) => {
  const annotations = { 'restamp.dev/quiet-period': 'soon', 'restamp.dev/longest-delay': '1m' };
  t.same(readWishes(annotations), { ...NOTHING, longestMs: 60_000 });
});

t.test('parseRequest reads a verb and a time, in whatever zone', async (t) => {
  const at = '2026-11-22T12:00:00.000Z';
  t.same(parseRequest('roll@2026-11-22T12:00:00Z'), { verb: 'roll', at });
  t.same(parseRequest('skip@2026-11-22T13:00:00+01:00'), { verb: 'skip', at });
  for (const bad of [
    undefined,
    '',
    'roll',
    'roll@',
    'roll@soon',
    `Roll@${at}`,
    `halt@${at}`,
    ` roll@${at}`,
    at,
  ])
    t.equal(parseRequest(bad), undefined, String(bad));
});

const NOW = Date.UTC(2026, 10, 22, 13, 0, 0);

t.test('openRequest is the newest one that is later than what was answered', async (t) => {
  const early: Request = { verb: 'skip', at: '2026-11-22T12:00:00.000Z' };
  const late: Request = { verb: 'roll', at: '2026-11-22T12:00:01.000Z' };
  t.equal(openRequest([], undefined, NOW), undefined);
  t.equal(openRequest([undefined, undefined], undefined, NOW), undefined);
  t.equal(openRequest([early, undefined, late], undefined, NOW), late);
  t.equal(openRequest([late, early], undefined, NOW), late);
  t.equal(openRequest([early, late], early.at, NOW), late);
  t.equal(openRequest([early, late], late.at, NOW), undefined, 'obeyed once');
  t.equal(openRequest([early], late.at, NOW), undefined, 'an older one is answered too');
  t.equal(openRequest([late], '2026-11-22T13:00:00+01:00', NOW), late, 'times are compared, not texts');
  t.equal(openRequest([early], '2026-11-22T12:00:00Z', NOW), undefined, 'two spellings of one time');
});

t.test('openRequest knows no time that is more than five minutes ahead, asked or answered', async (t) => {
  const now: Request = { verb: 'roll', at: '2026-11-22T13:00:00.000Z' };
  const close: Request = { verb: 'roll', at: '2026-11-22T13:05:00.000Z' };
  const ahead: Request = { verb: 'roll', at: '2026-11-22T13:05:00.001Z' };
  t.equal(openRequest([close], undefined, NOW), close, 'clocks differ');
  t.equal(openRequest([ahead], undefined, NOW), undefined);
  t.equal(openRequest([ahead, now], undefined, NOW), now, 'it does not hide the others');
  t.equal(openRequest([now], ahead.at, NOW), now, 'what a map says of it answers nothing');
  t.equal(openRequest([now], '2099-01-01T00:00:00Z', NOW), now);
  t.equal(openRequest([now], close.at, NOW), undefined);
  t.equal(openRequest([now], 'soon', NOW), now, 'nor what is no time');
  t.equal(openRequest([ahead], undefined, NOW + 1), ahead, 'its time comes');
});
