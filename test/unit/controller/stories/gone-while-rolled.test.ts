import t from 'tap';
import { RestampError, type ErrorCode } from '../../../../src/errors.ts';
import { NAMESPACE } from '../../../support/controller/builders.ts';
import { settled } from '../../../support/controller/world.ts';

const KEY = `${NAMESPACE}/Deployment/api`;

for (const code of [
  'RESTAMP_KUBE_FORBIDDEN',
  'RESTAMP_KUBE_UNAVAILABLE',
  'RESTAMP_KUBE_TOO_LARGE',
] as const satisfies ErrorCode[])
  t.test(`nothing is kept of a workload that went while its roll failed with ${code}`, async (t) => {
    const made = await settled();
    const { promise, resolve } = Promise.withResolvers<undefined>();
    made.ways.patch = async () => {
      await promise;
      throw new RestampError(code, 'no');
    };
    made.putSource('cm/app', { a: '2' });
    await made.pass(1500);
    made.remove('api');
    resolve(undefined);
    await made.pass(10_000);
    t.equal(made.holds.get(KEY), undefined);
    t.equal(made.queue.size, 0);
    const { length } = made.errors;
    made.ways.patch = async () => {
      throw new RestampError(code, 'no');
    };
    made.putWorkload('api');
    await made.pass(2000);
    made.putSource('cm/app', { a: '3' });
    await made.pass(5000);
    t.equal(made.errors.length, length + 1, 'a failure of the next one of its name is news');
  });
