import t from 'tap';
import { ARGO_ROLLOUT, Kinds } from '../../../src/core/api/kind.ts';
import { RestampError } from '../../../src/errors.ts';
import { LateKinds } from '../../../src/informers/kind-discovery.ts';
import { noFaults } from '../../support/contained-faults.ts';
import { fakeClock } from '../../support/fake-clock.ts';
import { turn } from '../../support/recording.ts';

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

t.test('the start asks again while the API server cannot tell what it serves, for a while', async (t) => {
  const down = new RestampError('RESTAMP_KUBE_UNAVAILABLE', 'starting');
  const made = looking([down, down, 'rollouts']);
  const begun = made.late.begin();
  for (let waited = 0; waited < 2000; waited += 250) await made.pass(250);
  await begun;
  t.ok(made.kinds.get('Rollout'));
  t.ok(made.kinds.knowsLenders, 'its objects are listed before anything is judged');
  t.equal(made.looks(), 3);

  const never = looking(Array.from({ length: 99 }, () => down));
  let ended = false;
  void never.late.begin().then(() => (ended = true));
  for (let waited = 0; waited < 14_000; waited += 250) await never.pass(250);
  t.ok(ended, 'then it goes on without');
  t.notOk(never.kinds.knowsLenders);
});

t.test('that a kind is not served counts only when it has been said twice', async (t) => {
  const made = looking([undefined, undefined]);
  await made.late.begin();
  t.equal(made.looks(), 1, 'the start does not wait for what is not installed');
  t.notOk(made.kinds.knowsLenders);
  made.watch();
  await made.pass(15_000);
  t.ok(made.kinds.knowsLenders);
});

t.test('of a kind that comes later not everything is known before its list has been shown', async (t) => {
  const made = looking([undefined, undefined, 'rollouts']);
  await made.late.begin();
  made.watch();
  await made.pass(15_000);
  await made.pass(15_000);
  const row = made.kinds.get('Rollout')!;
  t.ok(made.kinds.isAwaited(row));
  t.notOk(made.kinds.knowsLenders);
  made.kinds.known(row);
  t.notOk(made.kinds.isAwaited(row));
  t.ok(made.kinds.knowsLenders);
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

t.test('who is stopped tells nothing of a look that is still under way', async (t) => {
  const made = looking([new RestampError('RESTAMP_KUBE_UNAVAILABLE', 'the client is closed')]);
  const looked = made.late.look();
  made.late.stop();
  t.same(await looked, []);
  t.same(made.troubles, []);
});
