import t from 'tap';
import { AUTO, leverOf, sha1Of, source, workload, type SourceName } from '../support/objects.ts';
import { openStage } from '../support/environment.ts';

t.setTimeout(600_000);

const A: SourceName = 'ConfigMap/a';
const B: SourceName = 'ConfigMap/b';
const C: SourceName = 'Secret/c';
const held = (reason: string) => (line: { audit?: string }) =>
  line.audit === 'held' && (line as { reason?: string }).reason === reason;
const request = (verb: string): string => `${verb}@${new Date().toISOString()}`;

t.test('30 edits to 5 sources of one workload within the quiet period are one roll', async (t) => {
  const stage = await openStage(t, 'burst', { flags: ['--quiet-period=3s', '--longest-delay=30s'] });
  const uses: SourceName[] = [A, B, C, 'ConfigMap/d', 'Secret/e'];
  await stage.create(...uses.map((one) => source(one, { n: '0' })));
  const api = await stage.observe('Deployment', 'api', { uses });
  for (let edit = 1; edit <= 30; edit += 1)
    await stage.change(uses[edit % uses.length] ?? A, { n: String(edit) });
  await api.rolledTimes(1);
  const { rolls, revisions } = await api.ring();
  t.equal(revisions, 2, 'one for all edits, one for the bell');
  t.equal(rolls[0]?.length, 5);
});

t.test('a slow trickle of changes rolls no later than the longest delay', async (t) => {
  const stage = await openStage(t, 'trickle', { flags: ['--quiet-period=5s', '--longest-delay=4s'] });
  await stage.create(source(A, { n: '0' }));
  const api = await stage.observe('Deployment', 'api', { uses: [A] });
  const enough = new AbortController();
  const trickle = (async (): Promise<void> => {
    for (let edit = 1; !enough.signal.aborted; edit += 1) await stage.change(A, { n: String(edit) });
  })();
  // With the quiet period alone this would never come.
  await api.rolledTimes(1);
  enough.abort();
  await trickle;
});

t.test('annotations on the workload or the source set its own quiet period', async (t) => {
  const stage = await openStage(t, 'wishes', { flags: ['--quiet-period=1h', '--longest-delay=1h'] });
  const quick = { 'restamp.dev/quiet-period': '100ms' };
  await stage.create(source(A, { n: '0' }), source(B, { n: '0' }, quick));
  await stage.create(workload('Deployment', 'api', { annotations: { ...AUTO, ...quick }, uses: [A] }));
  await stage.create(workload('Deployment', 'web', { annotations: AUTO, uses: [B] }));
  await stage.stamped('Deployment', 'api', [A]);
  await stage.stamped('Deployment', 'web', [B]);
  await stage.change(A, { n: '1' });
  await stage.change(B, { n: '1' });
  for (const [name, one] of [
    ['api', A],
    ['web', B],
  ] as const)
    await stage.until('Deployment', name, (object) => leverOf(object, one) === sha1Of({ n: '1' }));
});

