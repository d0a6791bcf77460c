import t from 'tap';
import { createLog } from '../../../src/telemetry/log.ts';
import { RELOADER_KEYS } from '../../../src/core/api/annotations.ts';
import { NOW, ring, workload } from '../../support/controller/builders.ts';
import { createSourceRoute } from '../../../webhook/source-handler.ts';
import { openDoor, review } from '../../support/webhook/admission-server-harness.ts';
import { ask, object, SECRETS } from '../../support/webhook/source-handler-harness.ts';

const CANARY = 'canary-value-7f3a91';
const BASE64 = Buffer.from(CANARY).toString('base64');
const HEX = Buffer.from(CANARY).toString('hex');

/** Where the value of a Secret can be found in a rendering of something, in any of its forms. */
const leaks = (rendering: string): string[] =>
  [CANARY, BASE64, HEX].filter((form) => rendering.includes(form));

const holding = (data: object, more: object = {}): object => ({
  ...object(data, {
    annotations: { 'kubectl.kubernetes.io/last-applied-configuration': `{"stringData":{"p":"${CANARY}"}}` },
  }),
  ...more,
});

const requests: readonly (readonly [string, object])[] = [
  ['changed', { oldObject: holding({ p: BASE64 }), object: holding({ p: BASE64, q: BASE64 }) }],
  ['added', { oldObject: holding({}), object: holding({ p: BASE64 }) }],
  ['removed', { oldObject: holding({ p: BASE64 }), object: holding({}) }],
  ['created', { operation: 'CREATE', oldObject: null, object: holding({ p: BASE64 }) }],
  ['deleted', { operation: 'DELETE', oldObject: holding({ p: BASE64 }), object: null }],
  ['as text', { oldObject: holding({}), object: holding({}, { stringData: { p: CANARY } }) }],
];
const needing = {
  ...workload('api'),
  references: new Map([['secret/app', { container: 'c', needs: ['p'] }]]),
};

t.test('no value is found in an answer, a sighting or an audit line', async (t) => {
  for (const [what, request] of requests) {
    const { answer, sightings, audit } = ask({ resource: SECRETS, ...request }, [needing]);
    t.ok(answer.warnings?.length, `${what}: it was looked at`);
    t.same(leaks(JSON.stringify([answer, sightings, audit])), [], what);
  }
});

t.test('no value is found in what the server answers, logs and reports, well or ill', async (t) => {
  const lines: string[] = [];
  const log = createLog({
    level: 'trace',
    format: 'json',
    destination: { write: (line) => void lines.push(line) },
  });
  const route = createSourceRoute({
    ring,
    keys: RELOADER_KEYS,
    selector: [],
    now: () => NOW,
    matters: () => true,
    inScope: () => true,
    preview: () => [needing],
    sight: () => undefined,
    audit: log.audit,
  });
  const door = await openDoor(t, {
    routes: { sources: route },
    onError: (error) =>
      log.warn({ code: error.code, remedy: error.remedy }, `${error.message} ${error.stack}`),
  });
  const answers: string[] = [];
  const send = async (body: string): Promise<void> => {
    const { status, headers, body: answer } = await door.send(body);
    answers.push(JSON.stringify([status, headers, answer]));
  };
  for (const [, request] of requests) {
    const whole = JSON.stringify(review({ resource: SECRETS, ...request }));
    await send(whole);
    await send(whole.slice(0, -4));
    await send(whole.replace('"UPDATE"', `"${CANARY.slice(0, 3)}"`));
    await send(whole.replace(`"${BASE64}"`, BASE64));
    await send(whole.replace('"resource":"secrets"', '"resource":"pods"'));
    await send(whole.replace('"metadata":{', '"metadata":{"managedFields":7,"annotations":5,'));
    await send(whole.replace('"data":{', '"data":[],"data":{'));
  }
  t.ok(lines.length > requests.length);
  t.same(leaks(answers.join('\n')), []);
  t.same(leaks(lines.join('\n')), []);
});
