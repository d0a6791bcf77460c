import t from 'tap';
import { RestampError, type ErrorCode } from '../../../../src/errors.ts';
import { settled } from '../../../support/controller/world.ts';

t.test(
  'a roll that is tried again writes what is stored then, not what it was first tried for',
  async (t) => {
    const made = await settled();
    let away = true;
    made.ways.patch = async () => {
      if (away) throw new RestampError('RESTAMP_KUBE_UNAVAILABLE', 'down');
    };
    made.putSource('cm/app', { a: '2' });
    await made.pass(3000);
    t.ok(made.rolled().length > 0, 'tried for the second version');
    made.putSource('cm/app', { a: '3' });
    await made.pass(3000);
    away = false;
    made.patches.length = 0;
    await made.pass(120_000);
    t.same(made.rolled(), ['api'], 'one roll for both');
    made.putSource('cm/app', { a: '3' });
    await made.pass(5000);
    t.equal(made.rolled().length, 1, 'and it was for the third version');
  },
);

t.test('a moment of refusal after a long absence of the API server is a short pause', async (t) => {
  const made = await settled();
  let fault: ErrorCode | undefined = 'RESTAMP_KUBE_UNAVAILABLE';
  made.ways.patch = async () => {
    if (fault !== undefined) throw new RestampError(fault, 'apps/api');
  };
  made.putSource('cm/app', { a: '2' });
  await made.pass(300_000);
  fault = 'RESTAMP_KUBE_FORBIDDEN';
  await made.pass(30_000);
  fault = undefined;
  made.patches.length = 0;
  await made.pass(60_000);
  t.same(made.rolled(), ['api']);
});
