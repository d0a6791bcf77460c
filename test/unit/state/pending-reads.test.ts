import t from 'tap';
import { Unread } from '../../../src/state/pending-reads.ts';
import { ref } from '../../support/controller/builders.ts';

const stamp = { h: '-', uid: 'u', rv: '5' };
const state = (version: string) => ({
  state: 'present' as const,
  uid: 'u',
  resourceVersion: version,
  began: 1,
  ended: 2,
  created: 0,
  dataTime: undefined,
  digest: () => '',
  lever: '',
  meta: undefined as never,
});

t.test('of many sources without a stamp only the last read decides', async (t) => {
  const unread = new Unread();
  unread.set('api', [ref('cm/a'), ref('cm/b')]);
  t.ok(unread.decidesNothing('api', { ref: ref('cm/a'), state: state('5') }, undefined));
  t.notOk(unread.decidesNothing('api', { ref: ref('cm/b'), state: state('5') }, undefined));
});

t.test('a read that failed counts like one that did not', async (t) => {
  const unread = new Unread();
  unread.set('api', [ref('cm/a'), ref('cm/b')]);
  t.ok(unread.decidesNothing('api', { ref: ref('cm/a') }, undefined));
  t.notOk(unread.decidesNothing('api', { ref: ref('cm/b') }, undefined));
  t.notOk(unread.decidesNothing('api', { ref: ref('cm/b') }, undefined), 'nor where nothing is waited for');
});

t.test('a source with a stamp that is waited for decides at once', async (t) => {
  const unread = new Unread();
  unread.set('api', [ref('cm/a'), ref('cm/b')]);
  t.notOk(unread.decidesNothing('api', { ref: ref('cm/a'), state: state('6') }, stamp));
});

t.test('the version that the stamp was made of, or that was read before, decides nothing', async (t) => {
  const unread = new Unread();
  const read = { ref: ref('cm/a'), state: state('5') };
  t.ok(unread.decidesNothing('api', read, stamp));
  t.notOk(unread.decidesNothing('api', read, { ...stamp, rv: '4' }));
  t.notOk(unread.decidesNothing('api', read, { ...stamp, uid: 'v' }));
  t.ok(unread.decidesNothing('api', { ...read, before: state('5') }, { ...stamp, rv: '4' }));
  t.notOk(unread.decidesNothing('api', { ...read, before: state('4') }, stamp));
  t.notOk(unread.decidesNothing('api', { ...read, before: { ...state('5'), uid: 'v' } }, stamp));
  t.notOk(unread.decidesNothing('api', { ...read, state: { state: 'missing', began: 1, ended: 2 } }, stamp));
});