t.test('over the limit a workload is held and says so; roll@ opens, skip@ takes it as it is', async (t) => {
  const stage = await openStage(t, 'limit', { flags: ['--roll-limit=2'] });
  await stage.create(source(A, { n: '0' }));
  await stage.create(workload('Deployment', 'api', { annotations: AUTO, uses: [A] }));
  await stage.stamped('Deployment', 'api', [A]);
  const shows = (n: string) =>
    stage.until('Deployment', 'api', (object) => leverOf(object, A) === sha1Of({ n }));
  for (const n of ['1', '2']) {
    await stage.change(A, { n });
    await shows(n);
  }
  await stage.change(A, { n: '3' });
  const line = await stage.restamp.until(held('limit'));
  t.match(String(line['detail']), 'cm/a', 'the source that flaps is named');
  const waiting = await stage.until(
    'Deployment',
    'api',
    ({ metadata }) => 'restamp.dev/held' in (metadata.annotations ?? {}),
  );
  t.match(waiting.metadata.annotations?.['restamp.dev/held'], /"reason":"limit".*"by":"admin"/);
  t.match(await stage.metrics(), 'restamp_held{reason="limit"} 1');
  t.equal(leverOf(waiting, A), sha1Of({ n: '2' }));

  await stage.annotate('Deployment', 'api', { 'restamp.dev/request': request('roll') });
  const rolled = await shows('3');
  t.notOk('restamp.dev/held' in (rolled.metadata.annotations ?? {}), 'the roll takes the hold away');
  t.match(rolled.metadata.annotations?.['restamp.dev/last-roll'], '"waited":["limit"]');

  // The same request is not obeyed twice.
  await stage.change(A, { n: '4' });
  await stage.until(
    'Deployment',
    'api',
    ({ metadata }) => 'restamp.dev/held' in (metadata.annotations ?? {}),
  );
  await stage.annotate('Deployment', 'api', { 'restamp.dev/request': request('skip') });
  const skipped = await stage.until(
    'Deployment',
    'api',
    ({ metadata }) => !('restamp.dev/held' in (metadata.annotations ?? {})),
  );
  t.equal(leverOf(skipped, A), sha1Of({ n: '3' }), 'the template is as it was');

  // A source may ask too, for all that use it.
  await stage.change(A, { n: '5' });
  await stage.until(
    'Deployment',
    'api',
    ({ metadata }) => 'restamp.dev/held' in (metadata.annotations ?? {}),
  );
  await stage.annotate('ConfigMap', 'a', { 'restamp.dev/request': request('roll') });
  await shows('5');
});

t.test('a roll that is held over a restart still names its actor', async (t) => {
  const stage = await openStage(t, 'heldover', { flags: ['--roll-limit=1'] });
  await stage.create(source(A, { n: '0' }));
  await stage.create(workload('Deployment', 'api', { annotations: AUTO, uses: [A] }));
  await stage.stamped('Deployment', 'api', [A]);
  await stage.change(A, { n: '1' });
  await stage.until('Deployment', 'api', (object) => leverOf(object, A) === sha1Of({ n: '1' }));
  await stage.change(A, { n: '2' });
  await stage.until(
    'Deployment',
    'api',
    ({ metadata }) => 'restamp.dev/held' in (metadata.annotations ?? {}),
  );
  await stage.restamp.stop();
  await stage.start();
  const rolled = await stage.until(
    'Deployment',
    'api',
    (object) => leverOf(object, A) === sha1Of({ n: '2' }),
  );
  const [last] = JSON.parse(rolled.metadata.annotations?.['restamp.dev/last-roll'] ?? '[]') as {
    sources: { by?: string; keys?: string[] }[];
  }[];
  t.match(last?.sources, [{ by: 'admin', keys: ['n'] }]);
});

t.test('the stop switch holds everything, and what it held rolls when it is turned back', async (t) => {
  const stage = await openStage(t, 'stop');
  await stage.create(source(A, { n: '0' }));
  await stage.create(workload('Deployment', 'api', { annotations: AUTO, uses: [A] }));
  await stage.stamped('Deployment', 'api', [A]);
  // The switch for all is a ConfigMap of the installation's name in its own namespace.
  const own = '/api/v1/namespaces/restamp/configmaps';
  await stage.cp.api('POST', own, {
    metadata: { name: stage.ns, annotations: { 'restamp.dev/stop': 'true' } },
  });
  t.teardown(() => stage.cp.api('DELETE', `${own}/${stage.ns}`).catch(() => undefined));
  await stage.change(A, { n: '1' });
  await stage.restamp.until(held('stop'));
  await stage.cp.api('DELETE', `${own}/${stage.ns}`);
  await stage.until('Deployment', 'api', (object) => leverOf(object, A) === sha1Of({ n: '1' }));
});

