import t from 'tap';
import { STAMPS } from '../../../../src/core/api/annotations.ts';
import type { WorkloadObject } from '../../../../src/core/objects/workload.ts';
import { RestampError } from '../../../../src/errors.ts';
import { AUTO, deploymentRow, digestOf, kinds, NAMESPACE } from '../../../support/controller/builders.ts';
import { settled, world, type World } from '../../../support/controller/world.ts';
import { askForWorkloads } from '../../../support/controller/restored-cluster.ts';

// A workload of a former one's name: its pods may have just started, or be those of the former one.

/** The annotations of a saved copy of `api`, with its map. */
function saved(made: World): Record<string, string> {
  const { [STAMPS]: map = '' } = made.stored('api').metadata.annotations ?? {};
  return { ...AUTO, [STAMPS]: map };
}

async function nextChange(made: World, value: string): Promise<string[]> {
  const before = made.rolled().length;
  made.putSource('cm/app', { a: value });
  await made.pass(5000);
  return made.rolled().slice(before);
}

/** The API server tells nothing of former states any more. */
function forgetPast(made: World): void {
  made.ways.readAt = async () => {
    throw new RestampError('RESTAMP_KUBE_GONE', 'too old');
  };
}

t.test('one that is made anew from a saved copy is not rolled for what its pods have seen', async (t) => {
  const made = await settled();
  const annotations = saved(made);
  made.remove('api');
  made.putSource('cm/app', { a: '2' });
  made.putWorkload('api', { uid: 'another', annotations });
  await made.pass(60_000);
  t.same(made.rolled(), []);
  const map = JSON.parse(saved(made)[STAMPS] ?? '') as object;
  t.match(map, { n: 2, s: { 'cm/app': { h: digestOf('cm/app', { a: '2' }) } } }, 'the copy goes');
  t.same(await nextChange(made, '3'), ['api']);
});

t.test('but for what changes before it is looked at', async (t) => {
  const made = await settled();
  const annotations = saved(made);
  made.remove('api');
  made.putSource('cm/app', { a: '2' });
  const reading = Promise.withResolvers<undefined>();
  made.ways.read = () => reading.promise;
  made.putWorkload('api', { uid: 'another', annotations });
  made.putSource('cm/app', { a: '3' });
  reading.resolve(undefined);
  await made.pass(20_000);
  t.same(made.rolled(), ['api']);
});

t.test('where nobody can tell any more what its pods have seen, its map does', async (t) => {
  const made = await settled();
  const annotations = saved(made);
  made.remove('api');
  const reading = Promise.withResolvers<undefined>();
  made.ways.read = () => reading.promise;
  made.putWorkload('api', { uid: 'another', annotations });
  made.putSource('cm/app', { a: '2' });
  forgetPast(made);
  reading.resolve(undefined);
  await made.pass(20_000);
  t.same(made.rolled(), ['api']);
});

t.test('one that a list shows at first may have been there for long: its map counts', async (t) => {
  const made = await settled();
  const annotations = saved(made);
  made.remove('api');
  made.putSource('cm/app', { a: '2' });
  const follower = made.mutator.workloadFollower(deploymentRow);
  made.putWorkload('other', { uid: 'another', annotations: AUTO });
  const object = structuredClone(made.stored('other'));
  made.shelf.workloads.set(`${NAMESPACE}/Deployment/api`, {
    ...object,
    metadata: { ...object.metadata, name: 'api', uid: 'third', annotations },
  });
  follower.begin();
  for (const one of made.shelf.workloads.values()) follower.put(structuredClone(one));
  follower.end({ version: String(made.shelf.versions.last), isOlder: false });
  await made.pass(20_000);
  t.same(made.rolled(), ['api']);
});

/** Somebody deletes `api` and leaves its pods behind. */
function orphan(made: World): void {
  const stored = structuredClone(made.stored('api')) as WorkloadObject;
  const resourceVersion = String((made.shelf.versions.last += 1));
  const leaving = { resourceVersion, deletionTimestamp: '2026-11-22T12:00:00Z', finalizers: ['orphan'] };
  made.mutator
    .workloadFollower(deploymentRow)
    .put({ ...stored, metadata: { ...stored.metadata, ...leaving } });
  made.remove('api');
}

