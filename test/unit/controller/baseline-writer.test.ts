import t from 'tap';
import { LAST_ROLL, STAMPS } from '../../../src/core/api/annotations.ts';
import { parseHistory } from '../../../src/core/stamps/history.ts';
import { RestampError } from '../../../src/errors.ts';
import { AUTO, deployment, deploymentRow, digestOf, NAMESPACE } from '../../support/controller/builders.ts';
import { turn } from '../../support/recording.ts';
import { settled, world } from '../../support/controller/world.ts';

t.test('a baseline is a merge patch of the map alone, for the version that was judged', async (t) => {
  const made = world();
  made.putSource('cm/app', { a: '1' });
  made.putWorkload('api');
  const { resourceVersion } = made.stored('api').metadata;
  made.mutator.start();
  await made.pass(1000);
  const [{ type, body } = { type: '', body: {} }] = made.patches;
  t.equal(type, 'merge');
  t.same(Object.keys(body), ['metadata']);
  t.same(Object.keys(body.metadata ?? {}), ['resourceVersion', 'annotations']);
  t.equal(body.metadata?.resourceVersion, resourceVersion);
  t.same(Object.keys(body.metadata?.annotations ?? {}), [STAMPS]);
  t.match(JSON.parse(body.metadata?.annotations?.[STAMPS] ?? ''), {
    for: 'apps/Deployment/api',
    s: { 'cm/app': { h: digestOf('cm/app', { a: '1' }) } },
  });
});

t.test('of a workload that has become stale, the baseline of that is written all the same', async (t) => {
  const made = world({ baselinesPerSecond: 1 });
  made.putSource('cm/app', { a: '1' });
  for (const name of ['api', 'web']) made.putWorkload(name);
  made.mutator.start();
  await made.pass(250);
  t.same(made.noted(), ['api']);
  made.putSource('cm/app', { a: '2' });
  await made.pass(20_000);
  t.same(made.noted(), ['api', 'web'], 'a restart before its roll would lose the change');
  for (const name of ['api', 'web'])
    t.equal(parseHistory(made.stored(name).metadata.annotations?.[LAST_ROLL]).length, 1, 'rolled once');
});

t.test(
  'a baseline that could not be written is tried again, and counts from memory until then',
  async (t) => {
    const made = world();
    let failing = true;
    made.ways.patch = async (_name, { body }) => {
      if (failing && body.spec === undefined) throw new RestampError('RESTAMP_KUBE_FORBIDDEN', 'no');
    };
    made.putSource('cm/app', { a: '1' });
    made.putWorkload('api');
    made.mutator.start();
    await made.pass(10_000);
    const tries = made.noted().length;
    t.ok(tries >= 3 && tries <= 6, `${tries} tries in ten seconds`);
    t.equal(made.troubles.length, tries);
    t.equal(made.baselines.size, 0, 'it waits for its pause');
    failing = false;
    await made.pass(60_000);
    t.equal(made.noted().length, tries + 1);
    t.match((made.stored('api').metadata.annotations ?? {})[STAMPS], /cm\/app/);
  },
);

t.test('a conflict is no trouble: the newer workload is judged anew', async (t) => {
  const made = world();
  made.putSource('cm/app', { a: '1' });
  made.putWorkload('api');
  made.ways.patch = async () => {
    made.ways.patch = async () => undefined;
    made.annotate('api', { note: 'written by somebody else' });
  };
  made.mutator.start();
  await made.pass(5000);
  t.same(made.troubles, []);
  t.match(made.stored('api').metadata.annotations ?? {}, { note: /else/, [STAMPS]: /cm\/app/ });
});

t.test('what is written already is not written again', async (t) => {
  const made = await settled();
  made.annotate('api', { note: 'x' });
  made.putSource('cm/app', { a: '1' }, { annotations: { note: 'x' } });
  await made.pass(30_000);
  t.same(made.patches, []);
});

t.test('with baselines in memory only rolls write maps', async (t) => {
  const made = world({ writeBaselines: false });
  made.putSource('cm/app', { a: '1' });
  made.putWorkload('api');
  made.mutator.start();
  await made.pass(10_000);
  t.same(made.patches, []);
  made.putSource('cm/app', { a: '2' });
  await made.pass(3000);
  t.same(made.rolled(), ['api']);
  t.match((made.stored('api').metadata.annotations ?? {})[STAMPS], /cm\/app/);
});

t.test('while another replica writes, nothing is written', async (t) => {
  const made = world();
  made.baselines.setActive(false);
  made.putSource('cm/app', { a: '1' });
  made.putWorkload('api');
  made.mutator.start();
  await made.pass(10_000);
  t.same(made.patches, []);
  made.baselines.setActive(true);
  await made.pass(1000);
  t.same(made.noted(), ['api']);
});

