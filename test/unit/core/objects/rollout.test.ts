import fc from 'fast-check';
import t from 'tap';
import { BUILT_IN } from '../../../../src/core/api/kind.ts';
import {
  rolloutFacts,
  rolloutRemains,
  rolloutStatus,
  type RolloutStatus,
} from '../../../../src/core/objects/rollout.ts';
import { rowOf } from '../../../support/core/core-objects.ts';

const FOLLOWED = BUILT_IN.filter(({ roll }) => roll !== 'run');

type Spec = Readonly<Record<string, unknown>>;

const COMPLETE = { is: 'complete' };
const PROGRESSING = { is: 'progressing' };
const FAILED = { is: 'failed', reason: 'deadline' };
const wait = (reason: string) => ({ is: 'waiting', reason });
const EXCEEDED = { type: 'Progressing', status: 'False', reason: 'ProgressDeadlineExceeded' };
const ON_DELETE = { updateStrategy: { type: 'OnDelete' } };
const partition = (count: number) => ({
  updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: count } },
});

/** What is said of a workload of generation 2 whose controller has seen it, unless `status` says otherwise. */
function judge(kind: string, spec: Spec, status: Spec, elapsedMs = 0): RolloutStatus {
  const object = {
    metadata: { uid: 'u', generation: 2 },
    spec,
    status: { observedGeneration: 2, ...status },
  };
  return rolloutStatus(rolloutFacts(rowOf(kind), object)!, { elapsedMs, deadlineMs: 1000 });
}

const done: Readonly<Record<string, readonly [Spec, Spec]>> = {
  Deployment: [{ replicas: 3 }, { replicas: 3, updatedReplicas: 3, availableReplicas: 3, readyReplicas: 3 }],
  StatefulSet: [{ replicas: 3 }, { replicas: 3, updatedReplicas: 3, availableReplicas: 3, readyReplicas: 3 }],
  DaemonSet: [{}, { desiredNumberScheduled: 3, updatedNumberScheduled: 3, numberAvailable: 3 }],
};

for (const [kind, [spec, status]] of Object.entries(done)) {
  t.test(`a ${kind} is complete when every pod is new and available`, async (t) => {
    t.same(judge(kind, spec, status), COMPLETE);
    for (const field of Object.keys(status).filter((name) => /updated|vailable/.test(name)))
      t.same(judge(kind, spec, { ...status, [field]: 2 }), PROGRESSING, `not with 2 of 3 ${field}`);
    t.same(judge(kind, spec, {}), kind === 'DaemonSet' ? COMPLETE : PROGRESSING, 'counts left out are zero');
  });

  t.test(`a ${kind} is progressing until its controller has seen the newest spec`, async (t) => {
    t.same(judge(kind, spec, { ...status, observedGeneration: 1 }), PROGRESSING);
    t.same(judge(kind, spec, { ...status, observedGeneration: undefined }), PROGRESSING);
    const bare = { metadata: { uid: 'u', generation: 1 }, spec };
    t.same(rolloutStatus(rolloutFacts(rowOf(kind), bare)!, { elapsedMs: 0, deadlineMs: 1 }), PROGRESSING);
  });
}

t.test('every kind of the table is followed, and no other', async (t) => {
  for (const row of FOLLOWED) t.ok(rolloutFacts(row, { metadata: { uid: 'u' } }), row.kind);
  t.equal(
    rolloutFacts(rowOf('CronJob'), { metadata: { uid: 'u' } }),
    undefined,
    'its Job is no roll of ours to judge',
  );
});

t.test('what asks for no pods is complete at once', async (t) => {
  for (const kind of ['Deployment', 'StatefulSet'])
    for (const spec of [{ replicas: 0 }, { replicas: 0, paused: true }, { replicas: 0, ...ON_DELETE }])
      t.same(judge(kind, spec, { observedGeneration: 1, replicas: 3 }, 5000), COMPLETE);
  t.same(judge('DaemonSet', {}, { desiredNumberScheduled: 0, observedGeneration: 1 }), PROGRESSING);
  t.same(
    judge('DaemonSet', {}, { desiredNumberScheduled: 0 }),
    COMPLETE,
    'which only its controller can say',
  );
});

