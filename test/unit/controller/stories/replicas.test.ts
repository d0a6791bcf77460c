import t from 'tap';
import { pause } from '../../../../src/clock.ts';
import { turn } from '../../../support/recording.ts';
import { AUTO, reloaderKeys } from '../../../support/controller/builders.ts';
import { world, type World } from '../../../support/controller/world.ts';

const ONE = { a: '1' };
const PATTERN = { [reloaderKeys.reload.cm]: 'app.*' };

/** Two replicas on one API server: one that leads, and one that stands by. */
function duo(writeBaselines = true): { first: World; second: World } {
  const first = world({ writeBaselines, rollLimit: 1000 });
  const second = world({ writeBaselines, rollLimit: 1000 }, undefined, first.shelf);
  second.lead(false);
  return { first, second };
}

function random(seed: number): () => number {
  let state = seed * 7919;
  return () => (state = (state * 1103515245 + 12345) % 2147483648) / 2147483648;
}

/** Lets time pass in steps that are shorter than a read. */
async function pass({ clock }: World, ms: number, step: number): Promise<void> {
  await turn();
  for (let left = ms; left > 0; left -= step) {
    clock.advance(step);
    await turn();
  }
}

t.test('replicas that read at a pace of their own roll each change once, whoever leads', async (t) => {
  for (const writeBaselines of [true, false])
    for (let seed = 1; seed <= 3; seed += 1) {
      const chance = random(seed);
      const { first, second } = duo(writeBaselines);
      for (const { ways, clock } of [first, second]) ways.read = () => pause(clock, 3 + chance() * 57);
      first.putSource('cm/app', ONE);
      first.putWorkload('api', { settled: true, annotations: PATTERN });
      for (const { mutator } of [first, second]) mutator.start();
      await pass(first, 2000, 50);
      let [leader, other] = [first, second];
      const rolled = (): number => first.rolled().length + second.rolled().length;
      let count = 0;
      for (let change = 2; change <= 4; change += 1) {
        for (let burst = 0; burst < 3; burst += 1) {
          for (let each = 0; each < 6; each += 1) {
            first.putSource(`cm/app-${(count += 1)}`, ONE);
            await pass(first, 25, 5);
          }
          if (chance() < 0.5) first.deleteSource(`cm/app-${count}`);
          await pass(first, 500 * chance(), 25);
        }
        await pass(first, 2000, 100);
        const before = rolled();
        first.putSource('cm/app', { a: String(change) });
        await pass(first, 4000, 50);
        const title = `seed ${seed}, ${writeBaselines ? 'maps written' : 'maps in memory'}, change ${change}`;
        t.equal(rolled() - before, 1, title);
        leader.lead(false);
        other.lead(true);
        await pass(first, 10_000, 250);
        t.equal(rolled() - before, 1, `${title}: the new leader has nothing to roll`);
        [leader, other] = [other, leader];
      }
    }
});

t.test('a standby whose counter ran ahead takes what the leader has stored', async (t) => {
  const { first, second } = duo();
  first.putSource('cm/app', ONE);
  first.putWorkload('api', { settled: true, annotations: PATTERN });
  for (const { mutator } of [first, second]) mutator.start();
  await first.pass(3000);
  const hang = Promise.withResolvers<undefined>();
  first.ways.read = () => hang.promise.then(() => undefined);
  for (const name of ['cm/app-1', 'cm/app-2', 'cm/app-3', 'cm/app-4']) {
    first.putSource(name, ONE);
    await first.pass(1000);
  }
  hang.resolve(undefined);
  first.ways.read = async () => undefined;
  await first.pass(3000);
  first.putSource('cm/app', { a: '2' });
  await first.pass(10_000);
  t.same(second.queue.waiting(), [], 'it knows that the change is rolled');
  first.lead(false);
  second.lead(true);
  await first.pass(30_000);
  t.same([first.rolled(), second.rolled()], [['api'], []]);
});

t.test('a young leader is believed by an older replica that has much in memory alone', async (t) => {
  const { first: old } = duo(false);
  old.putSource('cm/app', ONE);
  old.putWorkload('api', { settled: true, annotations: { ...AUTO, ...PATTERN } });
  old.mutator.start();
  await old.pass(3000);
  for (let each = 0; each < 4; each += 1) {
    old.putSource(`cm/app-${each}`, ONE);
    await old.pass(1000);
  }
  const young = world({ writeBaselines: false }, undefined, old.shelf);
  for (const key of old.shelf.sources.keys()) {
    const [, type, name] = key.split('/');
    if (type === 'cm') young.mutator.sourceFollower('cm').put(old.shelf.sources.get(`apps/cm/${name}`)!);
  }
  for (const watch of young.shelf.watches) watch.workload('apps/Deployment/api');
  young.mutator.start();
  old.lead(false);
  young.lead(true);
  await old.pass(3000);
  old.putSource('cm/app', { a: '2' });
  await old.pass(10_000);
  young.lead(false);
  old.lead(true);
  await old.pass(30_000);
  t.same([young.rolled(), old.rolled()], [['api'], []]);
});
