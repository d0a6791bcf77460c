import t, { type Test } from 'tap';
import { RestampError } from '../../../src/errors.ts';
import { createMessenger, type MessengerOptions } from '../../../src/notify/http-sender.ts';
import { receiver, status } from '../../support/http-receiver.ts';

const SECRET = '/services/T000/B000/not-to-be-told?token=not-to-be-told';

function messenger(t: Test, options: Partial<MessengerOptions> = {}) {
  const made = createMessenger({ proxy: undefined, ...options });
  t.teardown(() => made.close());
  return made;
}

const letter = (url: URL) => ({ url, contentType: 'text/plain', body: 'hello' });

/** The error of a letter that was not taken; it never names more of the address than its host. */
async function failureOf(t: Test, sent: Promise<unknown>): Promise<RestampError> {
  const error: unknown = await sent.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof RestampError)) throw new Error('it was taken');
  t.notMatch(`${error.message} ${error.stack ?? ''} ${String(error.cause)}`, /not-to-be-told/);
  return error;
}

t.test('a letter is one POST, and any status below 300 means taken', async (t) => {
  for (const code of [200, 202, 204]) {
    const { url, got } = await receiver(t, status(code));
    t.equal(await messenger(t).send(letter(new URL(SECRET, url))), code);
    t.match(got.items, [
      { method: 'POST', url: SECRET, body: 'hello', headers: { 'content-type': 'text/plain' } },
    ]);
  }
});

t.test('a redirect is refused and not followed', async (t) => {
  const elsewhere = await receiver(t);
  const { url } = await receiver(t, status(307, { location: elsewhere.url.href }));
  const error = await failureOf(t, messenger(t).send(letter(new URL(SECRET, url))));
  t.equal(error.code, 'RESTAMP_OUTGOING_REFUSED');
  t.match(error.message, /127\.0\.0\.1:\d+: a redirect \(307\), which is not followed$/);
  t.equal(elsewhere.got.items.length, 0);
});

t.test('what may pass is told from what will not', async (t) => {
  for (const [code, expected] of [
    [404, 'RESTAMP_OUTGOING_REFUSED'],
    [429, 'RESTAMP_OUTGOING_UNAVAILABLE'],
    [503, 'RESTAMP_OUTGOING_UNAVAILABLE'],
  ] as const) {
    const { url } = await receiver(t, status(code, { 'retry-after': '7' }));
    const error = await failureOf(t, messenger(t).send(letter(new URL(SECRET, url))));
    t.equal(error.code, expected);
    t.equal(error.retryAfter, 7);
  }
});

t.test('a receiver that is gone, or never answers, is told of by its host alone', async (t) => {
  const gone = await failureOf(t, messenger(t).send(letter(new URL(SECRET, 'http://127.0.0.1:1'))));
  t.equal(gone.detail, '127.0.0.1:1: ECONNREFUSED');
  const { url } = await receiver(t, () => undefined);
  const silent = messenger(t, { timeoutMs: 50 }).send(letter(new URL(SECRET, url)));
  t.equal((await failureOf(t, silent)).detail, `${url.host}: TimeoutError`);
});

t.test('a proxy that is given stands between', async (t) => {
  const proxy = await receiver(t);
  await messenger(t, { proxy: proxy.url }).send(letter(new URL('http://chat.example/hook')));
  t.match(proxy.got.items, [{ method: 'POST', url: 'http://chat.example/hook', body: 'hello' }]);
});

t.test('without one the usual variables count', async (t) => {
  const proxy = await receiver(t);
  const before = process.env['http_proxy'];
  process.env['http_proxy'] = proxy.url.href;
  t.teardown(() => {
    if (before === undefined) delete process.env['http_proxy'];
    else process.env['http_proxy'] = before;
  });
  await messenger(t).send(letter(new URL('http://chat.example/hook')));
  t.match(proxy.got.items, [{ url: 'http://chat.example/hook' }]);
});

t.test('a name and password in the address are sent as such', async (t) => {
  const { url, got } = await receiver(t);
  url.username = 'ann';
  url.password = 'p%40ss';
  await messenger(t).send(letter(url));
  t.equal(got.items[0]?.headers.authorization, `Basic ${Buffer.from('ann:p@ss').toString('base64')}`);
});
