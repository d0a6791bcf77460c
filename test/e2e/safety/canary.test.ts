import { readFile } from 'node:fs/promises';
import { request } from 'node:https';
import t from 'tap';
import type { KubeObject } from '../../controlplane/http.ts';
import {
  AUTO,
  IGNORE,
  leverOf,
  sha1Of,
  source,
  split,
  STAMPS,
  workload,
  WORKLOAD_KINDS,
  type Data,
  type SourceName,
  type WorkloadKind,
} from '../support/objects.ts';
import { startSibling } from '../support/foreign-webhook.ts';
import { openStage } from '../support/environment.ts';

// The values of a Secret and of a ConfigMap are followed through everything that Restamp does and says. They must
// be nowhere but in the objects that hold them.
// A busy machine takes several times as long as an idle one.
t.setTimeout(600_000);
const stage = await openStage(t, 'canary', { flags: ['--log-level=trace'] });
const { cp, ns } = stage;

/** Every value that is written, so that each can be looked for. */
const values: string[] = [];
const canary = (): string => {
  const value = `canary-${values.length}-Qd7kX2vB9mWz4rTf`;
  values.push(value);
  return value;
};
/** What a value could be written as: itself, and its base64 whatever stands before it. */
const forms = (value: string): string[] => {
  const shifted = ['', 'k', 'kk'].map((before) =>
    Buffer.from(`${before}${value}`).toString('base64').slice(4, -4),
  );
  return [value, ...shifted, Buffer.from(value).toString('hex')];
};
/** The values that a text gives away. */
const leaksIn = (text: string): string[] =>
  values.filter((value) => forms(value).some((form) => text.includes(form)));

const secret: SourceName = 'Secret/canary';
const configMap: SourceName = 'ConfigMap/canary';
const uses = [secret, configMap];
/** What Restamp answered, and what of it kubectl printed; kubectl itself shows the patch that was refused. */
const answers: string[] = [];
async function apply(which: SourceName, data: Data, ...flags: readonly string[]): Promise<void> {
  const args = ['-n', ns, 'apply', ...flags, '-f', '-'];
  const { stderr } = await cp.kubectl(args, { mayFail: true, input: source(which, data) });
  answers.push(...stderr.split('\n').filter((line) => line.startsWith('Warning: ')));
}

async function rolled(kinds: readonly WorkloadKind[], which: SourceName, data: Data): Promise<void> {
  const value = sha1Of(data);
  for (const kind of kinds) await stage.until(kind, 'api', (object) => leverOf(object, which) === value);
}

t.test('a Secret goes through everything that happens to Secrets', async (t) => {
  const sibling = await startSibling(t, stage);
  for (const which of uses) await apply(which, { key: canary() });
  for (const kind of WORKLOAD_KINDS) await stage.create(workload(kind, 'api', { annotations: AUTO, uses }));
  for (const kind of WORKLOAD_KINDS) await stage.stamped(kind, 'api', uses);

  for (const which of uses) {
    // Rolled by kubectl apply, by a patch, by server-side apply, for several keys, for a key that goes.
    const data = { key: canary(), more: canary() };
    await apply(which, data);
    await rolled(WORKLOAD_KINDS, which, data);
    data.key = canary();
    await stage.change(which, { key: data.key });
    await rolled(WORKLOAD_KINDS, which, data);
    data.key = canary();
    await apply(which, data, '--server-side', '--force-conflicts');
    await rolled(WORKLOAD_KINDS, which, data);
    // Never stored: tried only, refused by another admission, too large, with a bad key.
    await apply(which, { key: canary(), more: data.more }, '--dry-run=server');
    sibling.deny = 'canary';
    await apply(which, { key: canary(), more: data.more });
    sibling.deny = undefined;
    await apply(which, { key: canary(), 'bad key': canary() });
    await apply(which, { key: canary().repeat(50_000) }, '--server-side', '--force-conflicts');
    // Restamp does not look at it for a while; its map is damaged; it is deleted and made again.
    const { kind, name } = split(which);
    await stage.annotate(kind, name, IGNORE);
    await stage.annotate('Deployment', 'api', { [STAMPS]: '{' });
    await stage.annotate(kind, name, { 'reloader.stakater.com/ignore': null });
    await stage.stamped('Deployment', 'api', uses);
    await stage.remove(which);
    const again = { key: canary() };
    await apply(which, again);
    await rolled(WORKLOAD_KINDS, which, again);
  }
  t.ok(values.length > 20);
});

t.test('a change while Restamp is away, found at the next start', async (t) => {
  await stage.restamp.kill();
  const data = { key: canary() };
  await apply(secret, data);
  await stage.start();
  await rolled(WORKLOAD_KINDS, secret, data);
  t.ok(values.length > 20);
});

