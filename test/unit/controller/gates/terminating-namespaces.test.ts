import t from 'tap';
import { STAMPS } from '../../../../src/core/api/annotations.ts';
import { RestampError } from '../../../../src/errors.ts';
import { isTerminating, Terminations } from '../../../../src/controller/gates/terminating-namespaces.ts';
import { fakeClock } from '../../../support/fake-clock.ts';
import { AUTO, NAMESPACE } from '../../../support/controller/builders.ts';
import { settled, world, type World } from '../../../support/controller/world.ts';

const KEY = `${NAMESPACE}/Deployment/api`;
const refused = new RestampError(
  'RESTAMP_KUBE_FORBIDDEN',
  'POST /apis/batch/v1/namespaces/apps/jobs: jobs.batch "a" is forbidden: unable to create new content in namespace apps because it is being terminated',
);
const going = (name: string) => ({ metadata: { name, deletionTimestamp: '2026-11-22T12:00:00Z' } });

/** Somebody deletes the Deployment, and a finalizer keeps it. */
function terminate(made: World): void {
  Object.assign(made.stored('api').metadata, { deletionTimestamp: '2026-11-22T12:00:00Z' });
  made.annotate('api', {});
}

t.test('a namespace goes from its deletion to its end, as the watch tells', async (t) => {
  const terminations = new Terminations(fakeClock(0));
  terminations.put({ metadata: { name: 'a' } });
  terminations.put({ metadata: { name: 'a', deletionTimestamp: null } });
  t.notOk(terminations.has('a'));
  terminations.put(going('a'));
  t.ok(terminations.has('a'));
  t.notOk(terminations.has('b'));
  terminations.remove({ name: 'a' });
  t.notOk(terminations.has('a'));
  terminations.put(going('a'));
  terminations.put({ metadata: { name: 'a' } });
  t.notOk(terminations.has('a'), 'it has been made anew');
});

t.test(
  'what a refusal says of a namespace counts for a while, or until the watch says otherwise',
  async (t) => {
    const clock = fakeClock(0);
    const terminations = new Terminations(clock);
    const other = new RestampError('RESTAMP_KUBE_FORBIDDEN', 'no right to create jobs');
    t.notOk(terminations.heard('a', other));
    t.notOk(terminations.has('a'));
    t.notOk(isTerminating(new RestampError('RESTAMP_KUBE_INVALID', 'because it is being terminated')));
    t.ok(terminations.heard('a', refused));
    t.ok(terminations.has('a'));
    clock.advance(300_000);
    t.notOk(terminations.has('a'));
    terminations.heard('a', refused);
    terminations.remove({ name: 'a' });
    t.notOk(terminations.has('a'));
  },
);

t.test('a workload that is being deleted is held, without an error, an Event or a write', async (t) => {
  const made = await settled();
  terminate(made);
  made.annotate('api', { 'restamp.dev/request': 'roll@2026-11-22T12:00:00Z' });
  made.putSource('cm/app', { a: '2' });
  await made.pass(600_000);
  t.match(made.queue.waiting(), [{ key: KEY, reason: 'terminating' }]);
  t.same(
    made.audit.filter((line) => line['audit'] === 'held').map((line) => line['reason']),
    ['terminating'],
  );
  t.same([made.patches, made.errors, made.events, made.troubles], [[], [], [], []]);
  made.remove('api');
  t.equal(made.queue.size, 0);
});

t.test('nothing in a namespace that is being deleted is rolled, whoever asks', async (t) => {
  const made = await settled(['api', 'web']);
  made.terminations.put(going(NAMESPACE));
  made.putSource('cm/app', { a: '2' });
  made.annotate('api', { 'restamp.dev/request': 'roll@2026-11-22T12:00:00Z' });
  await made.pass(600_000);
  t.match(made.queue.waiting(), [{ reason: 'terminating' }, { reason: 'terminating' }]);
  t.same([made.patches, made.errors, made.events], [[], [], []]);
});

t.test('what is being deleted gets no baseline, and is not told as what would be rolled', async (t) => {
  const made = world({ mode: 'observe' });
  made.putSource('cm/app', { a: '1' });
  made.putWorkload('api');
  made.mutator.start();
  await made.pass(1000);
  terminate(made);
  made.putSource('cm/app', { a: '2' });
  await made.pass(5000);
  t.same(
    made.audit.filter((line) => line['audit'] === 'observed'),
    [],
  );

  const writing = world();
  writing.putSource('cm/app', { a: '1' });
  writing.putWorkload('api');
  terminate(writing);
  writing.mutator.start();
  await writing.pass(5000);
  t.same(writing.patches, []);
});

t.test('one of the same name that comes after it has started with what is stored', async (t) => {
  const made = await settled();
  const { [STAMPS]: copy = '' } = made.stored('api').metadata.annotations ?? {};
  terminate(made);
  made.putSource('cm/app', { a: '2' });
  await made.pass(3000);
  t.match(made.queue.waiting(), [{ reason: 'terminating' }]);
  made.putWorkload('api', { uid: 'another', annotations: { ...AUTO, [STAMPS]: copy } });
  await made.pass(60_000);
  t.same([made.rolled(), made.queue.waiting()], [[], []]);
  made.putSource('cm/app', { a: '3' });
  await made.pass(3000);
  t.same(made.rolled(), ['api']);
});
