import t from 'tap';
import { APP, second, third, evidence, ledgerOf } from './evidence.ts';
import { excused, judge, type Evidence } from './verdict.ts';

// What nobody could know is counted, and hides nothing else.
t.test('what changed before the map knew the source again is excused, and counted', async (t) => {
  const until = (version: bigint): Evidence =>
    evidence([undefined], { record: { bareUntil: new Map([[APP, version]]) } });
  t.same(judge(until(30n)), []);
  t.equal(excused(until(30n)), 1);
  t.same(
    judge(until(29n)).map(({ what }) => what),
    ['lost'],
  );
});

t.test('so is what was there when the map knew the source again, and came back since', async (t) => {
  const returned = ledgerOf('first', 'second', 'third', 'second');
  const given = (version: bigint): Evidence => ({
    ...evidence([undefined], { stored: second, record: { bareUntil: new Map([[APP, version]]) } }),
    ledger: returned,
  });
  t.same(judge(given(20n)), []);
  t.equal(excused(given(20n)), 1);
  t.same(
    judge(given(35n)).map(({ what }) => what),
    ['lost'],
  );
});

t.test('without maps nobody misses a stamp', async (t) => {
  const given = evidence([third], { stamped: false });
  t.match(judge(given), [{ what: 'lost' }]);
  t.same(judge(evidence([third], { stamped: false, maps: false })), []);
});
