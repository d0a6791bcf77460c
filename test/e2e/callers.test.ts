import { request } from 'node:https';
import t from 'tap';
import { createHmacKeys } from '../../certs/keys.ts';
import { reviewPaths } from '../../certs/review-paths.ts';
import { RELOADER_KEYS } from '../../src/core/annotations.ts';
import { BUILT_IN } from '../../src/core/kind.ts';
import { sourceConfiguration, workloadConfiguration } from '../../webhook/configurations.ts';
import { EVERYWHERE } from '../helpers/everywhere.ts';
import { source, type SourceName } from './objects.ts';
import { openStage } from './stage.ts';

// Only the API server is answered, by an address that only it knows.
t.setTimeout(600_000);
const stage = await openStage(t, 'callers', { flags: ['--log-level=trace'] });
const { cp, ns } = stage;
const app: SourceName = 'Secret/app';
await stage.create(source(app, { key: 'old' }));
const api = await stage.observe('Deployment', 'api', { uses: [app] });

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

t.test('our addresses stand in no log line, metric or answer', async (t) => {
  const secrets = await Promise.all(
    (['sources', 'workloads'] as const).map(async (route) => {
      const [, , secret = ''] = new URL((await stage.door(route)).url).pathname.split('/');
      return secret;
    }),
  );
  t.match(secrets, [/^[0-9a-f]{32}$/, /^[0-9a-f]{32}$/]);
  const told = [JSON.stringify(stage.lines), await stage.metrics(), (await post('/sources')).text].join('\n');
  for (const secret of secrets) t.notMatch(told, secret);
});
