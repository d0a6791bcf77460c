import t from 'tap';
import { Sightings } from '../../../src/attribution/sightings.ts';
import { fakeClock } from '../../support/fake-clock.ts';
import { NOW, ref, sighting } from '../../support/controller/builders.ts';

const APP = ref('cm/app');
const stored = (digest: string, resourceVersion: string, uid = 'uid-app') => ({
  uid,
  digest,
  resourceVersion,
});

t.test('a sighting is confirmed once, by the stored version of the same uid and digest', async (t) => {
  const sightings = new Sightings(fakeClock(NOW));
  const seen = sighting('cm/app', { digest: 'new' });
  sightings.add(seen);
  t.equal(sightings.confirm(ref('cm/other'), stored('new', '2')), undefined);
  t.equal(sightings.confirm(ref('secret/app'), stored('new', '2')), undefined);
  t.equal(sightings.confirm(APP, stored('new', '2')), seen);
  t.equal(sightings.confirm(APP, stored('new', '2')), undefined);
  t.equal(sightings.size, 0);
  sightings.add(sighting('cm/app', { digest: 'new', baseVersion: '9' }));
  t.ok(sightings.confirm(APP, stored('new', '9')));
  t.equal(sightings.confirm(APP, stored('new', '9')), undefined, 'whatever it was based on');
});

t.test('another digest or another uid confirms nothing', async (t) => {
  const sightings = new Sightings(fakeClock(NOW));
  sightings.add(sighting('cm/app', { digest: 'new', baseVersion: '5' }));
  t.equal(sightings.confirm(APP, stored('other', '5')), undefined);
  t.equal(sightings.confirm(APP, stored('new', '6', 'uid-2')), undefined);
  t.ok(sightings.confirm(APP, stored('new', '6')));
});

t.test('of two sightings of one write the last one counts, and both are retired', async (t) => {
  const sightings = new Sightings(fakeClock(NOW));
  sightings.add(sighting('cm/app', { digest: 'new', baseVersion: '5', requestUid: 'first' }));
  sightings.add(sighting('cm/app', { digest: 'new', baseVersion: '6', requestUid: 'again' }));
  t.equal(sightings.confirm(APP, stored('new', '7'))?.requestUid, 'again');
  t.equal(sightings.size, 0);
});

t.test('a newer version of the uid retires what was based on older ones', async (t) => {
  const sightings = new Sightings(fakeClock(NOW));
  sightings.add(sighting('cm/app', { digest: 'rejected', baseVersion: '9' }));
  sightings.add(sighting('cm/app', { digest: 'created', baseVersion: undefined, operation: 'CREATE' }));
  sightings.add(sighting('cm/app', { digest: 'coming', baseVersion: '10' }));
  sightings.add(sighting('cm/app', { digest: 'later', baseVersion: '11' }));
  sightings.add(sighting('cm/app', { digest: 'foreign', uid: 'uid-2', baseVersion: '2' }));
  t.equal(sightings.confirm(APP, stored('x', '10')), undefined);
  t.equal(sightings.size, 3, 'what would replace this version may still be stored');
  t.ok(sightings.confirm(APP, stored('coming', '11')));
  t.ok(sightings.confirm(APP, stored('later', '12')));
  t.ok(sightings.confirm(APP, stored('foreign', '13', 'uid-2')));
});

t.test('a sighting expires unused after 60 s of the wall clock', async (t) => {
  const clock = fakeClock(NOW);
  const sightings = new Sightings(clock);
  sightings.add(sighting('cm/app', { digest: 'in time' }));
  clock.advance(60_000);
  t.ok(sightings.confirm(APP, stored('in time', '2')));
  sightings.add(sighting('cm/app', { digest: 'late', at: clock.now() }));
  clock.advance(60_001);
  t.equal(sightings.confirm(APP, stored('late', '3')), undefined);
  t.equal(sightings.size, 0);
});

t.test('a DELETE is confirmed by absence, and only for the uid that is gone', async (t) => {
  const sightings = new Sightings(fakeClock(NOW));
  const gone = sighting('cm/app', { operation: 'DELETE', digest: undefined });
  sightings.add(gone);
  t.equal(sightings.confirmDelete(ref('cm/other')), undefined);
  t.equal(sightings.confirmDelete(APP, 'uid-app'), gone);
  t.equal(sightings.confirmDelete(APP, 'uid-app'), undefined);
  sightings.add(gone);
  t.equal(sightings.confirmDelete(APP, 'uid-2'), undefined, 'somebody else deleted an earlier one');
  t.equal(sightings.size, 0);
  sightings.add(gone);
  t.equal(sightings.confirmDelete(APP), gone);
});

