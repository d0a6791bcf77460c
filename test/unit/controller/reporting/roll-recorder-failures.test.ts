import t from 'tap';
import { RestampError } from '../../../../src/errors.ts';
import { api, entry, from, recording } from '../../../support/controller/recorder-harness.ts';
import { workload } from '../../../support/controller/builders.ts';

t.test('a cause is one line and one Event, however many tries fail for it', async (t) => {
  const { recorder, errors, counted, sent } = recording();
  const refused = (why: string) => new RestampError('RESTAMP_ROLL_REFUSED', why);
  const fail = (why: string): void => recorder.failed(api, refused(why), entry(from('cm/app')));
  for (let id = 0; id < 30; id += 1) fail(`policy a (request 3f2504e0-4f89-11d3-9a0c-0305e82c33${id})`);
  t.equal(errors.length, 1);
  t.equal(sent.items.length, 1);
  t.equal(counted.length, 30, 'each is counted');
  fail('policy b');
  t.equal(errors.length, 2, 'another cause is news');
  recorder.rolled(api, entry(from('cm/app')));
  fail('policy b');
  t.equal(errors.length, 3, 'so is one after a roll');
  recorder.failed(workload('web'), refused('policy b'), entry(from('cm/app')));
  t.equal(errors.length, 4, 'and one of another workload');
  recorder.forget('apps/Deployment/web');
  recorder.failed(workload('web'), refused('policy b'), entry(from('cm/app')));
  t.equal(errors.length, 5);
});

t.test('ten causes of one workload are remembered', async (t) => {
  const { recorder, errors } = recording();
  const fail = (policy: string): void =>
    recorder.failed(api, new RestampError('RESTAMP_ROLL_REFUSED', policy), entry(from('cm/app')));
  for (let round = 0; round < 3; round += 1) for (const policy of 'abcdefghij') fail(policy);
  t.equal(errors.length, 10);
  fail('k');
  fail('b');
  t.equal(errors.length, 11);
  fail('a');
  t.equal(errors.length, 12, 'the oldest was forgotten');
});
