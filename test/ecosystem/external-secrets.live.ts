import t from 'tap';
import type { KubeObject } from '../controlplane/http.ts';
import { findPort } from '../controlplane/ports.ts';
import { openStage } from '../e2e/support/environment.ts';
import { buildNeighbour } from './build.ts';
import { applyDefinitions } from './definitions.ts';
import { EXTERNAL_SECRETS } from './neighbours.ts';
import { REGION, startParameterStore } from './parameter-store.ts';
import { startProgram } from './program.ts';

t.setTimeout(1_800_000);

const { folder, definitions } = await buildNeighbour(EXTERNAL_SECRETS);
const store = await startParameterStore(t);
const stage = await openStage(t, 'store');
const { cp, ns } = stage;
await applyDefinitions(cp, definitions);
const live = await findPort();
await startProgram(t, {
  file: `${folder}/external-secrets`,
  args: [
    `--namespace=${ns}`,
    '--metrics-addr=0',
    `--live-addr=127.0.0.1:${live}`,
    '--enable-cluster-store-reconciler=false',
    '--enable-cluster-external-secret-reconciler=false',
    '--enable-cluster-push-secret-reconciler=false',
    '--enable-push-secret-reconciler=false',
  ],
  env: { KUBECONFIG: cp.kubeconfig, AWS_SSM_ENDPOINT: store.url },
  ready: `http://127.0.0.1:${live}/healthz`,
});

type ExternalSecret = KubeObject & { readonly status?: { readonly refreshTime?: string } };
const API = 'external-secrets.io/v1';
const pathOf = (resource: string, name = ''): string =>
  `/apis/${API}/namespaces/${ns}/${resource}${name === '' ? '' : `/${name}`}`;

await stage.create({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name: 'aws' },
  ...{ stringData: { id: 'any', key: 'any' } },
});
await cp.api('POST', pathOf('secretstores'), {
  apiVersion: API,
  kind: 'SecretStore',
  metadata: { name: 'parameters' },
  spec: {
    provider: {
      aws: {
        service: 'ParameterStore',
        region: REGION,
        auth: {
          secretRef: {
            accessKeyIDSecretRef: { name: 'aws', key: 'id' },
            secretAccessKeySecretRef: { name: 'aws', key: 'key' },
          },
        },
      },
    },
  },
});

/** A Secret `db` that External Secrets keeps like the parameter `/shop/password`. */
await store.put('/shop/password', 'first');
await cp.api('POST', pathOf('externalsecrets'), {
  apiVersion: API,
  kind: 'ExternalSecret',
  metadata: { name: 'db' },
  spec: {
    refreshInterval: '1s',
    secretStoreRef: { kind: 'SecretStore', name: 'parameters' },
    target: { name: 'db' },
    data: [{ secretKey: 'password', remoteRef: { key: '/shop/password' } }],
  },
});
const holds = (value: string): Promise<KubeObject> =>
  cp.untilObject<KubeObject & { data?: Record<string, string> }>(
    stage.path('Secret', 'db'),
    ({ data }) => data?.['password'] === Buffer.from(value).toString('base64'),
  );
await holds('first');
const observed = await stage.observe('Deployment', 'shop', { uses: ['Secret/db'] });

t.test('a change in the Parameter Store ends in exactly one rollout', async (t) => {
  for (const value of ['second', 'third', 'fourth']) {
    await store.put('/shop/password', value);
    await holds(value);
    await observed.rolledFor('Secret/db', { password: value });
    t.same(await observed.ring(), observed.after(['secret/db']), value);
  }
});

t.test('reading the store again, with nothing new in it, rolls nothing', async (t) => {
  const path = pathOf('externalsecrets', 'db');
  let { status } = await cp.api<ExternalSecret>('GET', path);
  for (let refresh = 0; refresh < 3; refresh += 1) {
    const last = status?.refreshTime;
    ({ status } = await cp.untilObject<ExternalSecret>(path, (now) => now.status?.refreshTime !== last));
  }
  t.same(await observed.ring(), observed.after());
});

t.test('the log says that External Secrets changed it, and no value', async (t) => {
  const roll = await stage.restamp.until(({ audit, name }) => audit === 'roll' && name === 'shop');
  t.match(JSON.stringify(roll), /external-?secrets/i);
  const log = JSON.stringify(stage.lines);
  for (const value of ['first', 'second', 'third', 'fourth'])
    t.notOk(log.includes(`"${value}"`) || log.includes(Buffer.from(value).toString('base64')), value);
});
