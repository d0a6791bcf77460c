import t from 'tap';
import { RestampError, type ErrorCode } from '../../../../src/errors.ts';
import { settled, type World } from '../../../support/controller/world.ts';

const HOUR = 3_600_000;

/** Something that fails for each of these in turns. */
function failing(...codes: readonly ErrorCode[]) {
  let tries = 0;
  return {
    tries: () => tries,
    fail: async (): Promise<never> => {
      tries += 1;
      throw new RestampError(codes[tries % codes.length]!, 'no');
    },
  };
}
const count = ({ audit }: World, what: string): number =>
  audit.filter((line) => line['audit'] === what).length;

for (const codes of [
  ['RESTAMP_KUBE_FORBIDDEN', 'RESTAMP_KUBE_UNAVAILABLE'],
  ['RESTAMP_KUBE_FORBIDDEN', 'RESTAMP_KUBE_CONFLICT'],
  ['RESTAMP_KUBE_INVALID', 'RESTAMP_KUBE_THROTTLED', 'RESTAMP_KUBE_CONFLICT'],
] as const)
  t.test(`a roll that fails for ${codes.join(', ')} in turns is tried ever more slowly`, async (t) => {
    const made = await settled();
    const { tries, fail } = failing(...codes);
    made.ways.patch = fail;
    made.putSource('cm/app', { a: '2' });
    await made.pass(HOUR);
    t.ok(tries() < 250, `${tries()} tries in an hour`);
    t.ok(made.errors.length <= codes.length, `${made.errors.length} lines`);
    t.equal(made.events.length, made.errors.length);
    t.ok(count(made, 'held') <= 2, `${count(made, 'held')} holds`);
    made.ways.patch = async () => undefined;
    await made.pass(HOUR);
    t.equal(count(made, 'roll'), 1);
    t.equal(made.queue.size, 0);
  });

t.test('so is a read', async (t) => {
  const made = await settled();
  const { tries, fail } = failing('RESTAMP_KUBE_FORBIDDEN', 'RESTAMP_KUBE_UNAVAILABLE');
  made.ways.read = fail;
  made.putSource('cm/app', { a: '2' });
  await made.pass(HOUR);
  t.ok(tries() < 250, `${tries()} reads in an hour`);
  made.ways.read = async () => undefined;
  await made.pass(HOUR);
  t.same(made.rolled(), ['api']);
});

t.test('causes of one code that take turns are told once each', async (t) => {
  const made = await settled();
  let tries = 0;
  made.ways.patch = async () => {
    tries += 1;
    throw new RestampError('RESTAMP_KUBE_INVALID', `denied by policy ${'abc'[tries % 3]}`);
  };
  made.putSource('cm/app', { a: '2' });
  await made.pass(HOUR);
  t.ok(tries > 10);
  t.equal(made.errors.length, 3);
  t.equal(made.events.length, 3);
});
