import { execFile } from 'node:child_process';
import { findPort } from '../controlplane/ports.ts';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import t from 'tap';
import { source } from '../e2e/support/objects.ts';
import { openStage } from '../e2e/support/environment.ts';
import { buildNeighbour } from './build.ts';
import { applyDefinitions } from './definitions.ts';
import { inCluster } from './in-cluster.ts';
import { SEALED_SECRETS } from './neighbours.ts';
import { startProgram } from './program.ts';

t.setTimeout(1_800_000);

const { folder, definitions } = await buildNeighbour(SEALED_SECRETS);
const stage = await openStage(t, 'sealed');
const { cp, ns } = stage;
await applyDefinitions(cp, definitions);
const address = `127.0.0.1:${await findPort()}`;
const dir = t.testdir({ account: {} });
const account = join(dir, 'account');
await mkdir(account, { recursive: true });
const started = await inCluster(cp, {
  dir: account,
  namespace: ns,
  program: [
    join(folder, 'controller'),
    '--all-namespaces=false',
    `--listen-addr=${address}`,
    `--listen-metrics-addr=127.0.0.1:${await findPort()}`,
  ],
});
await startProgram(t, { ...started, ready: `http://${address}/healthz` });
const certificate = join(dir, 'cert.pem');
await writeFile(certificate, await (await fetch(`http://${address}/v1/cert.pem`)).text());

/** Seals a Secret `db` as a person would before a commit, and applies it as Git's tool would after. */
const seal = async (password: string): Promise<void> => {
  const secret = { ...source('Secret/db', { password }), metadata: { name: 'db', namespace: ns } };
  const sealing = promisify(execFile)(join(folder, 'kubeseal'), ['--cert', certificate, '--format', 'json']);
  sealing.child.stdin?.end(JSON.stringify(secret));
  await cp.kubectl(['apply', '-f', '-'], { input: (await sealing).stdout });
};
const sealed = `/apis/bitnami.com/v1alpha1/namespaces/${ns}/sealedsecrets/db`;
/** Waits until the controller has opened the newest SealedSecret. */
const opened = async (): Promise<void> => {
  await cp.untilObject(sealed, ({ metadata, status }) => {
    const { observedGeneration = 0 } = (status ?? {}) as { observedGeneration?: number };
    return observedGeneration >= (metadata.generation ?? 0);
  });
};

await seal('first');
await opened();
const observed = await stage.observe('Deployment', 'shop', { uses: ['Secret/db'] });

t.test('a SealedSecret with another value ends in exactly one rollout', async (t) => {
  for (const password of ['second', 'third']) {
    await seal(password);
    await observed.rolledFor('Secret/db', { password });
    t.same(await observed.ring(), observed.after(['secret/db']), password);
  }
});

t.test('the same value sealed again, which is another cipher text, rolls nothing', async (t) => {
  await seal('third');
  await opened();
  t.same(await observed.ring(), observed.after());
});

t.test('a Secret that somebody deletes is made again, and rolls nothing', async (t) => {
  const before = await cp.api('GET', stage.path('Secret', 'db'));
  await stage.remove('Secret/db');
  await cp.untilObject(stage.path('Secret', 'db'), ({ metadata }) => metadata.uid !== before.metadata.uid);
  t.same(await observed.ring(), observed.after());
});
