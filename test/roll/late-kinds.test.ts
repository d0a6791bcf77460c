import t from 'tap';
import { ARGO_ROLLOUT, Kinds } from '../../src/core/kind.ts';
import { RestampError } from '../../src/errors.ts';
import { LateKinds } from '../../src/roll/late-kinds.ts';
import { noFaults } from '../helpers/faults.ts';
import { fakeClock } from '../helpers/fake-clock.ts';
import { turn } from '../helpers/journal.ts';

function looking(answers: readonly (string | undefined | RestampError)[]) {
  const clock = fakeClock(0);
  const kinds = new Kinds();
  const troubles: string[] = [];
  const found: string[] = [];
  const left = [...answers];
  let looks = 0;
  const late = new LateKinds([ARGO_ROLLOUT], {
    kinds,
    clock,
    find: async () => {
      looks += 1;
      const answer = left.shift();
      if (answer instanceof RestampError) throw answer;
      return answer;
    },
    onTrouble: ({ code }) => troubles.push(code),
    faults: noFaults,
  });
  return {
    clock,
    kinds,
    late,
    troubles,
    found,
    looks: () => looks,
    watch: () => late.watch((row) => found.push(row.kind)),
    pass: async (ms: number) => {
      clock.advance(ms);
      await turn();
    },
  };
}

t.test('a kind that is served is in the table at once, and not looked for again', async (t) => {
  const made = looking(['rollouts']);
  t.same(
    (await made.late.look()).map(({ resource }) => resource),
    ['rollouts'],
  );
  t.same(made.late.missing, []);
  made.watch();
  await made.pass(60_000);
  t.equal(made.looks(), 1);
});

t.test('a kind that comes later is taken in when it is there, once', async (t) => {
  const made = looking([undefined, undefined, 'rollouts']);
  await made.late.look();
  t.equal(made.kinds.get('Rollout'), undefined);
  made.watch();
  for (let looks = 0; looks < 4; looks += 1) await made.pass(15_000);
  t.same(made.found, ['Rollout']);
  t.ok(made.kinds.get('Rollout'));
  t.equal(made.looks(), 3);
});

t.test('a look that fails is told of and tried again; after the stop nobody looks', async (t) => {
  const made = looking([new RestampError('RESTAMP_KUBE_FORBIDDEN', 'x'), undefined, 'rollouts']);
  await made.late.look();
  t.same(made.troubles, ['RESTAMP_KUBE_FORBIDDEN']);
  t.equal(made.late.missing.length, 1);
  made.watch();
  await made.pass(15_000);
  made.late.stop();
  await made.pass(60_000);
  t.equal(made.looks(), 2);
  t.same(made.found, []);
});
