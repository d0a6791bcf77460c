import t from 'tap';
import type { RollEntry } from '../../../../src/core/stamps/history.ts';
import { workloadKey } from '../../../../src/core/objects/workload.ts';
import type { HoldReason } from '../../../../src/controller/gates/hold-reasons.ts';
import { heldSources, Holds } from '../../../../src/controller/gates/holds.ts';
import { fakeClock } from '../../../support/fake-clock.ts';
import { NAMESPACE, NOW, workload } from '../../../support/controller/builders.ts';

const api = workload('api');
const KEY = workloadKey(api);
const SINCE = new Date(NOW).toISOString();

function entry(...keys: readonly string[]): RollEntry {
  const sources = keys.map((source) => ({ source, cause: 'changed', by: 'ann', changed: SINCE }));
  return { rolled: SINCE, sources };
}

function holds() {
  const clock = fakeClock(NOW);
  const audit: { fields: Readonly<Record<string, unknown>>; message: string }[] = [];
  const changes: string[] = [];
  const held = new Holds({
    clock,
    seals: { of: (_workload, { source }) => `seal of ${source}` },
    audit: (fields, message) => void audit.push({ fields, message }),
    onChange: (key) => void changes.push(key),
  });
  return { clock, audit, changes, held };
}

t.test('a hold is told once, with its reason and its sources', async (t) => {
  const { audit, held, clock } = holds();
  held.hold(api, 'limit', 'too often', entry('cm/app'));
  clock.advance(60_000);
  held.hold(api, 'limit', 'too often', entry('cm/app'));
  t.equal(audit.length, 1);
  const { fields, message } = audit[0]!;
  t.same(fields, {
    audit: 'held',
    reason: 'limit',
    detail: 'too often',
    kind: 'Deployment',
    namespace: NAMESPACE,
    name: 'api',
    sources: entry('cm/app').sources,
  });
  for (const word of ['api', NAMESPACE, 'limit']) t.match(message, word);
});

t.test('a long hold is written on the workload, and read back as it was', async (t) => {
  for (const reason of ['limit', 'contested', 'stop'] as const) {
    const { changes, held } = holds();
    held.hold(api, reason, 'why', entry('cm/app'));
    t.same(changes, [KEY], reason);
    const written = { reason, since: SINCE, detail: 'why', sources: entry('cm/app').sources };
    const [told] = written.sources;
    const seal = 'seal of cm/app';
    t.same(JSON.parse(held.annotation(api) ?? ''), { ...written, sources: [{ ...told, seal }] });
    t.same(heldSources(held.annotation(api)), [{ told, seal }]);
    t.same(held.get(KEY), written);
  }
});

t.test('a short hold, or one whose annotation could not be written, is only told', async (t) => {
  const short: readonly HoldReason[] = [
    'quiet',
    'release',
    'rejected',
    'unavailable',
    'terminating',
    'standby',
  ];
  for (const reason of short) {
    const { audit, changes, held } = holds();
    held.hold(api, reason, '', entry('cm/app'));
    t.same(changes, [], reason);
    t.equal(held.annotation(api), undefined);
    t.equal(held.get(KEY)?.reason, reason);
    t.equal(audit.length, 1);
  }
});

t.test('a hold without a detail has none', async (t) => {
  const { held } = holds();
  held.hold(api, 'stop', '', entry('cm/app'));
  t.notOk(Object.hasOwn(held.get(KEY)!, 'detail'));
});

t.test('one more source is written, not told, and the hold is as old as before', async (t) => {
  const { audit, changes, held, clock } = holds();
  held.hold(api, 'stop', '', entry('cm/app'));
  clock.advance(60_000);
  held.hold(api, 'stop', '', entry('cm/app', 'secret/db'));
  t.equal(audit.length, 1);
  t.same(changes, [KEY, KEY]);
  t.has(held.get(KEY), { since: SINCE, sources: entry('cm/app', 'secret/db').sources });
});

t.test('another reason is another hold, from now on', async (t) => {
  const { audit, held, clock } = holds();
  held.hold(api, 'quiet', '', entry('cm/app'));
  clock.advance(1_000);
  held.hold(api, 'stop', '', entry('cm/app'));
  t.equal(audit.length, 2);
  t.has(held.get(KEY), { reason: 'stop', since: new Date(NOW + 1_000).toISOString() });
});

t.test('release ends the hold of this workload alone and tells why it waited', async (t) => {
  const { audit, held } = holds();
  held.hold(api, 'stop', '', entry('cm/app'));
  held.hold(workload('web'), 'limit', '', entry('cm/app'));
  t.has(held.release(KEY), { reason: 'stop' });
  t.equal(held.release(KEY), undefined);
  t.equal(held.annotation(api), undefined);
  t.ok(held.get(workloadKey(workload('web'))));
  held.hold(api, 'stop', '', entry('cm/app'));
  t.equal(audit.length, 3, 'the next hold is told again');
});

t.test('heldSources reads nothing from what is no hold', async (t) => {
  const bad = [undefined, '', '{', 'null', '5', '"x"', '[]', '{}', '{"sources":{}}', '{"reason":"stop"}'];
  for (const text of bad) t.same(heldSources(text), [], String(text));
});

t.test('heldSources passes over what is no source, and takes the others', async (t) => {
  const good = entry('cm/app').sources;
  for (const one of [null, 1, 'x', [], {}, { source: 'cm/app', cause: 'changed', changed: 'never' }])
    t.same(
      heldSources(JSON.stringify({ sources: [one, ...good] })).map(({ told }) => told),
      good,
      JSON.stringify(one),
    );
});

t.test(
  'failures that take turns are told once each, until something else holds it, or nothing does',
  async (t) => {
    const { audit, held } = holds();
    const hold = (reason: HoldReason): void => held.hold(api, reason, '', entry('cm/app'));
    const turns = (): void => {
      for (const reason of ['rejected', 'unavailable', 'rejected', 'unavailable'] as const) hold(reason);
    };
    turns();
    t.equal(audit.length, 2);
    t.equal(held.get(KEY)?.reason, 'unavailable');
    hold('limit');
    turns();
    t.equal(audit.length, 5);
    held.release(KEY);
    turns();
    t.equal(audit.length, 7);
    hold('stop');
    hold('limit');
    hold('stop');
    t.equal(audit.length, 10, 'a gate that closes again is news');
  },
);