t.test('a policy that forbids updates of a workload holds it rejected, and the others go on', async (t) => {
  const stage = await openStage(t, 'policy');
  await stage.create(source(A, { n: '0' }));
  for (const name of ['locked', 'free']) {
    await stage.create(workload('Deployment', name, { annotations: AUTO, uses: [A] }));
    await stage.stamped('Deployment', name, [A]);
  }
  const base = '/apis/admissionregistration.k8s.io/v1';
  const policy = `locked-${stage.ns}`;
  await stage.cp.api('POST', `${base}/validatingadmissionpolicies`, {
    metadata: { name: policy },
    spec: {
      failurePolicy: 'Fail',
      matchConstraints: {
        resourceRules: [
          { apiGroups: ['apps'], apiVersions: ['v1'], operations: ['UPDATE'], resources: ['deployments'] },
        ],
      },
      validations: [
        {
          expression: 'object.metadata.name != "locked" || object.spec.template == oldObject.spec.template',
          message: 'locked',
        },
      ],
    },
  });
  await stage.cp.api('POST', `${base}/validatingadmissionpolicybindings`, {
    metadata: { name: policy },
    spec: {
      policyName: policy,
      validationActions: ['Deny'],
      matchResources: { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': stage.ns } } },
    },
  });
  t.teardown(async () => {
    await stage.cp.api('DELETE', `${base}/validatingadmissionpolicybindings/${policy}`);
    await stage.cp.api('DELETE', `${base}/validatingadmissionpolicies/${policy}`);
  });
  // A new policy is in force a moment after it was stored: a write that it refuses tells.
  const probe = { spec: { template: { metadata: { annotations: { probe: 'x' } } } } };
  for (let inForce = false; !inForce;)
    inForce = await stage.cp
      .api('PATCH', `${stage.path('Deployment', 'locked')}?dryRun=All`, probe, 'application/merge-patch+json')
      .then(
        () => false,
        () => true,
      );
  await stage.change(A, { n: '1' });
  await stage.until('Deployment', 'free', (object) => leverOf(object, A) === sha1Of({ n: '1' }));
  const line = await stage.restamp.until(held('rejected'));
  t.equal(line['name'], 'locked');
  await stage.restamp.until(({ msg }) => msg.startsWith("Update for 'locked' of type 'Deployment'"));
});

t.test('an operator that takes our lever away twice is left alone: held contested, no loop', async (t) => {
  const stage = await openStage(t, 'contested');
  await stage.create(source(A, { n: '0' }));
  const created = workload('Deployment', 'api', { annotations: AUTO, uses: [A] });
  // Owned by something that is no kind of workload: its owner writes the template as it likes.
  const owner = await stage.cp.api('POST', `/api/v1/namespaces/${stage.ns}/configmaps`, {
    metadata: { name: 'operator' },
  });
  await stage.create({
    ...created,
    metadata: {
      ...created.metadata,
      ownerReferences: [
        { apiVersion: 'v1', kind: 'ConfigMap', name: 'operator', uid: owner.metadata.uid, controller: true },
      ],
    },
  } as typeof created);
  await stage.stamped('Deployment', 'api', [A]);
  const path = stage.path('Deployment', 'api');
  const { spec } = await stage.get('Deployment', 'api');
  const revert = [{ op: 'replace', path: '/spec/template', value: spec.template }];
  for (const n of ['1', '2']) {
    await stage.change(A, { n });
    await stage.until('Deployment', 'api', (object) => leverOf(object, A) === sha1Of({ n }));
    await stage.cp.api('PATCH', `${path}?fieldManager=operator`, revert, 'application/json-patch+json');
    await stage.until('Deployment', 'api', (object) => leverOf(object, A) === undefined);
  }
  await stage.change(A, { n: '3' });
  const line = await stage.restamp.until(held('contested'));
  t.equal(line['detail'], 'operator', 'the manager is named');
});
