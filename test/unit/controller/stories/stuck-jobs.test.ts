import { createHash } from 'node:crypto';
import t from 'tap';
import { RestampError } from '../../../../src/errors.ts';
import { LAST_ROLL } from '../../../../src/core/api/annotations.ts';
import { parseHistory } from '../../../../src/core/stamps/history.ts';
import { apiServer } from '../../../support/controller/fake-cluster.ts';

const FINALIZERS = ['example.com/hook'];
const job = (name: string, namespace = 'tenant') => ({ kind: 'Job', namespace, name });
const api = { kind: 'Deployment', namespace: 'prod', name: 'api' };

/** Jobs that a finalizer keeps, and a Deployment of another namespace. */
async function stuck(count: number, more: { env?: object[] } = {}) {
  const server = apiServer();
  const one = server.replica();
  for (const namespace of ['tenant', 'prod']) server.putSource(namespace, { a: '1' });
  for (let i = 0; i < count; i += 1) server.put(job(`j${i}`), { finalizers: FINALIZERS, ...more });
  server.put(api);
  one.parts.mutator.start();
  await server.pass(3000);
  server.putSource('tenant', { a: '2' });
  await server.pass(3000);
  return { server, one };
}

t.test('stuck Jobs hold up no other roll, ask for little, and say why they wait', async (t) => {
  const { server, one } = await stuck(20);
  t.equal(server.kept(), 20);
  for (let i = 0; i < 20; i += 1) t.equal(one.reason(`tenant/Job/j${i}`), 'terminating');
  server.calls.length = 0;
  server.putSource('prod', { a: '2' });
  await server.pass(1000);
  t.same(one.rolled(), ['prod/api']);
  await server.pass(60_000);
  t.ok(server.calls.length <= 1 + 60, `${server.calls.length} calls in a minute`);
  t.same(
    [one.errors, one.events.filter(({ reason }) => reason === 'ReloadFail'), one.troubles],
    [[], [], []],
  );
  t.notOk(one.counted.includes(false));
});

t.test('a Job is made and told of when it is let go', async (t) => {
  const { server, one } = await stuck(3);
  t.same(one.rolled(), []);
  server.drop(job('j1'));
  await server.pass(500);
  t.same(one.rolled(), ['tenant/j1']);
  const made = server.objects.get('tenant/Job/j1')!;
  t.match(made.metadata.uid, /^new/);
  t.equal(parseHistory(made.metadata.annotations['restamp.dev/last-roll']).length, 1);
  t.equal(one.parts.queue.has('tenant/Job/j1'), false);
  t.same(
    one.events.map(({ workload, reason }) => [workload.uid, reason]),
    [[made.metadata.uid, 'Reloaded']],
  );
  t.equal(server.kept(), 2);
});

t.test(
  'what is told of a Job that was made is what we have kept of it, whatever it bears itself',
  async (t) => {
    const { server, one } = await stuck(1);
    const source = { source: 'cm/app', cause: 'changed', by: 'alice@corp', changed: '2026-01-01T00:00:00Z' };
    const forged = JSON.stringify([{ rolled: '2026-01-01T00:00:00Z', sources: [source] }]);
    const store = server.objects.set.bind(server.objects);
    server.objects.set = (key, made) => {
      made.metadata.annotations[LAST_ROLL] = forged;
      return store(key, made);
    };
    server.drop(job('j0'));
    await server.pass(500);
    t.same(one.rolled(), ['tenant/j0']);
    t.notMatch(
      JSON.stringify([one.audit, one.events.map(({ message }) => message)]),
      /alice|2026-01-01T00:00:00Z/,
    );
  },
);

t.test('the rolls of a Job count although it is gone for a while', async (t) => {
  const { server, one } = await stuck(1);
  for (const value of ['3', '4', '5']) {
    server.drop(job('j0'));
    await server.pass(20_000);
    server.putSource('tenant', { a: value });
    await server.pass(3000);
  }
  server.drop(job('j0'));
  await server.pass(3000);
  t.equal(one.rolled().length, 4);
  const history = server.objects.get('tenant/Job/j0')!.metadata.annotations['restamp.dev/last-roll'];
  t.equal(parseHistory(history).length, 4);
});

