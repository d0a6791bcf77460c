import { createHash } from 'node:crypto';
import t from 'tap';
import type { JobManifest } from '../../src/core/job.ts';
import type { WorkloadObject } from '../../src/core/workload.ts';
import { RestampError, type ErrorCode } from '../../src/errors.ts';
import { isSameRemake, Remakes, type JobPort, type Remake } from '../../src/roll/remakes.ts';
import { fakeClock } from '../helpers/fake-clock.ts';
import { turn } from '../helpers/journal.ts';

const manifest: JobManifest = {
  apiVersion: 'batch/v1',
  kind: 'Job',
  metadata: { name: 'migrate', namespace: 'prod' },
  spec: {},
};
const remake: Remake = { namespace: 'prod', name: 'migrate', uid: 'old', resourceVersion: '7', manifest };
const error = (code: ErrorCode): RestampError => new RestampError(code, 'prod/migrate');

/** Where it is kept: the hash of `prod/migrate`. */
const KEY = createHash('sha256').update('prod/migrate').digest('hex').slice(0, 32);

/** One Job in memory; `fail` is thrown by the next call of that name, `lost` after it has been done. */
function world() {
  const clock = fakeClock(0);
  const stored = new Map<string, Remake>();
  const done: string[] = [];
  const fail = new Map<keyof JobPort, ErrorCode>();
  const lost = new Set<keyof JobPort>();
  let job: WorkloadObject | undefined = { metadata: { name: 'migrate', uid: 'old', resourceVersion: '7' } };
  const failing = (call: keyof JobPort): void => {
    const code = fail.get(call);
    fail.delete(call);
    if (code !== undefined) throw error(code);
  };
  const answer = <T>(call: keyof JobPort, value: T): T => {
    if (lost.delete(call)) throw error('RESTAMP_KUBE_UNAVAILABLE');
    return value;
  };
  const jobs: JobPort = {
    read: async () => {
      failing('read');
      if (job === undefined) throw error('RESTAMP_KUBE_NOT_FOUND');
      return job;
    },
    create: async (_manifest, dryRun) => {
      done.push(dryRun ? 'ask' : 'create');
      failing('create');
      if (job !== undefined) throw error('RESTAMP_KUBE_CONFLICT');
      if (!dryRun) job = { metadata: { name: 'migrate', uid: 'new', resourceVersion: '9' } };
      return answer('create', job ?? { metadata: { name: '', uid: '', resourceVersion: '' } });
    },
    running: async () => [],
    remove: async () => {
      done.push(`remove with ${stored.size} kept`);
      failing('remove');
      job = undefined;
      answer('remove', undefined);
    },
  };
  const store = {
    all: async () => [...stored.values()],
    put: async (key: string, one: Remake) => void stored.set(key, one),
    holds: async (key: string, one: Remake) => {
      const kept = stored.get(key);
      return kept !== undefined && isSameRemake(kept, one);
    },
    remove: async (key: string, one: Remake) => {
      if (await store.holds(key, one)) stored.delete(key);
    },
  };
  const troubles: string[] = [];
  const remakes = new Remakes({ store, jobs, clock, onTrouble: ({ code }) => troubles.push(code) });
  const set = (next: WorkloadObject | undefined): void => void (job = next);
  return { clock, stored, done, fail, lost, troubles, remakes, set, uid: () => job?.metadata.uid };
}

t.test('a Job is asked for, kept, deleted and made, in this order, and then forgotten', async (t) => {
  const made = world();
  t.equal((await made.remakes.remake(remake)).metadata.uid, 'new');
  t.same(made.done, ['ask', 'remove with 1 kept', 'create']);
  t.equal(made.stored.size, 0);
});

t.test('a Job that the API server would not take is not deleted', async (t) => {
  const made = world();
  made.fail.set('create', 'RESTAMP_KUBE_INVALID');
  await t.rejects(made.remakes.remake(remake), { code: 'RESTAMP_KUBE_INVALID' });
  t.equal(made.uid(), 'old');
  t.equal(made.stored.size, 0);
});

t.test('a Job that has changed since it was judged is left alone', async (t) => {
  const made = world();
  made.fail.set('remove', 'RESTAMP_KUBE_CONFLICT');
  await t.rejects(made.remakes.remake(remake), { code: 'RESTAMP_KUBE_CONFLICT' });
  t.equal(made.uid(), 'old');
  t.equal(made.stored.size, 0);
});

t.test('an answer to the deletion that was lost loses no Job', async (t) => {
  const made = world();
  made.lost.add('remove');
  t.equal((await made.remakes.remake(remake)).metadata.uid, 'new');
});

t.test('an answer to the creation that was lost makes no second Job', async (t) => {
  const made = world();
  made.lost.add('create');
  made.fail.set('create', 'RESTAMP_KUBE_CONFLICT');
  const ending = made.remakes.remake(remake);
  for (let left = 0; left < 10; left += 1) {
    await turn();
    made.clock.advance(250);
  }
  t.equal((await ending).metadata.uid, 'new');
  t.same(
    made.done.filter((one) => one === 'create'),
    ['create', 'create'],
  );
});

t.test('what was begun by a process before this one is ended, if the old Job is gone', async (t) => {
  const made = world();
  made.stored.set(KEY, remake);
  made.set(undefined);
  await made.remakes.resume();
  t.equal(made.uid(), 'new');
});

t.test('what was begun and not done is judged again', async (t) => {
  const made = world();
  made.stored.set(KEY, remake);
  await made.remakes.resume();
  t.equal(made.uid(), 'old');
  t.same(made.done, []);
});

t.test('a Job that somebody else has made meanwhile is the one', async (t) => {
  const made = world();
  made.stored.set(KEY, remake);
  made.set({ metadata: { name: 'migrate', uid: 'theirs', resourceVersion: '8' } });
  await made.remakes.resume();
  t.equal(made.uid(), 'theirs');
});

t.test('an API server that cannot answer now loses nothing that was begun', async (t) => {
  const made = world();
  made.stored.set(KEY, remake);
  made.set(undefined);
  made.fail.set('read', 'RESTAMP_KUBE_UNAVAILABLE');
  const ending = made.remakes.resume();
  await turn();
  made.clock.advance(1_000);
  await ending;
  t.equal(made.uid(), 'new');
  t.equal(made.stored.size, 0);
});

t.test(
  'what another process has ended meanwhile is not made a second time, when the Job is away again',
  async (t) => {
    const made = world();
    made.set(undefined);
    made.stored.set(KEY, remake);
    made.fail.set('create', 'RESTAMP_KUBE_UNAVAILABLE');
    const ending = made.remakes.resume();
    await turn();
    const next: Remake = { ...remake, uid: 'new', resourceVersion: '9' };
    made.stored.set(KEY, next);
    made.clock.advance(1_000);
    await ending;
    t.equal(made.uid(), undefined);
    t.same(made.done, ['create']);
    t.same([...made.stored.values()], [next]);
  },
);