t.test('replicas that the spec leaves out are one', async (t) => {
  for (const kind of ['Deployment', 'StatefulSet']) {
    t.same(judge(kind, {}, {}), PROGRESSING);
    t.same(judge(kind, {}, { replicas: 1, updatedReplicas: 1, availableReplicas: 1 }), COMPLETE);
  }
});

t.test('a Deployment', async (t) => {
  const [spec, status] = done['Deployment']!;
  t.test('is progressing while old pods are left', async (t) => {
    t.same(judge('Deployment', spec, { ...status, replicas: 4, availableReplicas: 4 }), PROGRESSING);
  });
  t.test('waits while it is paused, and is complete if it was so before', async (t) => {
    const paused = { ...spec, paused: true };
    t.same(judge('Deployment', paused, { ...status, updatedReplicas: 0 }), wait('paused'));
    t.same(judge('Deployment', paused, { updatedReplicas: 1, conditions: [EXCEEDED] }), wait('paused'));
    t.same(judge('Deployment', paused, { ...status, observedGeneration: 1 }), PROGRESSING);
    t.same(judge('Deployment', paused, status), COMPLETE);
  });
  t.test('has failed when its controller says that the deadline is exceeded', async (t) => {
    const stuck = { ...status, updatedReplicas: 1 };
    const other = [
      { type: 'Available', reason: 'ProgressDeadlineExceeded' },
      { ...EXCEEDED, reason: 'Updated' },
    ];
    t.same(judge('Deployment', spec, { ...stuck, conditions: [EXCEEDED] }), FAILED);
    t.same(judge('Deployment', spec, { ...stuck, conditions: other }), PROGRESSING);
    const older = { ...stuck, observedGeneration: 1, conditions: [EXCEEDED] };
    t.same(judge('Deployment', spec, older), PROGRESSING, 'but not of an older spec');
    t.same(
      judge('Deployment', spec, { ...status, conditions: [EXCEEDED] }),
      COMPLETE,
      'nor of a complete one',
    );
  });
  t.test('knows no other deadline', async (t) => {
    t.same(judge('Deployment', spec, { ...status, updatedReplicas: 1 }, 1e9), PROGRESSING);
  });
});

for (const kind of ['StatefulSet', 'DaemonSet']) {
  const [spec, status] = done[kind]!;
  const half =
    kind === 'StatefulSet' ? { ...status, updatedReplicas: 1 } : { ...status, updatedNumberScheduled: 1 };
  t.test(`a ${kind} has failed after our deadline without progress`, async (t) => {
    t.same(judge(kind, spec, half, 999), PROGRESSING);
    t.same(judge(kind, spec, half, 1000), FAILED);
    t.same(judge(kind, spec, { ...half, observedGeneration: 1 }, 1000), FAILED);
    t.same(judge(kind, spec, status, 1000), COMPLETE);
  });
  t.test(
    `a ${kind} under OnDelete waits for a person, and is complete when the last pod is new`,
    async (t) => {
      t.same(judge(kind, { ...spec, ...ON_DELETE }, half, 1e9), wait('on-delete'));
      t.same(judge(kind, { ...spec, ...ON_DELETE }, status, 1e9), COMPLETE);
      const unseen = { ...half, observedGeneration: 1 };
      t.same(judge(kind, { ...spec, ...ON_DELETE }, unseen, 1e9), PROGRESSING, 'and never fails');
    },
  );
}

t.test('a StatefulSet with a partition', async (t) => {
  const at = (count: number, updatedReplicas: number, availableReplicas = 3, elapsedMs = 0) =>
    judge(
      'StatefulSet',
      { replicas: 3, ...partition(count) },
      { updatedReplicas, availableReplicas },
      elapsedMs,
    );
  t.test('waits when its part is complete, for ever', async (t) => {
    t.same(at(2, 1), wait('partition'));
    t.same(at(2, 1, 3, 1e9), wait('partition'));
    t.same(at(3, 0), wait('partition'), 'its part may be no pod');
    t.same(at(7, 0), wait('partition'));
  });
  t.test('is progressing until then, and can fail', async (t) => {
    t.same(at(1, 1), PROGRESSING);
    t.same(at(2, 1, 2), PROGRESSING);
    t.same(at(1, 1, 3, 1000), FAILED);
  });
  t.test('is complete without one', async (t) => {
    t.same(at(0, 3), COMPLETE);
    t.same(at(0, 2), PROGRESSING);
    t.same(at(2, 3), COMPLETE, 'or when all pods are new all the same');
  });
});

