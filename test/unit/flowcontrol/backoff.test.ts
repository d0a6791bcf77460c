import t from 'tap';
import { RestampError, type ErrorCode } from '../../../src/errors.ts';
import { backoffMs, FailureRow } from '../../../src/flowcontrol/backoff.ts';

const longest = (code: ErrorCode, failures: number, retryAfter?: number): number =>
  backoffMs(new RestampError(code, 'x', retryAfter === undefined ? {} : { retryAfter }), failures, () => 1);

t.test('the pause doubles from 100 ms to 30 s', async (t) => {
  const pauses = [1, 2, 3, 9, 10, 50, 5000].map((failures) => longest('RESTAMP_KUBE_UNAVAILABLE', failures));
  t.same(pauses, [100, 200, 400, 25_600, 30_000, 30_000, 30_000]);
});

t.test('where somebody must change something first, it doubles from 1 s to 5 min', async (t) => {
  const codes = [
    'RESTAMP_KUBE_FORBIDDEN',
    'RESTAMP_KUBE_INVALID',
    'RESTAMP_KUBE_TOO_LARGE',
    'RESTAMP_KUBE_UNSUPPORTED',
    'RESTAMP_ROLL_REFUSED',
    'RESTAMP_INTERNAL_FAULT',
  ] as const;
  for (const code of codes)
    t.same(
      [1, 2, 9, 10, 99].map((failures) => longest(code, failures)),
      [1000, 2000, 256_000, 300_000, 300_000],
      code,
    );
});

t.test('jitter takes away up to a half', async (t) => {
  const error = new RestampError('RESTAMP_KUBE_UNAVAILABLE', 'x');
  t.equal(
    backoffMs(error, 3, () => 0),
    200,
  );
  t.equal(
    backoffMs(error, 3, () => 0.5),
    300,
  );
});

t.test('the API server is never asked again earlier than it wants', async (t) => {
  t.equal(longest('RESTAMP_KUBE_THROTTLED', 1, 7), 7000);
  t.equal(longest('RESTAMP_KUBE_UNAVAILABLE', 1, 45), 45_000);
  t.equal(longest('RESTAMP_KUBE_THROTTLED', 6, 1), 3200, 'the pause still grows');
  t.equal(longest('RESTAMP_KUBE_THROTTLED', 1, 0), 100, 'zero is no leave to ask without a pause');
});

t.test('a refusal after many other failures is the first one of its own', async (t) => {
  const row = new FailureRow();
  const next = (code: ErrorCode): number => row.next(new RestampError(code, 'x'), () => 1);
  for (let count = 0; count < 8; count += 1) next('RESTAMP_KUBE_UNAVAILABLE');
  t.equal(next('RESTAMP_KUBE_THROTTLED'), 25_600);
  t.equal(next('RESTAMP_KUBE_FORBIDDEN'), 1000);
  t.equal(next('RESTAMP_ROLL_REFUSED'), 2000);
  t.equal(next('RESTAMP_KUBE_UNAVAILABLE'), 30_000, 'nothing has succeeded');
  t.equal(next('RESTAMP_KUBE_FORBIDDEN'), 4000);
  row.end();
  t.equal(next('RESTAMP_KUBE_UNAVAILABLE'), 100);
  t.equal(next('RESTAMP_KUBE_FORBIDDEN'), 1000);
});
