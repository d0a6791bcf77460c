import t from 'tap';
import { parseSelector } from '../../../src/core/api/label-selector.ts';
import { digestOf, NOW, reloaderKeys, workload } from '../../support/controller/builders.ts';
import { ask, object, SECRETS } from '../../support/webhook/source-handler-harness.ts';

const [api, agent] = [workload('api'), { ...workload('agent'), kind: 'DaemonSet' }];
const needing = (name: string, ...needs: string[]) => ({
  ...workload(name),
  references: new Map([['cm/app', { container: 'main', needs }]]),
});

t.test('a sighting says what was written, by whom and on what', async (t) => {
  const { sightings } = ask({
    oldObject: object({ a: '1', gone: 'x' }),
    object: object({ a: '2', b: 'new' }),
  });
  t.same(sightings, [
    {
      type: 'cm',
      namespace: 'apps',
      name: 'app',
      uid: 'uid-app',
      digest: digestOf('cm/app', { a: '2', b: 'new' }),
      baseVersion: '7',
      keys: ['a', 'b', 'gone'],
      user: 'ann',
      groups: ['staff'],
      manager: 'kubectl-edit',
      operation: 'UPDATE',
      requestUid: 'r-1',
      at: NOW,
    },
  ]);
});

t.test('a CREATE has no base, and a DELETE no digest', async (t) => {
  const created = ask({ operation: 'CREATE', oldObject: null, object: object({ a: '1' }) });
  t.match(created.sightings, [{ operation: 'CREATE', baseVersion: undefined, keys: ['a'] }]);
  t.equal(created.sightings[0]?.digest, digestOf('cm/app', { a: '1' }));
  const deleted = ask({ operation: 'DELETE', oldObject: object({ a: '1' }), object: null, options: null });
  t.match(deleted.sightings, [{ operation: 'DELETE', baseVersion: '7', keys: ['a'], uid: 'uid-app' }]);
  t.equal(deleted.sightings[0]?.digest, undefined);
  t.equal(deleted.sightings[0]?.manager, undefined);
});

t.test('the preview is asked with what the source would become', async (t) => {
  const { previews } = ask({
    resource: SECRETS,
    object: object({ a: 'eA==' }, { annotations: { [reloaderKeys.match]: 'true' } }),
  });
  const [asked] = previews;
  t.match(asked, {
    ref: { type: 'secret', namespace: 'apps', name: 'app' },
    next: { state: 'present', uid: 'uid-app', resourceVersion: '7' },
    marks: { ignore: false, match: true },
  });
  if (asked?.next.state !== 'present') return;
  const data = { a: 'eA==' };
  t.equal(asked.next.digest('k1', undefined), digestOf('secret/app', data));
  t.equal(asked.next.digest('k0', undefined), digestOf('secret/app', data, undefined, 'k0'));
  t.equal(asked.next.digest('k1', ['b']), digestOf('secret/app', data, ['b']));
  t.equal(asked.next.digest('lost', undefined), '', 'a key that nobody has equals nothing');
  const gone = ask({ operation: 'DELETE', object: null }).previews[0];
  t.same([gone?.next, gone?.marks], [{ state: 'missing' }, undefined]);
});

t.test('the writer is warned of what rolls, and of needed keys that go', async (t) => {
  const request = { oldObject: object({ a: '1', HOST: 'h' }), object: object({ a: '1' }) };
  const { answer } = ask(request, [needing('api', 'HOST'), needing('web', 'a')]);
  t.same(answer.warnings, [
    'ConfigMap app rolls Deployment/api, Deployment/web',
    'ConfigMap app: key HOST is removed but Deployment/api needs it',
  ]);
  t.same(ask(request).answer.warnings, [], 'nothing is said where nothing rolls');
});

t.test('parts of the cluster are not warned; people and other controllers are', async (t) => {
  const warnings = (username: string | undefined) =>
    ask({ userInfo: { username } }, [api]).answer.warnings?.length;
  for (const system of [
    'system:kube-controller-manager',
    'system:serviceaccount:kube-system:root-ca-cert-publisher',
    'system:node:worker-1',
    'system:apiserver',
  ])
    t.equal(warnings(system), 0, system);
  for (const other of ['ann', 'system:admin', 'system:serviceaccount:argocd:argocd', 'kube-', undefined])
    t.equal(warnings(other), 1, String(other));
});