t.test('absence does not confirm a write, and leaves it', async (t) => {
  const sightings = new Sightings(fakeClock(NOW));
  sightings.add(sighting('cm/app', { digest: 'new' }));
  t.equal(sightings.confirmDelete(APP), undefined);
  t.equal(sightings.size, 1);
});

t.test('a flood of one source keeps its last 50', async (t) => {
  const sightings = new Sightings(fakeClock(NOW));
  for (let count = 0; count < 120; count += 1) sightings.add(sighting('cm/app', { digest: `d${count}` }));
  t.equal(sightings.size, 50);
  t.equal(sightings.confirm(APP, stored('d69', '1')), undefined);
  t.ok(sightings.confirm(APP, stored('d70', '1')));
});

t.test('a flood of sources keeps the last 10,000', async (t) => {
  const sightings = new Sightings(fakeClock(NOW));
  sightings.add(sighting('cm/app'));
  for (let count = 0; count < 9_999; count += 1) sightings.add(sighting(`cm/app-${count}`));
  t.equal(sightings.size, 10_000);
  sightings.add(sighting('cm/app', { digest: 'again' }));
  sightings.add(sighting('cm/one-more'));
  t.equal(sightings.size, 10_001, 'the one that was seen last longest ago has gone');
  t.ok(sightings.confirm(APP, stored('again', '2')));
  t.equal(sightings.confirm(ref('cm/app-0'), stored('digest', '2', 'uid-app-0')), undefined);
});

t.test('what has expired goes when something else is seen', async (t) => {
  const clock = fakeClock(NOW);
  const sightings = new Sightings(clock);
  for (let count = 0; count < 100; count += 1) sightings.add(sighting(`cm/app-${count}`));
  clock.advance(60_001);
  sightings.add(sighting('cm/new', { at: clock.now() }));
  t.equal(sightings.size, 1);
});

t.test('a flood of one writer does not drive out what another one wrote', async (t) => {
  const sightings = new Sightings(fakeClock(NOW));
  sightings.add(sighting('cm/app', { digest: 'true', user: 'mallory' }));
  sightings.add(sighting('cm/app', { digest: 'gone', user: 'bob', operation: 'DELETE' }));
  for (let count = 0; count < 500; count += 1)
    sightings.add(sighting('cm/app', { digest: `d${count}`, user: count % 2 === 0 ? 'alice' : 'eve' }));
  t.equal(sightings.size, 50);
  t.equal(sightings.confirmDelete(APP)?.user, 'bob');
  t.equal(sightings.confirm(APP, stored('true', '2'))?.user, 'mallory');
});

t.test('all together have a weight, and the oldest go first', async (t) => {
  const sightings = new Sightings(fakeClock(NOW));
  const keys = Array.from({ length: 50 }, (_, index) => `${'k'.repeat(250)}${100 + index}`);
  for (let count = 0; count < 3_000; count += 1) sightings.add(sighting(`cm/app-${count}`, { keys }));
  t.ok(sightings.size > 1_000 && sightings.size < 1_400, String(sightings.size));
  t.ok(sightings.confirm(ref('cm/app-2999'), stored('digest', '2', 'uid-app-2999')));
  t.equal(sightings.confirm(APP, stored('digest', '2')), undefined);
  const left = sightings.size;
  for (let count = 2_998; count > 2_998 - left; count -= 1)
    sightings.confirm(ref(`cm/app-${count}`), stored('digest', '2', `uid-app-${count}`));
  t.equal(sightings.size, 0);
  for (let count = 0; count < 9_000; count += 1) sightings.add(sighting(`cm/app-${count}`));
  t.equal(sightings.size, 9_000, 'what has gone weighs nothing');
});

t.test('a clock that is ahead elsewhere makes a sighting last no longer', async (t) => {
  const clock = fakeClock(NOW);
  const sightings = new Sightings(clock);
  sightings.add(sighting('cm/app', { digest: 'new', at: Number.MAX_SAFE_INTEGER }));
  clock.advance(60_001);
  t.equal(sightings.confirm(APP, stored('new', '2')), undefined);
});
