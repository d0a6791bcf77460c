import t from 'tap';
import { ERRORS } from '../../../src/error-table.ts';
import type { ErrorCode } from '../../../src/errors.ts';
import {
  good,
  openDoor,
  PATH,
  review,
  type Door,
  type Sending,
} from '../../support/webhook/admission-server-harness.ts';

const isGood = async (door: Door): Promise<boolean> => {
  const { status, body } = await door.send(good);
  return status === 200 && (body as { response: { allowed: boolean } }).response.allowed;
};

const text = (change: object): string => JSON.stringify({ ...review(), ...change });
const json = 'application/json';
const bad: readonly (readonly [string, ErrorCode, string | Buffer | undefined, Sending?])[] = [
  ['no JSON', 'RESTAMP_ADMISSION_JSON', 'hello'],
  ['an empty body', 'RESTAMP_ADMISSION_JSON', ''],
  ['a truncated review', 'RESTAMP_ADMISSION_JSON', good.slice(0, -20)],
  ['a review that ends inside a character', 'RESTAMP_ADMISSION_JSON', Buffer.from('"é').subarray(0, 2)],
  ['null', 'RESTAMP_ADMISSION_REVIEW', 'null'],
  ['a list', 'RESTAMP_ADMISSION_REVIEW', '[]'],
  ['a v1beta1 review', 'RESTAMP_ADMISSION_REVIEW', text({ apiVersion: 'admission.k8s.io/v1beta1' })],
  ['another kind', 'RESTAMP_ADMISSION_REVIEW', text({ kind: 'ConversionReview' })],
  ['a review without a request', 'RESTAMP_ADMISSION_REVIEW', text({ request: undefined })],
  ['a body that is nested deeply', 'RESTAMP_ADMISSION_REVIEW', '['.repeat(100_000) + ']'.repeat(100_000)],
  ['another media type', 'RESTAMP_ADMISSION_MEDIA_TYPE', good, { headers: { 'content-type': 'text/plain' } }],
  ['no media type', 'RESTAMP_ADMISSION_MEDIA_TYPE', good, { headers: { 'content-type': '' } }],
  ['YAML', 'RESTAMP_ADMISSION_MEDIA_TYPE', good, { headers: { 'content-type': 'application/yaml' } }],
  ['a damaged media type', 'RESTAMP_ADMISSION_MEDIA_TYPE', good, { headers: { 'content-type': ';;' } }],
  ['a compressed body', 'RESTAMP_ADMISSION_JSON', 'x', { headers: { 'content-encoding': 'gzip' } }],
  ['GET', 'RESTAMP_ADMISSION_METHOD', undefined, { method: 'GET' }],
  ['GET with a query', 'RESTAMP_ADMISSION_METHOD', undefined, { method: 'GET', path: `${PATH}?timeout=2s` }],
  ['PUT', 'RESTAMP_ADMISSION_METHOD', good, { method: 'PUT' }],
  ['20 MiB', 'RESTAMP_ADMISSION_TOO_LARGE', Buffer.alloc(20 * 1024 * 1024, 0x20)],
  [
    'more than is ever in flight',
    'RESTAMP_ADMISSION_TOO_LARGE',
    '',
    { headers: { 'content-length': '1000000000' } },
  ],
];

for (const [what, code, body, more] of bad)
  t.test(`${what} is answered with ${code}, and the next review as ever`, async (t) => {
    const door = await openDoor(t);
    const answer = await door.send(body, more);
    const { status, remedy, text: says } = ERRORS[code];
    t.equal(answer.status, status);
    t.ok(status >= 400 && status < 500);
    t.match(answer.headers['content-type'], json);
    t.match(answer.body, { code, remedy });
    t.ok((answer.body as { message: string }).message.startsWith(`${says}: `));
    t.same(door.outcomes, [code]);
    t.same(
      door.errors.map((error) => error.code),
      [code],
    );
    t.same(door.reviewed, []);
    t.ok(await isGood(door));
  });

t.test(
  'a body that is announced and never comes is no answer, and the next review is answered',
  async (t) => {
    const door = await openDoor(t);
    const stop = new AbortController();
    const cut = door.send(good, { headers: { 'content-length': '5000' }, signal: stop.signal });
    setImmediate(() => stop.abort());
    await t.rejects(cut);
    t.ok(await isGood(door));
  },
);

t.test('what a route throws is HTTP 500 with its code, and the write goes on', async (t) => {
  const door = await openDoor(t, {
    routes: {
      sources: () => {
        throw new TypeError('a bug');
      },
    },
  });
  const answer = await door.send(good);
  t.equal(answer.status, 500);
  t.match(answer.body, { code: 'RESTAMP_ADMISSION_INTERNAL' });
  t.notMatch(JSON.stringify(answer.body), 'allowed');
  t.match(door.errors[0]?.cause, TypeError);
});

t.test('legal reviews are allowed', async (t) => {
  const door = await openDoor(t);
  const metadata = { name: 'app', namespace: 'apps', uid: 'u' };
  const large = 'x'.repeat(3 * 1024 * 1024);
  const reviews: readonly (readonly [string, string, Sending?])[] = [
    ['a plain one', good],
    ['one of three megabytes', JSON.stringify(review({ object: { metadata, data: { a: large } } }))],
    ['one with a timeout in its address', good, { path: `${PATH}?timeout=2s` }],
    ['one with a charset', good, { headers: { 'content-type': `${json}; charset=utf-8` } }],
    ['one with a key __proto__', good.replace('"a":"2"', '"__proto__":"2","constructor":"3"')],
    ['one with fields that are not known yet', JSON.stringify(review({ novelty: { a: 1 } }))],
    [
      'one of a generated name',
      JSON.stringify(review({ operation: 'CREATE', name: undefined, oldObject: null })),
    ],
  ];
  for (const [what, body, more] of reviews) {
    const { status, body: answer } = await door.send(body, more);
    t.equal(status, 200, what);
    t.same(answer, {
      apiVersion: 'admission.k8s.io/v1',
      kind: 'AdmissionReview',
      response: { uid: 'r-1', allowed: true, warnings: ['seen'] },
    });
  }
  t.equal(door.reviewed.length, reviews.length);
  const [, , , , proto] = door.reviewed;
  t.same(Object.keys((proto?.object as { data: object }).data), ['__proto__', 'constructor']);
  t.ok(door.outcomes.every((outcome) => outcome === 'allowed'));
});