t.test('audit annotations count what rolls and name the changed keys, never more than 20', async (t) => {
  const many = Object.fromEntries(Array.from({ length: 30 }, (_, index) => [`k${100 + index}`, 'x']));
  const { answer } = ask({ oldObject: object({}), object: object(many) }, [api, agent]);
  t.equal(answer.auditAnnotations?.['rolls'], '2');
  t.equal(answer.auditAnnotations?.['changed-keys'], Object.keys(many).slice(0, 20).join(','));
});

t.test('a dry run is answered and logged, and seen by nobody', async (t) => {
  const { answer, sightings, audit } = ask({ dryRun: true }, [api]);
  t.same(sightings, []);
  t.same(answer.warnings, ['ConfigMap app rolls Deployment/api']);
  t.equal(answer.auditAnnotations?.['rolls'], '1');
  t.match(audit[0]?.[0], { dryRun: true });
});

t.test('the audit line says who did what to which keys, and what rolls', async (t) => {
  const { audit } = ask({}, [api, agent]);
  t.same(audit, [
    [
      {
        audit: 'admission',
        user: 'ann',
        groups: ['staff'],
        manager: 'kubectl-edit',
        operation: 'UPDATE',
        source: 'ConfigMap app',
        namespace: 'apps',
        keys: ['a'],
        dryRun: false,
        requestUid: 'r-1',
        rolls: 2,
        workloads: ['Deployment/api', 'DaemonSet/agent'],
      },
      "ann sent UPDATE of ConfigMap app in namespace 'apps'",
    ],
  ]);
});

t.test('an audit line names at most 50 workloads and counts all', async (t) => {
  const { audit } = ask(
    {},
    Array.from({ length: 70 }, (_, index) => workload(`w${index}`)),
  );
  t.equal((audit[0]?.[0]['workloads'] as string[]).length, 50);
  t.equal(audit[0]?.[0]['rolls'], 70);
});

t.test('a source on which nothing can depend is not digested, seen or logged', async (t) => {
  const { answer, sightings, audit, previews } = ask({}, [api], { matters: () => false });
  t.same([sightings, audit, previews], [[], [], []]);
  t.same(answer, { auditAnnotations: { rolls: '0', 'changed-keys': 'a' } });
});

t.test('any resource but ConfigMaps and Secrets is refused', async (t) => {
  for (const resource of [
    { group: 'apps', resource: 'deployments' },
    { group: 'apps', resource: 'configmaps' },
    { group: '', resource: 'pods' },
  ])
    t.throws(() => ask({ resource }), { code: 'RESTAMP_ADMISSION_RESOURCE' });
});

t.test('keys of the prototype are keys like any others', async (t) => {
  const request = JSON.parse(
    '{"oldObject":{"metadata":{"name":"app"},"data":{"__proto__":"1"}},' +
      '"object":{"metadata":{"name":"app"},"data":{"__proto__":"2","constructor":"3"}}}',
  ) as object;
  t.same(ask(request).sightings[0]?.keys, ['__proto__', 'constructor']);
});

t.test(
  'a write after which the source has not the labels that are asked for is previewed as no change',
  async (t) => {
    const selector = parseSelector('team')!;
    const labels = { team: 'shop' };
    const after = (metadata: object) =>
      ask(
        { operation: 'UPDATE', oldObject: object({}, { labels }), object: object({ a: 'MQ==' }, metadata) },
        [],
        { selector },
      ).previews[0]?.next;
    t.same(after({}), { state: 'missing', filtered: true });
    t.match(after({ labels }), { state: 'present' });
  },
);

t.test('of a source out of the scope nothing is said or kept, whoever depends on it', async (t) => {
  const { answer, sightings, audit, previews } = ask({}, [api], {
    inScope: (namespace) => namespace !== 'apps',
  });
  t.same([sightings, audit, previews], [[], [], []]);
  t.equal(answer.auditAnnotations?.['rolls'], '0');
  t.notOk(answer.warnings);
});