t.test('pods that were left behind and taken over have not seen what changed meanwhile', async (t) => {
  for (const copy of [true, false]) {
    const made = await settled();
    const annotations = copy ? saved(made) : AUTO;
    orphan(made);
    made.putSource('cm/app', { a: '2' });
    made.putWorkload('api', { uid: 'another', annotations });
    await made.pass(60_000);
    t.same(made.rolled(), ['api'], copy ? 'from a saved copy' : 'from its manifest');
    t.same(await nextChange(made, '3'), ['api']);
  }
});

t.test('nor does a map that admission gave it count', async (t) => {
  const made = await settled();
  orphan(made);
  made.putSource('cm/app', { a: '2' });
  const stamps = { 'cm/app': { h: digestOf('cm/app', { a: '2' }) } };
  made.putWorkload('api', { uid: 'another', n: 1, stamps });
  await made.pass(60_000);
  t.same(made.rolled(), ['api']);
});

t.test('without a change they are not rolled, nor where the template is another one', async (t) => {
  const made = await settled();
  orphan(made);
  made.putWorkload('api', { uid: 'another' });
  await made.pass(60_000);
  t.same(made.rolled(), []);
  orphan(made);
  made.putSource('cm/app', { a: '2' });
  made.putWorkload('api', { uid: 'third', env: [{ name: 'IMAGE', value: 'new' }] });
  await made.pass(60_000);
  t.same(made.rolled(), [], 'its own pods start with what is stored');
  t.same(await nextChange(made, '3'), ['api']);
});

t.test('a StatefulSet takes over what was left behind as well, a Job does not', async (t) => {
  for (const [kind, rolls] of [
    ['StatefulSet', true],
    ['Job', false],
  ] as const) {
    const made = await settled(['other']);
    const row = kinds.get(kind)!;
    const follower = made.mutator.workloadFollower(row);
    const object = structuredClone(made.stored('other')) as WorkloadObject;
    const [name, key] = ['db', `${NAMESPACE}/${kind}/db`];
    const of = (uid: string, resourceVersion: string, more: object = {}): WorkloadObject => ({
      ...object,
      metadata: { ...object.metadata, annotations: AUTO, name, uid, resourceVersion, ...more },
    });
    follower.put(of('first', '2000'));
    await made.pass(5000);
    const leaving = { deletionTimestamp: '2026-11-22T12:00:00Z', finalizers: ['orphan'] };
    follower.put(of('first', '2001', leaving));
    follower.remove({ namespace: NAMESPACE, name });
    made.putSource('cm/app', { a: '2' }, { version: '2002' });
    follower.put(of('second', '2003'));
    await made.pass(250);
    const verdict = made.judge.judge(key);
    t.equal(verdict?.is === 'stale', rolls, kind);
  }
});

t.test('a workload that one list left out is the same when it is back, map in memory and all', async (t) => {
  const made = await settled(['api'], { writeBaselines: false });
  t.same(made.noted(), []);
  const follower = made.mutator.workloadFollower(deploymentRow);
  follower.begin();
  follower.remove({ namespace: NAMESPACE, name: 'api' });
  follower.end({ version: String(made.shelf.versions.last), isOlder: false });
  made.putSource('cm/app', { a: '2' });
  forgetPast(made);
  await made.pass(5000);
  askForWorkloads(made)();
  await made.pass(60_000);
  t.same(made.rolled(), ['api']);
});

t.test('and what was there before the start is not taken for new then', async (t) => {
  const made = world({ writeBaselines: false });
  made.putSource('cm/app', { a: '1' }, { written: '2026-06-01T00:00:00Z' });
  made.putWorkload('api');
  made.mutator.start();
  await made.pass(5000);
  made.mutator.workloadFollower(deploymentRow).remove({ namespace: NAMESPACE, name: 'api' });
  askForWorkloads(made)();
  await made.pass(60_000);
  t.same(made.rolled(), []);
});