/** Sends a body to the front door; its certificate is the API server's business, not this test's. */
function post(url: string, body: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      rejectUnauthorized: false,
    };
    const outgoing = request(url, options, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      response.on('end', () => resolve(text));
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

t.test('reviews straight at the front door, good ones and bad ones, are answered', async (t) => {
  const encoded = (): string => Buffer.from(canary()).toString('base64');
  const object = (): object => ({
    metadata: { name: 'canary', namespace: ns, uid: 'u' },
    data: { key: encoded() },
  });
  const review = (inner: object): string =>
    JSON.stringify({
      apiVersion: 'admission.k8s.io/v1',
      kind: 'AdmissionReview',
      request: {
        uid: 'u',
        operation: 'UPDATE',
        resource: { group: '', version: 'v1', resource: 'secrets' },
        userInfo: { username: 'somebody' },
        namespace: ns,
        object: object(),
        oldObject: object(),
        ...inner,
      },
    });
  const bodies = [
    review({}),
    review({ object: { metadata: { name: 'canary', namespace: ns }, data: encoded() } }),
    review({ object: { metadata: { name: 'canary', annotations: [canary()] }, stringData: canary() } }),
    review({ object: encoded() }),
    review({}).slice(0, -3),
    review({}).replace('"data":{', '"data":{{'),
    encoded(),
  ];
  const { url } = await stage.door('sources');
  for (const body of bodies) answers.push(await post(url, body));
  t.equal(answers.filter((text) => text.includes('RESTAMP_ADMISSION_')).length, 4);
});

t.test('a workload that is made up, straight at the front door, learns no hash of a Secret', async (t) => {
  const { url } = await stage.door('workloads');
  const data = { key: canary() };
  await stage.create(source('Secret/nobodys', data));
  const made = (namespace: string, uid: string): object => ({
    metadata: {
      name: 'api',
      namespace,
      uid,
      annotations: { 'secret.reloader.stakater.com/reload': 'nobodys,canary' },
    },
    spec: {
      template: {
        spec: {
          containers: [
            {
              name: 'main',
              env: ['NOBODYS', 'CANARY'].map((name) => ({ name: `STAKATER_${name}_SECRET`, value: 'x' })),
            },
          ],
        },
      },
    },
  });
  const { metadata } = await stage.get('Deployment', 'api');
  const hashes = [sha1Of(data), leverOf(await stage.get('Deployment', 'api'), secret)];
  t.match(hashes[1], /^[0-9a-f]{40}$/);
  for (const [namespace, uid] of [
    [ns, 'u'],
    [ns, metadata.uid],
    ['kube-system', 'u'],
  ] as const)
    for (const operation of ['CREATE', 'UPDATE']) {
      const body = JSON.stringify({
        apiVersion: 'admission.k8s.io/v1',
        kind: 'AdmissionReview',
        request: {
          uid: 'u',
          operation,
          resource: { group: 'apps', version: 'v1', resource: 'deployments' },
          userInfo: { username: 'somebody' },
          namespace,
          object: made(namespace, uid),
          oldObject: operation === 'UPDATE' ? { ...made(namespace, uid), spec: {} } : null,
        },
      });
      const answer = await post(url, body);
      t.match(answer, '"allowed":true');
      const { response } = JSON.parse(answer) as { response: { patch?: string } };
      const patch = Buffer.from(response.patch ?? '', 'base64').toString();
      answers.push(answer, patch);
      // Who knows the uid has read the Deployment, and in it the hash that it bears.
      for (const hash of uid === metadata.uid ? hashes.slice(0, 1) : hashes)
        t.notMatch(patch, hash, `${operation} in ${namespace}`);
    }
});

const OWN = 'kubectl.kubernetes.io/last-applied-configuration';

/** Every object of a kind in the namespace, as text; of a source all but what may hold its value. */
async function texts(path: string): Promise<string[]> {
  const { items } = await cp.api<{ items: KubeObject[] }>('GET', path);
  return items.map((object) => {
    if (!/configmaps|secrets/.test(path)) return JSON.stringify(object);
    const annotations = Object.entries(object.metadata.annotations ?? {});
    return JSON.stringify(annotations.filter(([name]) => name !== OWN));
  });
}

const places: readonly [title: string, read: () => Promise<readonly string[]>][] = [
  ['log line', async () => stage.lines.map((line) => JSON.stringify(line))],
  ['answer or warning', async () => answers],
  ['metric', async () => (await stage.metrics()).split('\n')],
  ['Event', () => texts(`/api/v1/namespaces/${ns}/events`)],
  ['Deployment', () => texts(stage.path('Deployment'))],
  ['DaemonSet', () => texts(stage.path('DaemonSet'))],
  ['StatefulSet', () => texts(stage.path('StatefulSet'))],
  ['ReplicaSet', () => texts(`/apis/apps/v1/namespaces/${ns}/replicasets`)],
  ['ControllerRevision', () => texts(`/apis/apps/v1/namespaces/${ns}/controllerrevisions`)],
  ['Pod', () => texts(`/api/v1/namespaces/${ns}/pods`)],
  ['annotation of a Secret', () => texts(stage.path('Secret'))],
  ['annotation of a ConfigMap', () => texts(stage.path('ConfigMap'))],
  ['object of the own namespace', () => texts('/api/v1/namespaces/restamp/secrets')],
];

t.test('the search finds a value where there is one', async (t) => {
  const stored = await cp.api('GET', stage.path('Secret', 'canary'));
  const { annotations, ...metadata } = stored.metadata;
  t.equal(leaksIn(JSON.stringify({ ...stored, metadata })).length, 1, 'as base64');
  t.equal(leaksIn(JSON.stringify(annotations)).length, 1, 'as kubectl left it');
});

for (const [title, read] of places)
  t.test(`no value is in any ${title}`, async (t) => {
    const found = await read();
    t.ok(found.length > 0, 'there is something to look at');
    t.same(found.flatMap(leaksIn), []);
  });

t.test('no value is in what the API server’s audit log got from us', async (t) => {
  if (cp.auditLog === undefined) {
    t.pass('there is none');
    return;
  }
  const ours = (await readFile(cp.auditLog, 'utf8')).split('\n').filter((line) => line.includes(ns));
  t.ok(ours.some((line) => line.includes('sources.restamp.dev/changed-keys')));
  t.same(ours.flatMap(leaksIn), []);
});
