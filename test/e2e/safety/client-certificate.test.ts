import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { issueCa, issueLeaf } from '../../../certs/issue.ts';
import { startControlPlane } from '../../controlplane/controlplane.ts';
import { get } from '../support/metrics.ts';
import { historyOf, leverOf, AUTO, sha1Of, source, workload, type SourceName } from '../support/objects.ts';
import { Stage } from '../support/environment.ts';

// An API server that shows a client certificate to its webhooks, as docs/explanation/security.md says.
t.setTimeout(300_000);
const dir = await mkdtemp(join(tmpdir(), 'restamp-client-'));
t.teardown(() => rm(dir, { recursive: true }));
const file = (name: string): string => join(dir, name);
const ca = await issueCa(Date.now());

/** The certificate that the API server shows from its next start on. */
async function certify(): Promise<void> {
  const { certPem, keyPem } = await issueLeaf(ca, ['kube-apiserver'], Date.now());
  await writeFile(file('client.crt'), certPem);
  await writeFile(file('client.key'), keyPem, { mode: 0o600 });
}

await certify();
await writeFile(file('ca.crt'), ca.certPem);
const user = { 'client-certificate': file('client.crt'), 'client-key': file('client.key') };
// JSON is YAML. The API server looks here for the host of a webhook, and takes `*` for any.
await writeFile(
  file('kubeconfig'),
  JSON.stringify({ apiVersion: 'v1', kind: 'Config', users: [{ name: '*', user }] }),
);
const configuration = {
  apiVersion: 'apiserver.config.k8s.io/v1',
  kind: 'WebhookAdmissionConfiguration',
  kubeConfigFile: file('kubeconfig'),
};
await writeFile(
  file('admission'),
  JSON.stringify({
    apiVersion: 'apiserver.config.k8s.io/v1',
    kind: 'AdmissionConfiguration',
    plugins: ['ValidatingAdmissionWebhook', 'MutatingAdmissionWebhook'].map((name) => ({
      name,
      configuration,
    })),
  }),
);
// Nothing is to run: the patch of a Deployment is all that is looked at.
const cp = await startControlPlane({
  programs: [],
  apiserver: [`--admission-control-config-file=${file('admission')}`],
});
t.teardown(() => cp.stop());
const asking = (name: string) => ({
  flags: [`--admission-client-ca=${file('ca.crt')}`, `--admission-client-names=${name}`],
});
const stage = new Stage(cp, await cp.freshNamespace('client-certificate'), {});
t.teardown(() => stage.close());
await stage.start(asking('kube-apiserver'));
const app: SourceName = 'ConfigMap/app';
await stage.create(
  source(app, { key: 'old' }),
  workload('Deployment', 'api', { annotations: AUTO, uses: [app] }),
);
await stage.stamped('Deployment', 'api', [app]);

const refused = async (): Promise<number> =>
  get(await stage.metrics(), 'restamp_refused_calls_total', { reason: 'client' });

/** Writes the ConfigMap; the warning that the writer sees, and who the roll is told to be by. */
async function write(value: string): Promise<{ stderr: string; by: string | undefined }> {
  const data = { key: value };
  const { stderr } = await cp.kubectl(['apply', '-n', stage.ns, '-f', '-'], { input: source(app, data) });
  const rolled = await stage.until('Deployment', 'api', (object) => leverOf(object, app) === sha1Of(data));
  return { stderr, by: historyOf(rolled)[0]?.sources[0]?.by };
}

async function isSeen(t: Test, value: string): Promise<void> {
  const { stderr, by } = await write(value);
  t.match(stderr, 'Warning: ConfigMap app rolls Deployment/api');
  t.equal(by, 'admin');
}

t.test('the write is seen, and rolls', async (t) => {
  await isSeen(t, 'new');
  t.equal(await refused(), 0);
});

t.test('who knows the address and shows no certificate is refused, and counted', async (t) => {
  const { url, caBundle } = await stage.door('sources');
  const status = await new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json' };
    request(url, { method: 'POST', headers, ca: caBundle }, (answer) => resolve(answer.resume().statusCode))
      .on('error', reject)
      .end('{}');
  });
  t.equal(status, 403);
  t.equal(await refused(), 1);
});

t.test('a new certificate of the same name and CA is as good', async (t) => {
  await certify();
  await cp.restart('kube-apiserver');
  await isSeen(t, 'renewed');
  t.equal(await refused(), 1);
});

t.test('one of another name is refused: the write goes on, and rolls, unattributed', async (t) => {
  await stage.restamp.stop();
  await stage.start(asking('somebody-else'));
  const { stderr, by } = await write('unseen');
  t.notMatch(stderr, 'Warning');
  t.equal(by, undefined);
  t.ok((await refused()) > 0);
});
