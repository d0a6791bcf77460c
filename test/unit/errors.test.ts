import { readFileSync } from 'node:fs';
import t from 'tap';
import { ERRORS } from '../../src/error-table.ts';
import { hasCode, reasonOf, RestampError, type ErrorCode } from '../../src/errors.ts';

const codes = Object.keys(ERRORS) as ErrorCode[];

t.test('ERRORS has each code once, of the form RESTAMP_AREA_WHAT', async (t) => {
  // A second row of one code would silently replace the first.
  const source = readFileSync(new URL('../../src/error-table.ts', import.meta.url), 'utf8');
  const rows = [...source.matchAll(/^ {2}(RESTAMP_\w+): row\(/gm)].map(([, code]) => code);
  t.same(rows, codes);
  t.equal(new Set(rows).size, rows.length);
  for (const code of codes)
    t.match(code, /^RESTAMP_(INTERNAL|CONFIG|KUBE|CERTS|ADMISSION|OPS|OUTGOING|ROLL|MAP)_[A-Z]+(_[A-Z]+)*$/);
});

t.test('ERRORS has a text, a remedy and a status for each code', async (t) => {
  for (const [code, { text, remedy, status, retry }] of Object.entries(ERRORS)) {
    t.match(text, /^[A-Z].*[^.]$/s, `${code}: a sentence that a detail can follow`);
    t.match(remedy, /^[A-Z].*\.$/s, `${code}: a sentence`);
    t.ok(status === 200 || (status >= 400 && status < 600), `${code}: ${status}`);
    t.ok(['never', 'backoff', 'slow-backoff', 'look-again'].includes(retry), code);
  }
});

t.test('ERRORS has no two codes that read the same', async (t) => {
  t.equal(new Set(Object.values(ERRORS).map(({ text }) => text)).size, codes.length);
});

t.test('ERRORS looks again exactly where the object has moved on', async (t) => {
  const looking = codes.filter((code) => ERRORS[code].retry === 'look-again');
  t.same(looking, ['RESTAMP_KUBE_NOT_FOUND', 'RESTAMP_KUBE_CONFLICT', 'RESTAMP_KUBE_GONE']);
});

t.test(
  'a process that cannot start ends with 2 where trying again cannot help, and with 1 else',
  async (t) => {
    const exits = (code: ErrorCode): number => new RestampError(code, '').exitCode;
    for (const code of codes.filter((one) => ERRORS[one].status === 200))
      t.same([exits(code), ERRORS[code].retry], [2, 'never'], code);
    for (const code of [
      'RESTAMP_KUBE_UNAVAILABLE',
      'RESTAMP_KUBE_FORBIDDEN',
      'RESTAMP_CERTS_CONTENDED',
    ] as const)
      t.equal(exits(code), 1, code);
  },
);

t.test('ERRORS has the HTTP status of what the API server answers, and of what we answer it', async (t) => {
  const statuses = Object.fromEntries(
    codes
      .filter((code) => /_(KUBE|ADMISSION)_/.test(code))
      .map((code) => [code.slice(8), ERRORS[code].status]),
  );
  t.has(statuses, {
    KUBE_UNAUTHORIZED: 401,
    KUBE_FORBIDDEN: 403,
    KUBE_NOT_FOUND: 404,
    KUBE_CONFLICT: 409,
    KUBE_GONE: 410,
    KUBE_INVALID: 422,
    KUBE_TOO_LARGE: 413,
    KUBE_UNSUPPORTED: 415,
    KUBE_THROTTLED: 429,
    KUBE_UNAVAILABLE: 503,
    ADMISSION_METHOD: 405,
    ADMISSION_MEDIA_TYPE: 415,
    ADMISSION_TOO_LARGE: 413,
    ADMISSION_BUSY: 429,
    ADMISSION_JSON: 400,
    ADMISSION_REVIEW: 400,
    ADMISSION_RESOURCE: 400,
    ADMISSION_ROUTE: 404,
    ADMISSION_STOPPING: 503,
    ADMISSION_INTERNAL: 500,
  });
});

t.test('RestampError carries its row, its detail and what it wrapped', async (t) => {
  for (const code of codes) {
    const error = new RestampError(code, 'prod/api');
    const { text, retry, status, remedy } = ERRORS[code];
    t.equal(error.message, `${text}: prod/api`);
    t.has(error, { name: 'RestampError', code, detail: 'prod/api', retry, status, remedy });
    t.equal(error.retryAfter, undefined);
    t.notOk('cause' in error);
  }
  const cause = new Error('inner');
  const error = new RestampError('RESTAMP_KUBE_THROTTLED', 'd', { cause, retryAfter: 3 });
  t.equal(error.cause, cause);
  t.equal(error.retryAfter, 3);
  t.ok(error instanceof Error);
});

t.test('RestampError says nothing of what it wrapped', async (t) => {
  const canary = 'hunter2-canary';
  const cause = Object.assign(new Error(canary), { body: canary });
  for (const code of codes) {
    const error = new RestampError(code, 'prod/api', { cause });
    t.notMatch(`${error.message} ${String(error)} ${JSON.stringify(error)} ${error.remedy}`, canary);
  }
});

t.test('hasCode is true of our own errors with that code alone', async (t) => {
  t.ok(hasCode(new RestampError('RESTAMP_KUBE_GONE', ''), 'RESTAMP_KUBE_GONE'));
  t.notOk(hasCode(new RestampError('RESTAMP_KUBE_GONE', ''), 'RESTAMP_KUBE_CONFLICT'));
  for (const error of [
    { code: 'RESTAMP_KUBE_GONE' },
    Object.assign(new Error(), { code: 'RESTAMP_KUBE_GONE' }),
    null,
  ])
    t.notOk(hasCode(error, 'RESTAMP_KUBE_GONE'));
});

t.test('reasonOf gives the text of any thrown thing, and none of its properties', async (t) => {
  t.equal(reasonOf(Object.assign(new Error('why'), { body: 'canary' })), 'why');
  t.equal(reasonOf('why'), 'why');
  t.equal(reasonOf(undefined), 'undefined');
  t.equal(reasonOf({ body: 'canary' }), '[object Object]');
});