t.test(
  'a new leader that has not asked the gates yet leaves what the former one wrote of a hold',
  async (t) => {
    const held = JSON.stringify({ reason: 'window', since: '2026-11-22T11:00:00Z', sources: [] });
    const made = world();
    made.lead(false);
    made.putSource('cm/app', { a: '2' });
    const stamp = { h: digestOf('cm/app', { a: '1' }), uid: 'uid-app', rv: '1' };
    const annotations = { ...AUTO, 'restamp.dev/held': held };
    made.putWorkload('api', { annotations, stamps: { 'cm/app': stamp } });
    made.mutator.start();
    made.baselines.setActive(true);
    made.baselines.add(`${NAMESPACE}/Deployment/api`);
    await made.pass(10_000);
    t.same(made.patches, []);
    made.lead(true);
    await made.pass(10_000);
    t.same(made.rolled(), ['api']);
    t.equal(made.stored('api').metadata.annotations?.['restamp.dev/held'], undefined, 'its roll ends it');
  },
);

t.test(
  'what another replica has written waits for nothing, and takes no time of those that come',
  async (t) => {
    const leader = world({ baselinesPerSecond: 50 });
    const standby = world({ baselinesPerSecond: 1 }, undefined, leader.shelf);
    standby.lead(false);
    leader.putSource('cm/app', { a: '1' });
    const names = Array.from({ length: 100 }, (_none, at) => `api-${at}`);
    for (const name of names) leader.putWorkload(name);
    leader.mutator.start();
    standby.mutator.start();
    await leader.pass(30_000);
    t.equal(leader.noted().length, 100);
    t.equal(standby.baselines.size, 0);
    for (const name of names) standby.baselines.add(`${NAMESPACE}/Deployment/${name}`);
    leader.lead(false);
    standby.lead(true);
    standby.putWorkload('newcomer');
    // No time passes but that of the API server.
    for (let left = 300; left > 0; left -= 1) {
      standby.clock.advance(0);
      await turn();
    }
    t.same(standby.noted(), ['newcomer']);
  },
);

t.test('the first map of a namespace does not wait for those of another one', async (t) => {
  const made = world({ baselinesPerSecond: 1 });
  made.putSource('cm/app', { a: '1' });
  for (const name of ['a', 'b', 'c', 'd']) made.putWorkload(name);
  const other = deployment('other', { version: '5000' });
  made.mutator
    .workloadFollower(deploymentRow)
    .put({ ...other, metadata: { ...other.metadata, namespace: 'other' } });
  made.mutator.start();
  await made.pass(1250);
  t.same(made.noted().sort(), ['a', 'other']);
});

t.test('a baseline that is not answered holds up no other one', async (t) => {
  const made = world();
  made.putSource('cm/app', { a: '1' });
  for (const name of ['slow', 'quick', 'late']) made.putWorkload(name);
  made.ways.patch = async (name) => {
    if (name === 'slow') await new Promise(() => undefined);
  };
  made.mutator.start();
  await made.pass(10_000);
  t.same(made.noted(), ['slow', 'quick', 'late']);
});

t.test('what changes while its baseline is written is written once more, after the answer', async (t) => {
  const made = world();
  made.putSource('cm/app', { a: '1' });
  made.putWorkload('api');
  const answer = Promise.withResolvers<undefined>();
  made.ways.patch = async () => {
    await answer.promise;
  };
  made.mutator.start();
  await made.pass(3000);
  t.same(made.noted(), ['api']);
  made.putSource('cm/other', { a: '1' });
  made.annotate('api', { 'configmap.reloader.stakater.com/reload': 'app,other' });
  await made.pass(3000);
  t.same(made.noted(), ['api'], 'not beside the first one');
  made.ways.patch = async () => undefined;
  answer.resolve(undefined);
  await made.pass(5000);
  const { [STAMPS]: map = '' } = made.stored('api').metadata.annotations ?? {};
  t.match(map, 'cm/app');
  t.match(map, 'cm/other');
});

t.test('a pause that is over before its sources have been read is ended when they have', async (t) => {
  const made = world();
  made.ways.read = () => new Promise((resolve) => made.clock.after(1_000, () => resolve()));
  made.putSource('cm/app', { a: '1' });
  const began = 'deployment.reloader.stakater.com/paused-at';
  const annotations = {
    ...AUTO,
    'deployment.reloader.stakater.com/pause-period': '1s',
    [began]: '2020-01-01T00:00:00Z',
  };
  // Its map says all that there is to say, under another version of the source.
  const stamps = { 'cm/app': { h: digestOf('cm/app', { a: '1' }), uid: 'uid-app', rv: '1' } };
  made.putWorkload('api', { annotations, stamps, settled: true });
  made.mutator.start();
  await made.pass(5_000);
  t.equal(made.stored('api').metadata.annotations?.[began], undefined);
});
