import t from 'tap';
import { issueCa } from '../../../certs/issue.ts';
import { blankKeySecret, fillKeySecret, readKeySecret, readPathKeys } from '../../../certs/key-secret.ts';
import type { SecretObject } from '../../../certs/key-secret.ts';
import { createHmacKeys } from '../../../certs/keys.ts';
import { hasCode } from '../../../src/errors.ts';
import { leaksIn } from '../../support/certs/canary.ts';

const DAY = 86_400_000;
const NOW = Date.UTC(2026, 10, 22);

const material = { ca: await issueCa(NOW), hmac: createHmacKeys(), paths: createHmacKeys() };
const whole = fillKeySecret(blankKeySecret('apps', 'restamp'), material);
const base64 = (text: string): string => Buffer.from(text).toString('base64');
const withData = (data: Record<string, string | undefined>): SecretObject => ({
  ...whole,
  data: Object.fromEntries(
    Object.entries({ ...whole.data, ...data }).filter((entry): entry is [string, string] => !!entry[1]),
  ),
});

t.test('fillKeySecret', async (t) => {
  t.test('makes an Opaque Secret with a label and a description', async (t) => {
    t.match(whole, {
      apiVersion: 'v1',
      kind: 'Secret',
      type: 'Opaque',
      metadata: {
        namespace: 'apps',
        name: 'restamp',
        labels: { 'app.kubernetes.io/name': 'restamp' },
        annotations: { 'kubernetes.io/description': /baselines/ },
      },
    });
    t.same(Object.keys(whole.data ?? {}).sort(), ['ca.crt', 'ca.key', 'hmac.json', 'paths.json']);
  });

  t.test('keeps whatever else the Secret has', async (t) => {
    const found = {
      ...blankKeySecret('apps', 'restamp'),
      type: 'example.com/own',
      metadata: {
        namespace: 'apps',
        name: 'restamp',
        resourceVersion: '7',
        uid: 'a-uid',
        finalizers: ['example.com/keep'],
        labels: { team: 'platform' },
        annotations: { note: 'mine' },
      },
      data: { other: 'b3RoZXI=' },
    };
    t.match(fillKeySecret(found, material), found);
  });

  t.test('is read back as it was', async (t) => {
    t.strictSame(readKeySecret(whole, NOW), material);
  });
});

t.test('readKeySecret leaves out what is absent, empty or over', async (t) => {
  t.strictSame(readKeySecret(blankKeySecret('apps', 'restamp'), NOW), {});
  const empty = { 'ca.crt': '', 'ca.key': '', 'hmac.json': '', 'paths.json': '' };
  t.strictSame(readKeySecret({ ...whole, data: empty }, NOW), {});
  t.strictSame(readKeySecret(withData({ 'hmac.json': undefined }), NOW), {
    ca: material.ca,
    paths: material.paths,
  });
  const { hmac, paths } = material;
  t.strictSame(readKeySecret(withData({ 'ca.crt': undefined, 'ca.key': undefined }), NOW), { hmac, paths });
  t.strictSame(readKeySecret(whole, NOW + 4000 * DAY), { hmac, paths });
});

t.test('a key of addresses that does not do is left out, since nothing is lost with it', async (t) => {
  const { ca, hmac } = material;
  for (const text of ['{', '[]', '{"v":9}', JSON.stringify({ v: 1, current: null, former: [] })]) {
    const damaged = withData({ 'paths.json': base64(text) });
    t.strictSame(readKeySecret(damaged, NOW), { ca, hmac }, text);
    t.throws(() => readPathKeys(damaged), {
      code: 'RESTAMP_CERTS_KEY_UNREADABLE',
      message: /Secret apps\/restamp, data key paths\.json: /,
    });
  }
  t.strictSame(readPathKeys(whole), material.paths);
  t.equal(readPathKeys(withData({ 'paths.json': undefined })), undefined);
});

t.test('readKeySecret names Secret, data key and fault, and shows nothing of the content', async (t) => {
  const { certPem, keyPem } = material.ca;
  const other = await issueCa(NOW);
  const ca = 'RESTAMP_CERTS_CA_UNREADABLE';
  const key = 'RESTAMP_CERTS_KEY_UNREADABLE';
  const hmacText = Buffer.from(whole.data!['hmac.json']!, 'base64').toString();
  const cases: [Record<string, string | undefined>, typeof ca | typeof key, string][] = [
    [{ 'ca.key': undefined }, ca, 'data key ca.key: it is absent although ca.crt is there'],
    [{ 'ca.crt': undefined }, ca, 'data key ca.crt: it is absent although ca.key is there'],
    [{ 'ca.crt': base64(keyPem) }, ca, 'data keys ca.crt and ca.key: the certificate cannot be read'],
    [
      { 'ca.key': base64(keyPem.slice(0, 900)) },
      ca,
      'data keys ca.crt and ca.key: the private key cannot be read',
    ],
    [
      { 'ca.crt': base64(other.certPem) },
      ca,
      'data keys ca.crt and ca.key: the private key does not belong to',
    ],
    [{ 'hmac.json': base64(hmacText.slice(0, -9)) }, key, 'data key hmac.json: it is not JSON'],
    [{ 'hmac.json': base64(`x${hmacText}`) }, key, 'data key hmac.json: it is not JSON'],
    [{ 'hmac.json': base64(keyPem) }, key, 'data key hmac.json: it is not JSON'],
    [{ 'hmac.json': base64('{"v":9}') }, key, 'data key hmac.json: it is not of version 1'],
  ];
  for (const [data, code, reason] of cases) {
    try {
      readKeySecret(withData(data), NOW);
      t.fail(`no error: ${reason}`);
    } catch (error) {
      t.ok(hasCode(error, code), reason);
      t.ok((error as Error).message.includes(`: Secret apps/restamp, ${reason}`), (error as Error).message);
      t.same(leaksIn(error, [keyPem, material.hmac.current.key, certPem]), [], reason);
    }
  }
});

t.test('the canary sees a key where there is one', async (t) => {
  const { keyPem } = material.ca;
  const { key } = material.hmac.current;
  t.not(leaksIn(new Error(`bad: ${keyPem}`), [keyPem]).length, 0);
  t.not(leaksIn(new Error('bad', { cause: { key } }), [key]).length, 0);
  t.not(leaksIn(Object.assign(new Error('bad'), { at: key.toString('hex') }), [key]).length, 0);
  t.not(leaksIn(new Error('bad', { cause: new Error(key.toString('base64')) }), [key]).length, 0);
});
