import { request, Agent } from 'node:https';
import { connect } from 'node:tls';
import { once } from 'node:events';
import t from 'tap';
import { source, type SourceName } from '../support/objects.ts';
import { openStage } from '../support/environment.ts';

// The front door takes what anybody sends: it answers clearly, and goes on answering the API server meanwhile.
// A busy machine takes several times as long as an idle one.
t.setTimeout(600_000);
const stage = await openStage(t, 'bad-input');
const { cp, ns } = stage;
const app: SourceName = 'ConfigMap/app';
await stage.create(source(app, { key: 'old' }));
const api = await stage.observe('Deployment', 'api', { uses: [app] });

const { url, caBundle: ca } = await stage.door('sources');
const agent = new Agent({ ca, keepAlive: true });
t.teardown(() => agent.destroy());

type Sent = {
  readonly body: string | Buffer;
  readonly type?: string;
  readonly method?: string;
  readonly path?: string;
  /** The length that is announced, where it is not that of the body; `chunked`: none. */
  readonly length?: number | 'chunked';
};
type Answer = { readonly status: number; readonly text: string };

/**
 * Sends something to the running server. What is announced and not sent is withheld until the answer: who goes on
 * sending to a server that has closed may lose the answer to a reset.
 */
function send({ body, type = 'application/json', method = 'POST', path, length }: Sent): Promise<Answer> {
  const whole = Buffer.byteLength(body);
  const headers = {
    'content-type': type,
    ...(length === 'chunked' ? { 'transfer-encoding': 'chunked' } : { 'content-length': length ?? whole }),
  };
  return new Promise((resolve, reject) => {
    const target = path === undefined ? url : new URL(path, url);
    const outgoing = request(target, { method, headers, agent }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      response.on('close', () => {
        resolve({ status: response.statusCode ?? 0, text });
        if (length !== undefined) outgoing.destroy();
      });
    });
    outgoing.on('error', reject);
    if (whole > 0) outgoing.write(body);
    if (length === undefined) outgoing.end();
  });
}

const review = (change: object, inner: object = {}): string =>
  JSON.stringify({
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    request: {
      uid: 'a-b-c',
      operation: 'CREATE',
      resource: { group: '', version: 'v1', resource: 'configmaps' },
      userInfo: { username: 'somebody' },
      namespace: ns,
      object: { metadata: { name: 'app', namespace: ns }, data: { key: 'value' } },
      ...inner,
    },
    ...change,
  });
const MIB = 1024 * 1024;
const huge = Buffer.alloc(20 * MIB, 'a');

const bad: readonly [title: string, sent: Sent, status: number, code: string][] = [
  ['text', { body: 'hello' }, 400, 'RESTAMP_ADMISSION_JSON'],
  ['nothing', { body: '' }, 400, 'RESTAMP_ADMISSION_JSON'],
  ['half a review', { body: review({}).slice(0, -40) }, 400, 'RESTAMP_ADMISSION_JSON'],
  ['another content type', { body: review({}), type: 'text/plain' }, 415, 'RESTAMP_ADMISSION_MEDIA_TYPE'],
  [
    'protobuf',
    { body: 'k8s\0', type: 'application/vnd.kubernetes.protobuf' },
    415,
    'RESTAMP_ADMISSION_MEDIA_TYPE',
  ],
  ['null', { body: 'null' }, 400, 'RESTAMP_ADMISSION_REVIEW'],
  ['a list', { body: '[]' }, 400, 'RESTAMP_ADMISSION_REVIEW'],
  ['another kind', { body: review({ kind: 'ConversionReview' }) }, 400, 'RESTAMP_ADMISSION_REVIEW'],
  [
    'another version',
    { body: review({ apiVersion: 'admission.k8s.io/v1beta1' }) },
    400,
    'RESTAMP_ADMISSION_REVIEW',
  ],
  ['no request', { body: review({ request: null }) }, 400, 'RESTAMP_ADMISSION_REVIEW'],
  ['no object', { body: review({}, { object: null }) }, 400, 'RESTAMP_ADMISSION_REVIEW'],
  ['no metadata', { body: review({}, { object: {} }) }, 400, 'RESTAMP_ADMISSION_REVIEW'],
  [
    'metadata that is a text',
    { body: review({}, { object: { metadata: 'app' } }) },
    400,
    'RESTAMP_ADMISSION_REVIEW',
  ],
  ['an unknown operation', { body: review({}, { operation: 'CONNECT' }) }, 400, 'RESTAMP_ADMISSION_REVIEW'],
  [
    'another resource',
    { body: review({}, { resource: { group: '', resource: 'pods' } }) },
    400,
    'RESTAMP_ADMISSION_RESOURCE',
  ],
  [
    'an announcement of 20 MiB',
    { body: huge.subarray(0, MIB), length: huge.length },
    413,
    'RESTAMP_ADMISSION_TOO_LARGE',
  ],
  [
    'more than 16 MiB of unknown length',
    { body: huge.subarray(0, 16 * MIB + 1), length: 'chunked' },
    413,
    'RESTAMP_ADMISSION_TOO_LARGE',
  ],
  ['a GET', { body: '', method: 'GET' }, 405, 'RESTAMP_ADMISSION_METHOD'],
  ['another address', { body: review({}), path: '/nowhere' }, 404, 'RESTAMP_ADMISSION_ROUTE'],
];

