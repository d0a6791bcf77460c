import t from 'tap';
import { at, mounted, stampOf, USES } from '../../support/controller/csi-driver.ts';
import { askForWorkloads, backUp } from '../../support/controller/restored-cluster.ts';
import { NOW } from '../../support/controller/builders.ts';

t.test('a map of another cluster hides no rotation, and rolls nothing by itself', async (t) => {
  for (const rv of ['500000000', '9'.repeat(22), '3']) {
    const { made, driver } = await mounted();
    const stamp = { h: stampOf(made)!.h, uid: 'uid-of-the-old-cluster', rv };
    made.putWorkload('api', { created: at(NOW), ...USES, n: 9, stamps: { 'spc/vault': stamp } });
    await made.pass(20_000);
    t.same(made.rolled(), []);
    for (const [count, version] of ['2', '3'].entries()) {
      driver.rotate('api-1', version);
      await made.pass(20_000);
      t.equal(made.rolled().length, count + 1, `rv ${rv}, version ${version}`);
      // The pods are replaced.
      for (const pod of ['api-1', 'api-2']) {
        driver.end(pod);
        driver.start(pod, version);
      }
      await made.pass(60_000);
    }
  }
});

t.test('the version of a list tells that a stamp is of this history, though its pod is gone', async (t) => {
  const { made, driver } = await mounted();
  const { statuses } = made;
  const stamp = { h: stampOf(made)!.h.replace(/^./, 'x'), uid: 'uid-gone', rv: '4000' };
  const api = { created: at(NOW), ...USES, n: 9, stamps: { 'spc/vault': stamp } };
  statuses.end({ version: '4000', isOlder: false });
  made.putWorkload('api', api);
  await made.pass(20_000);
  t.equal(stampOf(made)?.h, stamp.h, 'the driver is still to write into these pods what the stamp says');
  statuses.end({ version: '300', isOlder: true });
  driver.touch('api-1');
  made.putWorkload('api', { ...api, n: 10 });
  await made.pass(20_000);
  t.not(stampOf(made)?.h, stamp.h, 'after a restore that stamp is of a state that is no more');
  t.same(made.rolled(), []);
});

t.test('a status that a restore brings back is seen for the first time: it is no rotation', async (t) => {
  const { made, driver } = await mounted();
  driver.start('api-3', '1');
  const restored = driver.copy('api-3');
  driver.rotate('api-3', '2');
  await made.pass(20_000);
  t.same(made.rolled(), ['api']);
  made.statuses.end({ version: restored.metadata.resourceVersion, isOlder: true });
  made.statuses.put(restored);
  await made.pass(60_000);
  t.same(made.rolled(), ['api']);
});

t.test('what another leader has stamped, and the watch has not shown yet, is of this history', async (t) => {
  const { made, driver } = await mounted();
  driver.rotate('api-1', '2');
  await made.pass(20_000);
  t.same(made.rolled(), ['api']);
  // Of the pods that follow, one has seen a third version, which is not shown here yet.
  for (const pod of ['api-1', 'api-2']) driver.end(pod);
  driver.start('api-3', '1');
  driver.rotate('api-3', '2');
  const known = stampOf(made)!;
  const stamp = { h: known.h.replace(/^./, 'x'), uid: 'uid-api-4', rv: '150' };
  made.putWorkload('api', { created: at(NOW), ...USES, n: 90, stamps: { 'spc/vault': stamp } });
  await made.pass(60_000);
  t.same(made.rolled(), ['api']);
  t.equal(stampOf(made)?.rv, '150', 'it does not go back');
});

t.test('while the watch has no contact nobody knows what pods have mounted', async (t) => {
  const { made, driver } = await mounted();
  const restore = backUp(made);
  const before = driver.copy('api-1');
  const watch = made.statuses.follow('apps');
  driver.rotate('api-1', '2');
  await made.pass(20_000);
  t.same(made.rolled(), ['api']);
  made.patches.length = 0;
  // The API server comes back with an older state, and the watch of workloads before that of mounts.
  watch.lost?.();
  restore();
  askForWorkloads(made, true)();
  await made.pass(60_000);
  t.same(made.patches, [], 'the workload lacks what it was rolled for, and so may the driver');
  watch.begin?.();
  for (const status of [before, driver.copy('api-2')]) watch.put(status);
  watch.end?.({ version: '102', isOlder: true });
  await made.pass(60_000);
  t.same(made.rolled(), [], 'what was restored fits together');
  driver.rotate('api-2', '3');
  await made.pass(20_000);
  t.same(made.rolled(), ['api']);
});

t.test('what was asked for without contact is told as soon as the watch goes on', async (t) => {
  const { made, driver } = await mounted();
  for (const namespace of ['apps', undefined]) {
    const watch = made.statuses.follow(namespace);
    const rolls = made.rolled().length;
    watch.lost?.();
    watch.lost?.();
    driver.rotate('api-1', String(rolls + 2));
    await made.pass(20_000);
    t.equal(made.rolled().length, rolls);
    made.statuses.follow('other').found?.();
    await made.pass(20_000);
    t.equal(made.rolled().length, rolls, 'another watch tells nothing of this one');
    watch.found?.();
    await made.pass(20_000);
    t.equal(made.rolled().length, rolls + 1);
    // The pods are replaced.
    for (const pod of ['api-1', 'api-2']) {
      driver.end(pod);
      driver.start(pod, String(rolls + 2));
    }
    await made.pass(120_000);
  }
});

t.test('a watch without contact holds up no other namespace', async (t) => {
  const { made, driver } = await mounted();
  made.statuses.follow('other').lost?.();
  driver.rotate('api-1', '2');
  await made.pass(20_000);
  t.same(made.rolled(), ['api']);
});

t.test('what was asked for of one namespace is told when its own watch goes on, and no more', async (t) => {
  const { made } = await mounted();
  const watches = ['a', 'b', 'c'].map((namespace) => [namespace, made.statuses.follow(namespace)] as const);
  for (const [, watch] of watches) watch.lost?.();
  const ask = (namespace: string) =>
    made.judge.mounted({ kind: 'Deployment', namespace, name: 'api', lastRoll: undefined }, 'vault');
  for (const [namespace] of watches) t.equal(ask(namespace), undefined);
  const told: string[] = [];
  made.mutator.onMounted = ({ namespace }) => void told.push(namespace);
  for (const [namespace, watch] of watches) {
    watch.found?.();
    t.same(told.splice(0), [namespace]);
  }
});
