import t from 'tap';
import { jobName, type JobObject } from '../../../../src/core/objects/job.ts';
import { Kinds, type KindRow } from '../../../../src/core/api/kind.ts';
import { reduceWorkload, type Workload, type WorkloadObject } from '../../../../src/core/objects/workload.ts';
import { RestampError, type ErrorCode } from '../../../../src/errors.ts';
import { RollWriter } from '../../../../src/controller/rollers/roll-writer.ts';
import { AUTO, NAMESPACE, NOW, reloaderKeys } from '../../../support/controller/builders.ts';

const kinds = new Kinds();
const row = kinds.get('CronJob') as KindRow;
const container = { name: 'main', envFrom: [{ configMapRef: { name: 'app' } }] };
const template = { spec: { containers: [container] } };

/** Rolls a CronJob of this policy while these Jobs of it go on; tells what was done, in order. */
function run(
  concurrencyPolicy: string | undefined,
  running: readonly string[],
  refusal?: ErrorCode,
  taken: (name: string) => JobObject | 'gone' | undefined = () => undefined,
) {
  const object = {
    metadata: { name: 'report', namespace: NAMESPACE, uid: 'u', resourceVersion: '10', annotations: AUTO },
    spec: { concurrencyPolicy, jobTemplate: { spec: { template } } },
  } as WorkloadObject;
  const done: string[] = [];
  const job = (name: string) => ({ namespace: NAMESPACE, name, uid: name, resourceVersion: '1' });
  const writer = new RollWriter({
    read: async () => object,
    patch: async (_workload, { body }) => {
      done.push('spec' in body ? 'stamp the next run' : 'write the map');
      return object;
    },
    jobs: {
      read: async (_namespace, name) => {
        const other = taken(name);
        if (other === 'gone') throw new RestampError('RESTAMP_KUBE_NOT_FOUND', name);
        return other as unknown as WorkloadObject;
      },
      create: async ({ metadata: { name } }) => {
        if (taken(name) !== undefined) throw new RestampError('RESTAMP_KUBE_CONFLICT', name);
        done.push('run');
        return object;
      },
      running: async ({ uid }) => {
        done.push(`look for Jobs of ${uid}`);
        return running.map(job);
      },
      remove: async ({ name }) => {
        done.push(`remove ${name}`);
        if (refusal !== undefined) throw new RestampError(refusal, name);
      },
    },
    remakes: {} as never,
    strategyOf: () => 'env-vars',
  });
  const settings = {
    keys: reloaderKeys,
    autoReloadAll: false,
    resourcesToIgnore: new Set<never>(),
    kinds,
    borrowed: () => undefined,
  };
  const change = {
    type: 'cm',
    name: 'app',
    namespace: NAMESPACE,
    container: 'main',
    value: 'new',
    at: 0,
  } as const;
  const roll = { changes: [change], at: NOW, stamp: '1.a', returns: false, print: () => ['1'] };
  const metadata = { resourceVersion: '10', annotations: {} };
  const write = (): Promise<unknown> =>
    writer.write(reduceWorkload(row, object, settings) as Workload, { ...roll, metadata });
  return { done, write };
}

t.test(
  'a CronJob that forbids two at once runs at once, or stamps its next run while a Job goes on',
  async (t) => {
    const idle = run('Forbid', []);
    await idle.write();
    t.same(idle.done, ['look for Jobs of u', 'run', 'write the map']);
    const busy = run('Forbid', ['scheduled']);
    await busy.write();
    t.same(busy.done, ['look for Jobs of u', 'stamp the next run']);
  },
);

t.test('a CronJob that replaces them loses those that go on', async (t) => {
  const { done, write } = run('Replace', ['a', 'b']);
  await write();
  t.same(done, ['look for Jobs of u', 'remove a', 'remove b', 'run', 'write the map']);
});

t.test('where its Jobs may not be deleted, the controller replaces them with the next run', async (t) => {
  const { done, write } = run('Replace', ['a'], 'RESTAMP_KUBE_FORBIDDEN');
  await write();
  t.same(done, ['look for Jobs of u', 'remove a', 'stamp the next run']);
  const gone = run('Replace', ['a'], 'RESTAMP_KUBE_NOT_FOUND');
  await gone.write();
  t.same(gone.done.slice(-2), ['run', 'write the map'], 'one that has gone meanwhile is gone');
  const raced = run('Replace', ['a'], 'RESTAMP_KUBE_CONFLICT');
  await t.rejects(
    raced.write(),
    { code: 'RESTAMP_KUBE_CONFLICT' },
    'one that was written is looked at again',
  );
  t.notOk(raced.done.includes('run'));
});

t.test('a CronJob that allows many asks for none', async (t) => {
  for (const policy of ['Allow', undefined]) {
    const { done, write } = run(policy, ['a']);
    await write();
    t.same(done, ['run', 'write the map']);
  }
});

t.test('the Job of the roll itself, made before a crash, is no other one', async (t) => {
  const { done, write } = run('Forbid', [jobName({ name: 'report', uid: 'u' }, ['1'])]);
  await write();
  t.same(done, ['look for Jobs of u', 'run', 'write the map']);
});

t.test('a Job that has run less goes on: it is one of those that the policy is about', async (t) => {
  const first = jobName({ name: 'report', uid: 'u' }, ['1']);
  const taken = (name: string) => (name === first ? jobOf([]) : undefined);
  const forbid = run('Forbid', [first], undefined, taken);
  await forbid.write();
  t.same(forbid.done, ['look for Jobs of u', 'look for Jobs of u', 'stamp the next run']);
  const replace = run('Replace', [first], undefined, taken);
  await replace.write();
  t.same(replace.done.slice(-3), [`remove ${first}`, 'run', 'write the map']);
  const allow = run('Allow', [first], undefined, taken);
  await allow.write();
  t.same(allow.done, ['run', 'write the map']);
});

t.test('one whose names are all taken is looked at again, and so is one that has just gone', async (t) => {
  for (const other of [jobOf([]), 'gone'] as const) {
    const { done, write } = run('Allow', [], undefined, () => other);
    await t.rejects(write(), { code: 'RESTAMP_KUBE_CONFLICT' });
    t.same(done, []);
  }
});

/** A Job of the CronJob with these variables. */
function jobOf(env: readonly object[]): JobObject {
  return {
    metadata: { name: 'j', namespace: NAMESPACE, uid: 'j', ownerReferences: [{ uid: 'u' }] },
    spec: { template: { spec: { containers: [{ name: 'main', env }] } } },
  };
}
