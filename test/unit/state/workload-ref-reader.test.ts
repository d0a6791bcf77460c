import t from 'tap';
import { RestampError } from '../../../src/errors.ts';
import type { WorkloadObject } from '../../../src/core/objects/workload.ts';
import { BorrowerReader } from '../../../src/state/workload-ref-reader.ts';
import type { Borrower } from '../../../src/state/workload-refs.ts';
import { noFaults } from '../../support/contained-faults.ts';
import { turn } from '../../support/recording.ts';
import { deployment, deploymentRow, NAMESPACE } from '../../support/controller/builders.ts';

const borrower = (name: string): Borrower => ({ row: deploymentRow, namespace: NAMESPACE, name });
const many = (count: number): Borrower[] =>
  Array.from({ length: count }, (_none, index) => borrower(`api-${index}`));

/** A reader on an API server that answers when the test says so. */
function reading() {
  const begun: string[] = [];
  const answers: PromiseWithResolvers<WorkloadObject>[] = [];
  const read: string[] = [];
  const troubles: RestampError[] = [];
  const reader = new BorrowerReader({
    read: ({ name }) => {
      begun.push(name);
      const answer = Promise.withResolvers<WorkloadObject>();
      answers.push(answer);
      return answer.promise;
    },
    onRead: (_borrower, { metadata }) => read.push(metadata.name),
    onTrouble: (error) => troubles.push(error),
    faults: noFaults,
  });
  const answer = async (index: number): Promise<void> => {
    answers[index]?.resolve(deployment(begun[index] ?? ''));
    await turn();
  };
  const refuse = async (index: number, code: 'RESTAMP_KUBE_NOT_FOUND' | 'RESTAMP_KUBE_FORBIDDEN') => {
    answers[index]?.reject(new RestampError(code, 'no'));
    await turn();
  };
  return { reader, begun, read, troubles, answer, refuse };
}

t.test('however many there are, eight are read at once, the others in order', async (t) => {
  const { reader, begun, read, answer } = reading();
  reader.read(many(50));
  reader.read([borrower('late')]);
  t.equal(begun.length, 8);
  for (let index = 0; index < 51; index += 1) {
    await answer(index);
    t.equal(begun.length, Math.min(51, 9 + index));
  }
  t.same(read, [...many(50).map(({ name }) => name), 'late']);
});

t.test('one that waits is read once for all who ask; one that is being read is read again', async (t) => {
  const { reader, begun, read, answer } = reading();
  reader.read(many(9));
  reader.read([borrower('api-8'), borrower('api-0')]);
  for (let index = 0; index < 10; index += 1) await answer(index);
  t.same(begun, [...many(9).map(({ name }) => name), 'api-0']);
  t.same(read, begun);
});

t.test('one that does not exist yet is no trouble; another failure is, and the next go on', async (t) => {
  const { reader, begun, read, troubles, answer, refuse } = reading();
  reader.read(many(10));
  await refuse(0, 'RESTAMP_KUBE_NOT_FOUND');
  t.same(troubles, []);
  await refuse(1, 'RESTAMP_KUBE_FORBIDDEN');
  t.match(troubles, [{ code: 'RESTAMP_KUBE_FORBIDDEN' }]);
  t.equal(begun.length, 10);
  await answer(9);
  t.same(read, ['api-9']);
});

t.test('after the stop, what waits is not read', async (t) => {
  const { reader, begun, answer } = reading();
  reader.read(many(10));
  reader.stop();
  await answer(0);
  t.equal(begun.length, 8);
});
