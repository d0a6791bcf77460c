import t from 'tap';
import { RestampError } from '../../../src/errors.ts';
import { Readiness } from '../../../src/telemetry/readiness.ts';

t.test('what is awaited is said until it is done, with its cause as far as that is known', async (t) => {
  const readiness = new Readiness();
  t.same(readiness.lines, []);
  const troubles: (RestampError | undefined)[] = [undefined];
  readiness.await('the door is shut');
  readiness.await('the lists', () => ['jobs', ...troubles, 'jobs']);
  t.same(readiness.lines, ['the door is shut', 'the lists: jobs'], 'once each');
  troubles.push(new RestampError('RESTAMP_KUBE_FORBIDDEN', 'GET /apis/apps/v1/deployments: ann may not'));
  t.same(readiness.lines, [
    'the door is shut',
    'the lists: jobs',
    'the lists: RESTAMP_KUBE_FORBIDDEN: A right is missing: GET /apis/apps/v1/deployments',
  ]);
  readiness.await('the lists');
  t.same(readiness.lines, ['the door is shut', 'the lists']);
  readiness.done('the door is shut');
  readiness.done('the lists');
  t.same(readiness.lines, []);
});

t.test('everybody may read it: it is short, and the words of the API server are not in it', async (t) => {
  const readiness = new Readiness();
  const quote = new RestampError(
    'RESTAMP_KUBE_INVALID',
    'POST /api/v1/secrets: data: Invalid value: "hunter2"',
  );
  readiness.await('keys', () => [quote]);
  t.notMatch(readiness.lines.join(), 'hunter2');
  readiness.await('keys', () => Array.from({ length: 3000 }, (_none, at) => `list ${at}`));
  t.equal(readiness.lines.length, 11);
  t.equal(readiness.lines.at(-1), 'keys: … and 2990 more');
});
