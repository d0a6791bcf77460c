import t from 'tap';
import { RestampError } from '../../../../src/errors.ts';
import type { Remake } from '../../../../src/controller/rollers/job-intent-store.ts';
import { turn } from '../../../support/recording.ts';
import {
  GOING,
  JOB,
  KEY,
  remake,
  remaking,
  stamped,
  withStamps,
} from '../../../support/controller/job-recreator-harness.ts';

t.test('a Job is asked for, kept, deleted and made, in this order, and then forgotten', async (t) => {
  const made = remaking();
  t.equal((await made.remakes.remake(remake))?.metadata.uid, 'new');
  t.same(made.done, ['ask', 'remove with 1 kept', 'create']);
  t.same(made.made, [], 'who has asked for it is answered');
  t.equal(made.stored.size, 0);
});

t.test('a Job that the API server would not take is not deleted', async (t) => {
  const made = remaking();
  made.fail.set('create', 'RESTAMP_KUBE_INVALID');
  await t.rejects(made.remakes.remake(remake), { code: 'RESTAMP_KUBE_INVALID' });
  t.equal(made.uid(), 'old');
  t.equal(made.stored.size, 0);
});

t.test('a Job that has changed since it was judged is left alone', async (t) => {
  const made = remaking();
  made.fail.set('remove', 'RESTAMP_KUBE_CONFLICT');
  await t.rejects(made.remakes.remake(remake), { code: 'RESTAMP_KUBE_CONFLICT' });
  t.equal(made.uid(), 'old');
  t.equal(made.stored.size, 0);
});

t.test('an answer to the deletion that was lost loses no Job', async (t) => {
  const made = remaking();
  made.lost.add('remove');
  t.equal((await made.remakes.remake(remake))?.metadata.uid, 'new');
});

t.test('an answer to the creation that was lost makes no second Job', async (t) => {
  const made = remaking();
  made.lost.add('create');
  t.equal(await made.remakes.remake(withStamps), undefined);
  made.set(stamped('new'));
  await made.pass(1000);
  t.same(made.made, ['new'], 'it is told of');
  t.equal(made.done.filter((one) => one === 'create').length, 1);
  t.equal(made.stored.size, 0);
});

t.test('what was begun by a process before this one is ended, if the old Job is gone', async (t) => {
  const made = remaking();
  made.stored.set(KEY, remake);
  made.set(undefined);
  await made.remakes.resume();
  t.equal(made.uid(), 'new');
});

t.test('what was begun and not done is judged again', async (t) => {
  const made = remaking();
  made.stored.set(KEY, remake);
  await made.remakes.resume();
  t.equal(made.uid(), 'old');
  // A former leader may have sent the deletion, which has not arrived yet.
  t.same([made.done, made.ended], [['look'], []]);
  await made.pass(20_000);
  t.same(made.done, ['look', 'look']);
  t.same(made.ended, [JOB]);
  t.equal(made.uid(), 'old');
});

t.test('a deletion of a former leader that arrives late loses no Job', async (t) => {
  const made = remaking();
  made.stored.set(KEY, remake);
  await made.remakes.resume();
  made.set(undefined);
  t.ok(made.remakes.gone(JOB));
  await made.pass(250);
  t.same([made.uid(), made.made], ['new', ['new']]);
});

t.test(
  'one that has changed since can be deleted by nobody who began before: it is judged at once',
  async (t) => {
    const made = remaking();
    made.stored.set(KEY, remake);
    made.set({ metadata: { name: 'migrate', uid: 'old', resourceVersion: '8' } });
    await made.remakes.resume();
    t.same(made.ended, [JOB]);
  },
);

t.test('a Job that somebody else has made meanwhile is the one', async (t) => {
  const made = remaking();
  made.stored.set(KEY, remake);
  made.set({ metadata: { name: 'migrate', uid: 'theirs', resourceVersion: '8' } });
  await made.remakes.resume();
  t.equal(made.uid(), 'theirs');
});

t.test(
  'an API server that cannot answer now loses nothing that was begun, and has refused nothing',
  async (t) => {
    const codes = ['RESTAMP_KUBE_UNAVAILABLE', 'RESTAMP_KUBE_THROTTLED', 'RESTAMP_KUBE_PROTOCOL'] as const;
    for (const code of codes) {
      const made = remaking();
      made.stored.set(KEY, remake);
      made.set(undefined);
      made.fail.set('read', code);
      await made.remakes.resume();
      t.equal(made.remakes.reason(JOB), 'unavailable', code);
      await made.pass(1_000);
      t.equal(made.uid(), 'new');
      t.equal(made.stored.size, 0);
    }
  },
);

t.test(
  'what another process has ended meanwhile is not made a second time, when the Job is away again',
  async (t) => {
    const made = remaking();
    made.set(undefined);
    made.stored.set(KEY, remake);
    made.fail.set('create', 'RESTAMP_KUBE_UNAVAILABLE');
    await made.remakes.resume();
    const next: Remake = { ...remake, uid: 'new', resourceVersion: '9' };
    made.stored.set(KEY, next);
    await made.pass(1_000);
    t.equal(made.uid(), undefined);
    t.equal(made.done.filter((one) => one === 'create').length, 1);
    t.same([...made.stored.values()], [next]);
  },
);

