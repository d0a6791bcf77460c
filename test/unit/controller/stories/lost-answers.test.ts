import t from 'tap';
import { RestampError } from '../../../../src/errors.ts';
import { settled, world, type World } from '../../../support/controller/world.ts';

const REQUEST = 'restamp.dev/request';
const lost = async (): Promise<never> => {
  throw new RestampError('RESTAMP_KUBE_UNAVAILABLE', 'PATCH: other side closed');
};
const reasons = ({ events }: World) => events.map(({ reason }) => reason);
const rolls = ({ audit }: World) => audit.filter((line) => line['audit'] === 'roll');

/** One change, whose roll is stored and whose answer does not come. */
async function changed(echo: boolean, before?: (made: World) => void): Promise<World> {
  const made = await settled(['api'], { rollLimit: 1 });
  made.ways.echo = echo;
  made.ways.reply = async () => {
    made.ways.reply = async () => undefined;
    return lost();
  };
  before?.(made);
  made.putSource('cm/app', { a: '2' }, { by: 'ann' });
  await made.pass(3000);
  return made;
}

t.test('a stored roll whose answer is lost is told as the roll that it was', async (t) => {
  for (const echo of [true, false]) {
    const made = await changed(echo);
    t.equal(made.rolled().length, 1, 'and is not sent again');
    t.same(reasons(made), ['Reloaded']);
    t.equal(rolls(made).length, 1);
    t.same([made.errors, made.queue.size, made.reverted], [[], 0, []]);
    t.ok(made.rates.waitMs('apps/Deployment/api') > 0, 'it counts for the limit');
  }
});

t.test('while nobody can tell what became of a roll, nothing is told, and it is asked again', async (t) => {
  for (const echo of [true, false]) {
    let away = true;
    const made = await changed(echo, (world) => {
      world.ways.readWorkload = async () => {
        if (away) await lost();
      };
    });
    t.same([reasons(made), rolls(made), made.errors], [[], [], []]);
    t.equal(made.queue.waiting()[0]?.reason, 'unavailable');
    away = false;
    await made.pass(60_000);
    t.equal(made.rolled().length, 1);
    t.same(reasons(made), ['Reloaded']);
    t.same([made.errors, made.queue.size], [[], 0]);
  }
});

t.test('a roll that never came through is told as a failure, and sent again', async (t) => {
  const made = await settled(['api']);
  let away = true;
  made.ways.patch = async () => {
    if (away) await lost();
  };
  made.ways.readWorkload = async () => {
    if (away) await lost();
  };
  made.putSource('cm/app', { a: '2' });
  await made.pass(2000);
  t.same(reasons(made), [], 'it may have come through');
  away = false;
  await made.pass(60_000);
  t.same(reasons(made), ['ReloadFail', 'Reloaded']);
  t.equal(made.queue.size, 0);
});

t.test('a workload that is deleted while nobody can tell is forgotten', async (t) => {
  const made = await changed(true, (world) => {
    world.ways.readWorkload = lost;
  });
  made.ways.readWorkload = async () => undefined;
  made.remove('api');
  await made.pass(60_000);
  t.equal(made.queue.size, 0);
  t.same(reasons(made), []);
});

/** One change whose roll is stored and whose answer is lost by the first of two replicas, which loses the Lease then. */
async function overtaken(settings: Parameters<typeof world>[0] = {}) {
  const first = await settled(['api'], settings);
  const second = world(settings, undefined, first.shelf);
  const watch = [...first.shelf.watches].at(-1)!;
  watch.workload('apps/Deployment/api');
  watch.source({ type: 'cm', namespace: 'apps', name: 'app' });
  second.mutator.start();
  second.lead(false);
  await first.pass(1000);
  first.ways.reply = first.ways.readWorkload = lost;
  first.putSource('cm/app', { a: '2' });
  await first.pass(3000);
  first.ways.reply = first.ways.readWorkload = async () => undefined;
  first.lead(false);
  second.lead(true);
  await first.pass(5000);
  return { first, second };
}

t.test(
  'a roll whose answer was lost with the Lease is told when that is back, and is no revert',
  async (t) => {
    for (const settings of [{}, { reloadStrategy: 'annotations' } as const]) {
      const { first, second } = await overtaken(settings);
      t.same([first.queue.waiting(), second.queue.waiting()], [[], []], 'nothing is stale');
      first.putSource('cm/app', { a: '3' });
      await first.pass(10_000);
      t.equal(rolls(second).length, 1, 'another one rolls on');
      t.same(rolls(first), []);
      second.lead(false);
      first.lead(true);
      await first.pass(10_000);
      t.equal(rolls(first).length, 1);
      t.same([first.reverted, first.errors, first.queue.size], [[], [], 0]);
      first.putSource('cm/app', { a: '4' });
      await first.pass(10_000);
      t.equal(rolls(first).length, 2, 'and it rolls on');
      t.same(first.reverted, []);
    }
  },
);

t.test('a lever that somebody takes away before a lost answer is asked for is a revert still', async (t) => {
  const { first, second } = await overtaken();
  second.lead(false);
  first.lead(true);
  await first.pass(10_000);
  t.equal(rolls(first).length, 1);
  const { annotations = {} } = first.stored('api').metadata;
  first.putWorkload('api', { annotations: { ...annotations } });
  await first.pass(1000);
  t.equal(first.reverted.length, 1);
});

const told = ({ audit }: World) => audit.map((line) => line['audit']);
async function asked(before: (made: World) => void): Promise<World> {
  return changed(true, (made) => {
    made.annotate('api', { [REQUEST]: `skip@${new Date(made.clock.now()).toISOString()}` });
    before(made);
  });
}

t.test('a request to skip whose answer is lost is told as what it was', async (t) => {
  for (const echo of [true, false])
    for (const awayMs of [0, 20_000]) {
      let away = awayMs > 0;
      const made = await asked((world) => {
        world.ways.echo = echo;
        world.ways.readWorkload = async () => {
          if (away) await lost();
        };
      });
      await made.pass(awayMs);
      away = false;
      await made.pass(60_000);
      t.same(made.rolled(), []);
      t.same(made.errors, []);
      t.same(reasons(made), []);
      t.same(
        told(made).filter((what) => what !== 'held'),
        ['skipped'],
      );
      t.equal(made.queue.size, 0);
      t.equal(made.holds.get('apps/Deployment/api'), undefined);
    }
});

t.test('one that never came through is told as a failure, and sent again', async (t) => {
  const made = await asked((world) => {
    world.ways.patch = async () => {
      world.ways.patch = async () => undefined;
      await lost();
    };
    world.ways.reply = async () => undefined;
  });
  await made.pass(60_000);
  t.same(made.rolled(), []);
  t.same(reasons(made), ['ReloadFail']);
  t.equal(told(made).at(-1), 'skipped');
});

t.test('what rolled a workload is still watched for after a request to skip', async (t) => {
  const made = await settled(['api']);
  made.putSource('cm/app', { a: '2' });
  await made.pass(3000);
  t.equal(made.rolled().length, 1);
  made.annotate('api', { [REQUEST]: `skip@${new Date(made.clock.now()).toISOString()}` });
  made.putSource('cm/app', { a: '3' });
  await made.pass(3000);
  t.equal(told(made).at(-1), 'skipped');
  const key = 'apps/Deployment/api';
  const stored = structuredClone(made.shelf.workloads.get(key)!);
  made.putWorkload('api', {
    annotations: stored.metadata.annotations ?? {},
    uses: ['cm/app'],
  });
  await made.pass(1000);
  t.equal(made.reverted.length, 1);
});