t.test('a Job that waits to be made is held with its reason, and is in the store', async (t) => {
  const { server, one } = await stuck(1);
  server.fail.set('POST job', 'RESTAMP_KUBE_FORBIDDEN');
  server.drop(job('j0'));
  await server.pass(200_000);
  t.equal(server.objects.has('tenant/Job/j0'), false);
  t.equal(one.parts.remakes.reason('tenant/Job/j0'), 'rejected');
  t.ok(one.parts.queue.has('tenant/Job/j0'));
  t.equal(server.kept(), 1);
  server.fail.clear();
  await server.pass(600_000);
  t.same(one.rolled(), ['tenant/j0']);
});

t.test('whoever leads next makes the Jobs that were begun, and tells of them', async (t) => {
  const { server, one } = await stuck(3);
  one.lead(false);
  const next = server.replica();
  next.lead(false);
  for (const namespace of ['tenant', 'prod']) server.putSource(namespace, { a: '2' });
  next.parts.mutator.start();
  server.drop(job('j0'));
  await server.pass(60_000);
  t.equal(server.objects.has('tenant/Job/j0'), false, 'nobody leads');
  next.lead(true);
  await server.pass(1000);
  t.same([one.rolled(), next.rolled()], [[], ['tenant/j0']]);
  server.drop(job('j1'));
  server.drop(job('j2'));
  await server.pass(5000);
  t.same(next.rolled().sort(), ['tenant/j0', 'tenant/j1', 'tenant/j2']);
  t.equal(server.kept(), 0);
});

t.test('stuck Jobs of one namespace take no room from those of another', async (t) => {
  const value = (i: number): string => createHash('sha512').update(String(i)).digest('base64');
  const noise = Array.from({ length: 500 }, (_, i) => ({ name: `V${i}`, value: value(i) }));
  const { server, one } = await stuck(60, { env: noise });
  t.ok(server.kept() < 60, `${server.kept()} of 60`);
  t.ok(one.errors.some((text) => text.includes('take all the room')));
  server.put(job('migrate', 'prod'));
  server.putSource('prod', { a: '2' });
  await server.pass(3000);
  t.ok(one.rolled().includes('prod/migrate'));
});

t.test('a Job that a person deletes while its source changes stays away', async (t) => {
  for (const finalizers of [undefined, ['foregroundDeletion']]) {
    const server = apiServer();
    const one = server.replica();
    server.putSource('prod', { a: '1' });
    server.put(job('migrate', 'prod'), finalizers && { finalizers });
    one.parts.mutator.start();
    await server.pass(3000);
    server.going(job('migrate', 'prod'));
    server.putSource('prod', { a: '2' });
    await server.pass(5000);
    server.drop(job('migrate', 'prod'));
    await server.pass(60_000);
    t.equal(server.objects.size, 0);
    t.same(one.rolled(), []);
    t.equal(server.calls.filter((what) => what.includes('job')).length, 0);
  }
});

const refusal = new RestampError(
  'RESTAMP_KUBE_FORBIDDEN',
  'jobs.batch "x" is forbidden: unable to create new content in namespace prod because it is being terminated',
);

t.test('who is told by a refusal that a namespace goes asks for nothing more in it', async (t) => {
  const server = apiServer();
  const one = server.replica();
  server.putSource('prod', { a: '1' });
  const nightly = { kind: 'CronJob', namespace: 'prod', name: 'nightly' };
  server.put(nightly);
  server.put(job('migrate', 'prod'));
  one.parts.mutator.start();
  await server.pass(3000);
  server.fail.set('POST job', refusal);
  server.fail.set('ASK job', refusal);
  server.putSource('prod', { a: '2' });
  await server.pass(60_000);
  t.match(one.parts.queue.waiting(), [{ reason: 'terminating' }, { reason: 'terminating' }]);
  t.ok(server.calls.filter((what) => what.includes(' job ')).length <= 2);
  t.same([one.errors, one.events, one.counted, one.rolled()], [[], [], [], []]);
});

t.test('a CronJob that is being deleted gets no Job', async (t) => {
  const server = apiServer();
  const one = server.replica();
  server.putSource('prod', { a: '1' });
  const nightly = { kind: 'CronJob', namespace: 'prod', name: 'nightly' };
  server.put(nightly, { finalizers: FINALIZERS });
  one.parts.mutator.start();
  await server.pass(3000);
  server.going(nightly);
  server.putSource('prod', { a: '2' });
  await server.pass(60_000);
  t.same(server.calls, []);
  t.equal(one.reason('prod/CronJob/nightly'), 'terminating');
});