for (const [title, sent, status, code] of bad)
  t.test(`${title}: answered ${status} ${code}`, async (t) => {
    const answer = await send(sent);
    t.equal(answer.status, status, answer.text.slice(0, 300));
    const body = JSON.parse(answer.text) as { code: string; message: string; remedy: string };
    t.equal(body.code, code);
    t.ok(body.message.length > 10 && body.remedy.length > 5, 'it says what is wrong and what to do');
  });

const odd: readonly [title: string, body: string][] = [
  [
    'with data that is a list',
    review({}, { object: { metadata: { name: 'app', namespace: ns }, data: ['a'] } }),
  ],
  ['with a name that is a number', review({}, { object: { metadata: { name: 7, namespace: ns } } })],
  [
    'with annotations that are a text',
    review({}, { object: { metadata: { name: 'app', namespace: ns, annotations: 'a' } } }),
  ],
];
for (const [title, body] of odd)
  t.test(`an object ${title} is never a denial`, async (t) => {
    const { status, text } = await send({ body });
    t.notMatch(text, /"allowed":false/);
    t.notMatch(text, /\.[jt]s:\d+/, 'no stack');
    t.ok([200, 400].includes(status), `${status} ${text.slice(0, 300)}`);
  });

t.test('a connection that is cut in the middle of a review does no harm', async (t) => {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port), ca });
  await once(socket, 'secureConnect');
  socket.write(
    `POST ${new URL(url).pathname} HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 999\r\n\r\n{"a`,
  );
  socket.destroy();
  await once(socket, 'close');
  t.equal((await send({ body: review({}) })).status, 200);
});

t.test('20 MiB that are sent to the end are refused or cut off, and do no harm', async (t) => {
  const ended = await send({ body: huge }).catch((error: unknown) => (error as NodeJS.ErrnoException).code);
  const kind = typeof ended === 'object' ? ended.status : ended;
  t.ok([413, 'EPIPE', 'ECONNRESET'].includes(kind ?? ''), String(kind));
  t.equal((await send({ body: review({}) })).status, 200);
});

t.test('while bad input goes on, a change gets its warning and rolls', async (t) => {
  let sent = 0;
  const stop = new AbortController();
  const storm = async (): Promise<void> => {
    while (!stop.signal.aborted) {
      const [, next] = bad[sent % bad.length]!;
      sent += 1;
      await send(next);
    }
  };
  const storms = Promise.all([storm(), storm(), storm()]);
  for (const value of ['one', 'two', 'three']) {
    const data = { key: value };
    const { stderr } = await cp.kubectl(['apply', '-n', ns, '-f', '-'], { input: source(app, data) });
    t.match(stderr, 'Warning: ConfigMap app rolls Deployment/api');
    await api.rolledFor(app, data);
  }
  stop.abort();
  await storms;
  t.ok(sent > bad.length, 'all of it was sent meanwhile');
  t.same(await api.ring(), api.after(['cm/app'], ['cm/app'], ['cm/app']));
  t.equal((await fetch(`${stage.restamp.opsUrl}/readyz`)).status, 200);
});
