import t from 'tap';
import { Releases } from '../../../../src/controller/gates/release-tracker.ts';
import { fakeClock } from '../../../support/fake-clock.ts';
import { NOW } from '../../../support/controller/builders.ts';

const SOURCE = 'cm/apps/app';
const WORKLOAD = 'apps/Deployment/api';

function releases() {
  const clock = fakeClock(NOW);
  const known = new Releases(clock);
  const waitMs = (quietMs = 10_000): number => known.waitMs('shop', SOURCE, WORKLOAD, quietMs);
  return { clock, known, waitMs };
}

t.test('what no release tool has written is not waited for', async (t) => {
  const { known, waitMs } = releases();
  t.equal(waitMs(), 0);
  known.wrote('shop', 'cm/apps/other');
  t.equal(waitMs(), 0, 'the release is known, and has not written this source');
  known.wrote('bank', SOURCE);
  t.equal(waitMs(), 0, 'another release has written it');
});

t.test('a source waits for the quiet of its release', async (t) => {
  const { clock, known, waitMs } = releases();
  known.wrote('shop', SOURCE);
  t.equal(waitMs(), 10_000);
  t.equal(waitMs(0), 0);
  clock.advance(9_999);
  t.equal(waitMs(), 1);
  clock.advance(1);
  t.equal(waitMs(), 0);
  clock.advance(50_000);
  t.equal(waitMs(), 0);
});

t.test('the write of the workload ends the wait, and one before the source does not', async (t) => {
  const { clock, known, waitMs } = releases();
  known.wrote('shop', WORKLOAD);
  clock.advance(1);
  known.wrote('shop', SOURCE);
  t.equal(waitMs(), 10_000);
  clock.advance(1_000);
  known.wrote('shop', WORKLOAD);
  t.equal(waitMs(), 0);
  clock.advance(1);
  known.wrote('shop', SOURCE);
  t.equal(waitMs(), 10_000, 'a later write of the source waits anew');
});

t.test('a workload that is written in the same instant is written after the source', async (t) => {
  const { known, waitMs } = releases();
  known.wrote('shop', SOURCE);
  known.wrote('shop', WORKLOAD);
  t.equal(waitMs(), 0);
});

t.test('each write of the release starts the wait again, 60 seconds in all', async (t) => {
  const { clock, known, waitMs } = releases();
  known.wrote('shop', SOURCE);
  for (let second = 5; second <= 50; second += 5) {
    clock.advance(5_000);
    known.wrote('shop', `cm/apps/other-${second}`);
    t.equal(waitMs(), 10_000, `after ${second} s`);
  }
  clock.advance(5_000);
  known.wrote('shop', 'cm/apps/last');
  t.equal(waitMs(), 5_000);
  clock.advance(5_000);
  known.wrote('shop', 'cm/apps/last');
  t.equal(waitMs(), 0);
});

t.test('a quiet period of more than 60 seconds is 60 seconds', async (t) => {
  const { known, waitMs } = releases();
  known.wrote('shop', SOURCE);
  t.equal(waitMs(600_000), 60_000);
});

t.test('the writes of another release end no wait and start none again', async (t) => {
  const { clock, known, waitMs } = releases();
  known.wrote('shop', SOURCE);
  clock.advance(4_000);
  known.wrote('bank', WORKLOAD);
  t.equal(waitMs(), 6_000);
});

t.test('a release is forgotten two minutes after its last write, and not before', async (t) => {
  const { clock, known, waitMs } = releases();
  known.wrote('shop', WORKLOAD);
  clock.advance(120_000);
  known.wrote('shop', SOURCE);
  t.equal(waitMs(), 10_000);
  clock.advance(120_001);
  known.wrote('bank', SOURCE);
  t.equal(waitMs(), 0);
});

t.test('a step of the wall clock changes no wait', async (t) => {
  const { clock, known, waitMs } = releases();
  known.wrote('shop', SOURCE);
  clock.shiftWall(-3_600_000);
  t.equal(waitMs(), 10_000);
});
