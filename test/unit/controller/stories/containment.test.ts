import t from 'tap';
import { HELD } from '../../../../src/core/api/annotations.ts';
import { Recorder } from '../../../../src/controller/reporting/roll-recorder.ts';
import { faultsTo } from '../../../support/contained-faults.ts';
import { fakeClock } from '../../../support/fake-clock.ts';
import { turn } from '../../../support/recording.ts';
import { workload } from '../../../support/controller/builders.ts';
import { settled, type World } from '../../../support/controller/world.ts';

// An exception that nobody foresaw, while one thing is handled, concerns that one alone.

/** Lets everything that judges `name` throw, as a fault of ours would, until it is mended. */
function breakJudge(made: World, name: string): () => void {
  const judge = made.judge.judge.bind(made.judge);
  made.judge.judge = (key) => {
    if (key.endsWith(`/${name}`)) throw new TypeError('a bug');
    return judge(key);
  };
  return () => (made.judge.judge = judge);
}

const reasons = (made: World) => made.queue.waiting().map(({ key, reason }) => `${key} ${reason}`);

t.test(
  'a workload that cannot be judged is held, and rolls as soon as it can; the others roll',
  async (t) => {
    const made = await settled(['api', 'bomb', 'web']);
    const mend = breakJudge(made, 'bomb');
    made.putSource('cm/app', { a: '2' });
    await made.pass(2000);
    t.same(made.rolled(), ['api', 'web']);
    t.same(reasons(made), ['apps/Deployment/bomb rejected']);
    t.equal(made.faulty.length, 1, 'told once');
    mend();
    await made.pass(10_000);
    t.same(made.rolled(), ['api', 'web', 'bomb']);
    t.equal(made.queue.size, 0);
  },
);

t.test('a start or a sweep goes past a workload that cannot be judged', async (t) => {
  const made = await settled(['api', 'bomb', 'web']);
  breakJudge(made, 'bomb');
  made.mutator.recover();
  await made.pass(1000);
  t.same(reasons(made), ['apps/Deployment/bomb rejected']);
  made.putSource('cm/app', { a: '2' });
  made.mutator.recover();
  await made.pass(2000);
  t.same(made.rolled(), ['api', 'web']);
});

t.test(
  'an exception on the way to a patch is tried again, ever more slowly, and is no refusal',
  async (t) => {
    const made = await settled(['api', 'bomb']);
    let tries = 0;
    made.ways.patch = async (name) => {
      if (name !== 'bomb') return;
      tries += 1;
      throw new TypeError('a bug');
    };
    made.putSource('cm/app', { a: '2' });
    await made.pass(60_000);
    t.ok(made.rolled().includes('api'));
    t.ok(tries >= 4 && tries <= 10, `${tries} tries in a minute`);
    t.same(made.errors, []);
    t.same(
      made.events.filter(({ reason }) => reason === 'ReloadFail'),
      [],
    );
    t.equal(made.faulty.length, 1);
  },
);

t.test('what cannot be told of a change does not lose it', async (t) => {
  const made = await settled();
  made.sightings.confirm = () => {
    throw new TypeError('a bug');
  };
  made.putSource('cm/app', { a: '2' }, { by: 'ann' });
  await made.pass(2000);
  t.same(made.rolled(), ['api']);
});

t.test('a baseline that cannot be written is passed over; the next one is written', async (t) => {
  const made = await settled(['api']);
  breakJudge(made, 'bomb');
  made.putWorkload('bomb');
  made.putWorkload('web');
  await made.pass(2000);
  t.same(made.noted(), ['web']);
});

t.test('a hold that somebody has written himself holds and ends nothing', async (t) => {
  const bad = [
    '[null]',
    '[1]',
    '[{}]',
    '{}',
    '[{"source":"cm/app","cause":"changed","changed":"never"}]',
    '[[]]',
  ];
  const names = bad.map((_text, at) => `bomb-${at}`);
  const made = await settled([...names, 'web'], { quietMs: 5000, observe: false } as object);
  made.putSource('cm/app', { a: '2' });
  await made.pass(250);
  for (const [at, sources] of bad.entries())
    made.annotate(names[at]!, { [HELD]: `{"reason":"limit","since":"x","sources":${sources}}` });
  await made.pass(10_000);
  t.same([...made.rolled()].sort(), [...names, 'web'].sort());
  t.same(made.faulty, []);
});

const SOURCE = { source: 'cm/app', cause: 'changed', changed: '2026-11-22T12:00:00Z' };

t.test('one record that cannot be made costs no other one', async (t) => {
  const faults: string[] = [];
  const lines: string[] = [];
  const sent: string[] = [];
  const recorder = new Recorder({
    clock: fakeClock(0),
    faults: faultsTo(({ message }) => faults.push(message)),
    audit: (_fields, message) => lines.push(message),
    error: () => undefined,
    countRoll: () => {
      throw new TypeError('no number');
    },
    sendEvent: async ({ reason }) => void sent.push(reason),
    alerts: {
      rolled: () => {
        throw new TypeError('no chat');
      },
      setBusy: () => undefined,
    },
  });
  recorder.rolled(workload('api'), { rolled: '2026-11-22T12:00:01Z', sources: [SOURCE] });
  await turn();
  t.equal(lines.length, 1);
  t.same(sent, ['Reloaded']);
  t.match(faults, [
    /apps\/Deployment\/api: TypeError: no number/,
    /apps\/Deployment\/api: TypeError: no chat/,
  ]);
});
