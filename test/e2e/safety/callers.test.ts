import { request } from 'node:https';
import t, { type Test } from 'tap';
import { createHmacKeys, parseHmacKeys, serialiseHmacKeys, type HmacKeys } from '../../../certs/keys.ts';
import { reviewPaths } from '../../../certs/review-paths.ts';
import { RELOADER_KEYS } from '../../../src/core/api/annotations.ts';
import { BUILT_IN } from '../../../src/core/api/kind.ts';
import { sourceConfiguration, workloadConfiguration } from '../../../webhook/registration/configurations.ts';
import { EVERYWHERE } from '../../support/scopes.ts';
import type { KubeObject } from '../../controlplane/http.ts';
import { source, type SourceName } from '../support/objects.ts';
import { openStage } from '../support/environment.ts';

// Only the API server is answered, by an address that only it knows.
t.setTimeout(600_000);
const stage = await openStage(t, 'callers', { flags: ['--log-level=trace'] });
const { cp, ns } = stage;
const app: SourceName = 'Secret/app';
await stage.create(source(app, { key: 'old' }));
const api = await stage.observe('Deployment', 'api', { uses: [app] });

type Configuration = KubeObject & { readonly webhooks: readonly { clientConfig: { url: string } }[] };
const REGISTRATION = '/apis/admissionregistration.k8s.io/v1';

t.test('the API server takes our addresses as the path of a Service', async (t) => {
  const paths = reviewPaths(createHmacKeys().current);
  const options = {
    name: `${ns}-by-service`,
    address: { namespace: ns, name: 'restamp' },
    paths,
    caPem: (await stage.door('sources')).caBundle,
    ownUser: 'restamp',
    scope: EVERYWHERE,
    keys: RELOADER_KEYS,
    autoReloadAll: false,
    observing: false,
    kinds: BUILT_IN,
  };
  for (const [resource, make, path] of [
    ['validatingwebhookconfigurations', sourceConfiguration, paths.sources],
    ['mutatingwebhookconfigurations', workloadConfiguration, paths.workloads],
  ] as const) {
    const stored = await cp.api('POST', `${REGISTRATION}/${resource}?dryRun=All`, make(options));
    t.match(stored, { webhooks: [{ clientConfig: { service: { path } } }] });
  }
  const odd = sourceConfiguration({ ...options, paths: { ...paths, sources: '/sources/ABCDEF' } });
  await t.rejects(
    cp.api('POST', `${REGISTRATION}/validatingwebhookconfigurations?dryRun=All`, odd),
    /clientConfig\.service\.path/,
    'a path that is no lower-case label is refused',
  );
});