t.test('a Job that its finalizers keep is made when the watch tells that it is gone', async (t) => {
  const made = remaking();
  made.keep();
  t.equal(await made.remakes.remake(remake), undefined);
  t.equal(made.remakes.reason(JOB), 'terminating');
  t.equal(made.stored.size, 1);
  await made.pass(5000);
  t.same(made.done, ['ask', 'remove with 1 kept', 'create'], 'nobody asks meanwhile');
  made.set(undefined);
  t.ok(made.remakes.gone(JOB));
  await made.pass(0);
  made.clock.advance(0);
  await turn();
  t.same([made.uid(), made.made, made.ended], ['new', ['new'], [JOB]]);
  t.equal(made.stored.size, 0);
  t.equal(made.remakes.reason(JOB), undefined);
  t.notOk(made.remakes.gone(JOB));
});

t.test('a Job that is gone without a word is made all the same', async (t) => {
  const made = remaking();
  made.keep();
  await made.remakes.remake(remake);
  made.set(undefined);
  await made.pass(10_000);
  t.equal(made.uid(), 'new');
});

t.test('what the watch tells while it is looked at counts', async (t) => {
  const made = remaking();
  made.keep();
  await made.remakes.remake(remake);
  made.during.read = () => {
    made.set(undefined);
    made.remakes.gone(JOB);
    made.during.read = () => undefined;
  };
  await made.pass(10_250);
  t.equal(made.uid(), 'new');
});

t.test('a Job that somebody else has deleted between question and deletion stays away', async (t) => {
  for (const code of ['RESTAMP_KUBE_NOT_FOUND', 'RESTAMP_KUBE_CONFLICT'] as const) {
    const made = remaking();
    made.fail.set('remove', code);
    made.set(undefined);
    await t.rejects(made.remakes.remake(remake), { code });
    t.notOk(made.remakes.gone(JOB));
    await made.pass(600_000);
    t.equal(made.uid(), undefined, code);
    t.equal(made.stored.size, 0);
  }
});

t.test('a new Job that somebody deletes again while its making was not known stays away', async (t) => {
  const made = remaking();
  made.stored.set(KEY, remake);
  made.set({ metadata: { ...GOING.metadata, uid: 'theirs' } });
  await made.remakes.resume();
  made.set(undefined);
  await made.pass(600_000);
  t.equal(made.uid(), undefined);
  t.equal(made.stored.size, 0);
});

t.test('in a namespace that is being deleted, or gone, no Job is made anew', async (t) => {
  const refused = 'unable to create new content in namespace prod because it is being terminated';
  const ways: ((made: ReturnType<typeof remaking>) => void)[] = [
    ({ terminations }) =>
      terminations.put({ metadata: { name: 'prod', deletionTimestamp: '2026-11-22T12:00:00Z' } }),
    ({ fail }) => fail.set('create', 'RESTAMP_KUBE_NOT_FOUND'),
    ({ terminations }) =>
      void terminations.heard('prod', new RestampError('RESTAMP_KUBE_FORBIDDEN', refused)),
  ];
  for (const way of ways) {
    const made = remaking();
    made.keep();
    await made.remakes.remake(remake);
    way(made);
    made.set(undefined);
    made.remakes.gone(JOB);
    await made.pass(600_000);
    t.equal(made.uid(), undefined);
    t.equal(made.stored.size, 0);
    t.same(made.troubles, []);
  }
});

t.test('who leads no more leaves what was begun to the next one', async (t) => {
  const made = remaking();
  made.keep();
  await made.remakes.remake(remake);
  made.remakes.release();
  made.set(undefined);
  t.notOk(made.remakes.gone(JOB));
  await made.pass(600_000);
  t.equal(made.uid(), undefined);
  t.equal(made.stored.size, 1);
  await made.remakes.resume();
  t.same([made.uid(), made.made], ['new', ['new']]);
});

t.test('a Job that cannot be made says why, and each cause is told once', async (t) => {
  const made = remaking();
  made.keep();
  await made.remakes.remake(remake);
  made.set(undefined);
  for (let tries = 0; tries < 3; tries += 1) {
    made.fail.set('create', 'RESTAMP_KUBE_FORBIDDEN');
    made.remakes.gone(JOB);
    await made.pass(250);
    t.equal(made.remakes.reason(JOB), 'rejected');
  }
  t.same(made.troubles, ['RESTAMP_KUBE_FORBIDDEN']);
  await made.pass(600_000);
  t.equal(made.uid(), 'new');
});

t.test('what is found not done is not forgotten under the hands of who takes it up anew', async (t) => {
  const made = remaking();
  made.stored.set(KEY, remake);
  made.keep();
  let roll: Promise<unknown> | undefined;
  // The start of a new leader looks at what a former one has begun, and its queue rolls the same Job.
  made.during.read = () => {
    made.during.read = () => undefined;
    roll = made.remakes.remake(remake);
  };
  await made.remakes.resume();
  await roll;
  t.equal(made.stored.size, 1, 'it is kept');
  made.set(undefined);
  made.remakes.gone(JOB);
  await made.pass(20_000);
  t.equal(made.uid(), 'new');
});

t.test('who leads no more deletes no Job that another one may have judged meanwhile', async (t) => {
  for (const turns of [0, 1, 2]) {
    const made = remaking();
    const roll = made.remakes.remake(remake);
    for (let left = turns; left > 0; left -= 1) await Promise.resolve();
    made.remakes.release();
    await t.rejects(roll, { code: 'RESTAMP_KUBE_CONFLICT' });
    t.equal(made.uid(), 'old', `released after ${turns} steps`);
  }
});