t.test('a StatefulSet of an API server without availableReplicas is judged by its ready pods', async (t) => {
  t.same(judge('StatefulSet', { replicas: 3 }, { updatedReplicas: 3, readyReplicas: 3 }), COMPLETE);
  t.same(judge('StatefulSet', { replicas: 3 }, { updatedReplicas: 3, readyReplicas: 2 }), PROGRESSING);
});

t.test('facts are the uid, numbers and words of ours', async (t) => {
  const canary = 'c4n4ry';
  const text = { [canary]: canary };
  const object = {
    metadata: { uid: 'u', generation: 2, annotations: text, labels: text, name: canary },
    spec: { replicas: 1, template: text, updateStrategy: { type: canary }, strategy: text },
    status: {
      observedGeneration: 2,
      updateRevision: canary,
      conditions: [{ type: canary, message: canary }],
    },
  };
  for (const row of FOLLOWED) t.notMatch(JSON.stringify(rolloutFacts(row, object)), canary);
});

t.test('fewer steps remain with each pod that is made, ready or gone', async (t) => {
  const remains = (kind: string, spec: Spec, status: Spec) =>
    rolloutRemains(
      rolloutFacts(rowOf(kind), {
        metadata: { uid: 'u', generation: 2 },
        spec,
        status: { observedGeneration: 2, ...status },
      })!,
    );
  const [spec] = done['StatefulSet']!;
  t.equal(remains('StatefulSet', spec, { updatedReplicas: 0, availableReplicas: 2 }), 4);
  t.equal(remains('StatefulSet', spec, { updatedReplicas: 1, availableReplicas: 2 }), 3);
  t.equal(remains('StatefulSet', spec, { updatedReplicas: 1, availableReplicas: 3 }), 2);
  t.equal(remains('Deployment', spec, { replicas: 4, updatedReplicas: 1, availableReplicas: 3 }), 5);
  t.equal(remains('StatefulSet', spec, { observedGeneration: 1 }), Infinity, 'unknown before it is seen');
});

t.test('whatever the numbers, a rollout has one status, and what is held back never fails', async () => {
  const count = fc.nat(5);
  const object = fc.record({
    metadata: fc.record({ uid: fc.constant('u'), generation: count }),
    spec: fc.record({
      replicas: fc.option(count, { nil: undefined }),
      paused: fc.boolean(),
      updateStrategy: fc.option(
        fc.record({
          type: fc.constantFrom('OnDelete', 'RollingUpdate'),
          rollingUpdate: fc.option(fc.record({ partition: count }), { nil: undefined }),
        }),
        { nil: undefined },
      ),
    }),
    status: fc.record(
      {
        observedGeneration: count,
        replicas: count,
        updatedReplicas: count,
        availableReplicas: count,
        desiredNumberScheduled: count,
        updatedNumberScheduled: count,
        numberAvailable: count,
        conditions: fc.subarray([EXCEEDED]),
      },
      { requiredKeys: [] },
    ),
  });
  fc.assert(
    fc.property(object, fc.constantFrom(...FOLLOWED), fc.nat(2000), (one, row, elapsedMs) => {
      const facts = rolloutFacts(row, one)!;
      const { is } = rolloutStatus(facts, { elapsedMs, deadlineMs: 1000 });
      const held = facts.hold !== undefined;
      if (held && is === 'failed') return false;
      if (is === 'waiting' && !held && facts.kept === 0) return false;
      return is !== 'complete' || facts.scaledToZero || rolloutRemains(facts) === 0;
    }),
    { numRuns: 2000 },
  );
});
