import t from 'tap';
import { RestampError } from '../../../src/errors.ts';
import { PodStatuses } from '../../../src/state/csi-mounts.ts';
import { noFaults } from '../../support/contained-faults.ts';
import { fakeClock } from '../../support/fake-clock.ts';
import { turn } from '../../support/recording.ts';
import { NAMESPACE, NOW, ring } from '../../support/controller/builders.ts';

const at = (ms: number): string => new Date(ms).toISOString().replace('.000Z', 'Z');

/** Statuses of which the test answers whose pods they are. */
function asking(borrower: (workload: string) => string | undefined = () => undefined) {
  const clock = fakeClock(NOW);
  const told: (string | undefined)[] = [];
  const asked: string[] = [];
  const troubles: string[] = [];
  const answers = new Map<string, () => { workload: string | undefined; created: number } | undefined>();
  const statuses = new PodStatuses({
    ring,
    clock,
    readPodOwner: async ({ name }) => {
      asked.push(name);
      return answers.get(name)?.();
    },
    borrower,
    onChange: (_ref, workload) => void told.push(workload),
    onTrouble: ({ code }) => void troubles.push(code),
    faults: noFaults,
  });
  const put = (pod: string, version: string, podUid = pod): void =>
    statuses.put({
      metadata: {
        name: `${pod}-vault`,
        namespace: NAMESPACE,
        uid: 'u',
        resourceVersion: version,
        creationTimestamp: at(NOW - 600_000),
        ownerReferences: [{ kind: 'Pod', uid: podUid }],
      },
      status: { podName: pod, secretProviderClassName: 'vault', objects: [{ id: 'db', version }] },
    });
  const current = (name = 'api') =>
    statuses.current({ kind: 'Deployment', namespace: NAMESPACE, name, lastRoll: undefined }, 'vault', {
      stamp: undefined,
      keyId: 'k1',
      version: undefined,
    });
  return { statuses, clock, told, asked, troubles, answers, put, current };
}
const ofApi = () => ({ workload: `${NAMESPACE}/Deployment/api`, created: NOW - 600_000 });

t.test('whose pod it is, is asked once, and only when somebody wants to know', async (t) => {
  const { asked, answers, put, current, told } = asking();
  answers.set('p', ofApi);
  put('p', '1');
  await turn();
  t.same(asked, []);
  t.equal(current(), undefined, 'not known yet');
  t.equal(current(), undefined);
  await turn();
  t.same(asked, ['p']);
  t.match(current(), { resourceVersion: '1', fromStart: true });
  t.equal(current('web'), undefined);
  put('p', '2');
  t.match(current(), { resourceVersion: '2', fromStart: false });
  t.same(asked, ['p']);
  t.equal(told.at(-1), `${NAMESPACE}/Deployment/api`);
});

t.test('what cannot be read is asked again, and what is gone is nobody’s', async (t) => {
  const { asked, answers, put, current, troubles, clock } = asking();
  answers.set('p', () => {
    throw new RestampError('RESTAMP_KUBE_FORBIDDEN', 'pods');
  });
  put('p', '1');
  t.equal(current(), undefined);
  await turn();
  t.same(troubles, ['RESTAMP_KUBE_FORBIDDEN']);
  answers.delete('p');
  clock.advance(60_000);
  await turn();
  t.equal(asked.length, 2);
  t.equal(current(), undefined);
});

t.test('the status of a pod that has taken the name of another is a new one', async (t) => {
  const { answers, put, current } = asking();
  answers.set('p', ofApi);
  put('p', '1', 'first');
  current();
  await turn();
  put('p', '2', 'second');
  t.equal(current(), undefined, 'asked again');
  await turn();
  t.match(current(), { resourceVersion: '2', fromStart: true });
});

t.test('the pods of a Rollout that refers to a Deployment are the Deployment’s', async (t) => {
  const lent = `${NAMESPACE}/Rollout/canary`;
  const { answers, put, current } = asking((one) =>
    one === lent ? `${NAMESPACE}/Deployment/api` : undefined,
  );
  answers.set('p', () => ({ workload: lent, created: NOW }));
  put('p', '1');
  current();
  await turn();
  t.match(current(), { resourceVersion: '1' });
});

t.test('pods that nobody may read hold up no other pods, of their namespace or of another', async (t) => {
  const { statuses, asked, answers, put, current, clock } = asking();
  const denied = (): never => {
    throw new RestampError('RESTAMP_KUBE_FORBIDDEN', 'pods');
  };
  for (let i = 0; i < 20; i += 1) {
    answers.set(`p${i}`, denied);
    put(`p${i}`, '1');
  }
  current();
  await turn();
  t.equal(asked.length, 20);
  answers.set('late', ofApi);
  put('late', '1');
  current();
  await turn();
  t.equal(asked.at(-1), 'late');
  statuses.stop();
  clock.advance(3_600_000);
  await turn();
  t.equal(asked.length, 21);
});