/** The status that a review gets at a path, and the answer. */
async function post(path: string): Promise<{ status: number; text: string }> {
  const body = JSON.stringify({
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    request: {
      uid: 'u',
      operation: 'UPDATE',
      resource: { group: '', version: 'v1', resource: 'secrets' },
      userInfo: { username: 'somebody-else' },
      namespace: ns,
      object: { metadata: { name: 'app', namespace: ns }, data: { key: 'Z3Vlc3M=' } },
      oldObject: { metadata: { name: 'app', namespace: ns }, data: {} },
    },
  });
  const { caBundle: ca } = await stage.door('sources');
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json' };
    const outgoing = request(
      new URL(path, stage.restamp.admissionUrl),
      { method: 'POST', headers, ca },
      (answer) => {
        let text = '';
        answer.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
        answer.on('end', () => resolve({ status: answer.statusCode ?? 0, text }));
      },
    );
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

t.test(
  'who guesses an address learns nothing, and is counted; the API server still gets through',
  async (t) => {
    const guessed = reviewPaths(createHmacKeys().current);
    for (const path of ['/sources', '/workloads', guessed.sources, guessed.workloads]) {
      const { status, text } = await post(path);
      t.equal(status, 404, path);
      t.notMatch(text, 'Deployment');
    }
    t.match(await stage.metrics(), /restamp_refused_calls_total\{reason="path"\} 4/);
    t.notOk(stage.lines.some((line) => line['user'] === 'somebody-else'));
    t.equal((await post(new URL((await stage.door('sources')).url).pathname)).status, 200);

    const data = { key: 'new' };
    const { stderr } = await cp.kubectl(['apply', '-n', ns, '-f', '-'], { input: source(app, data) });
    t.match(stderr, 'Warning: Secret app rolls Deployment/api');
    await api.rolledFor(app, data);
  },
);

const keySecret = `/api/v1/namespaces/restamp/secrets/${ns}-keys`;
const MERGE = 'application/merge-patch+json';
type KeySecret = KubeObject & { readonly data: Readonly<Record<string, string>> };
const keysIn = ({ data }: KeySecret): HmacKeys =>
  parseHmacKeys(Buffer.from(data['paths.json'] ?? '', 'base64').toString(), 'the key Secret');
const addresses = async (): Promise<string[]> => {
  const doors = [await stage.door('sources'), await stage.door('workloads')];
  return doors.map(({ url }) => new URL(url).pathname);
};
const seen: string[] = [...(await addresses())];

/** A change is reviewed, as its warning shows, and rolls. */
async function reviewed(t: Test, value: string): Promise<void> {
  const data = { key: value };
  const { stderr } = await cp.kubectl(['apply', '-n', ns, '-f', '-'], { input: source(app, data) });
  t.match(stderr, 'Warning: Secret app rolls Deployment/api');
  await api.rolledFor(app, data);
}

t.test('a person takes the key of the addresses away: they change, and no review is missed', async (t) => {
  const [former = ''] = await addresses();
  await cp.kubectl([
    ...['patch', 'secret', `${ns}-keys`, '-n', 'restamp', '--type=json'],
    ...['-p', '[{"op":"remove","path":"/data/paths.json"}]'],
  ]);
  const stored = await cp.untilObject<KeySecret>(keySecret, ({ data }) => data['paths.json'] !== undefined);
  const { current, former: kept } = keysIn(stored);
  t.equal(kept.length, 1);
  t.same(await addresses(), [former, seen[1]], 'the API server goes on as before at first');
  await reviewed(t, 'while-both-are-accepted');
  await cp.untilObject<Configuration>(
    `${REGISTRATION}/mutatingwebhookconfigurations/${ns}`,
    ({ webhooks }) => webhooks[0]?.clientConfig.url.endsWith(reviewPaths(current).workloads) === true,
  );
  t.same(await addresses(), Object.values(reviewPaths(current)));
  await reviewed(t, 'after-the-switch');
  t.equal((await post(former)).status, 200, 'what the API server has begun there is answered');

  const alone = serialiseHmacKeys({ current, former: [] });
  await cp.api('PATCH', keySecret, { stringData: { 'paths.json': alone } }, MERGE);
  // Each answer shows whether the watch has told of it by then.
  while ((await post(former)).status !== 404);
  await reviewed(t, 'when-the-former-is-gone');
  seen.push(...(await addresses()));
});

t.test('a key Secret that is damaged or gone changes nothing, and is told once', async (t) => {
  const { data } = await cp.api<KeySecret>('GET', keySecret);
  const damage = { data: { 'paths.json': 'AAAA', 'hmac.json': null, 'ca.crt': 'eA==' } };
  await cp.api('PATCH', keySecret, damage, MERGE);
  const told = (line: { msg: string }): boolean => line.msg.includes('data key paths.json: it is not JSON');
  await stage.restamp.until(told);
  await reviewed(t, 'with-a-damaged-secret');
  await cp.api('DELETE', keySecret);
  await reviewed(t, 'without-a-secret');
  t.equal(stage.lines.filter(told).length, 1);
  await cp.api('POST', keySecret.slice(0, keySecret.lastIndexOf('/')), {
    metadata: { name: `${ns}-keys` },
    data,
  });
  await reviewed(t, 'with-a-whole-one');
});

t.test('our addresses stand in no log line, metric or answer', async (t) => {
  const secrets = seen.map((path) => path.split('/')[2] ?? '');
  t.equal(new Set(secrets).size, 4);
  for (const secret of secrets) t.match(secret, /^[0-9a-f]{32}$/);

  const told = [JSON.stringify(stage.lines), await stage.metrics(), (await post('/sources')).text].join('\n');
  for (const secret of secrets) t.notMatch(told, secret);
});
