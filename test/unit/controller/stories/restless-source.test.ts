import t from 'tap';
import { STAMPS } from '../../../../src/core/api/annotations.ts';
import { RestampError } from '../../../../src/errors.ts';
import { digestOf } from '../../../support/controller/builders.ts';
import { settled, world, type World } from '../../../support/controller/world.ts';

// Sources that never rest, or cannot be read: they must not hold up what depends on them, or on others, for ever.

const stampOf = (made: World, key: string): { h: string; rv: string } | undefined => {
  const map = JSON.parse((made.stored('api').metadata.annotations ?? {})[STAMPS] ?? '') as {
    s: Record<string, { h: string; rv: string }>;
  };
  return map.s[key];
};

/** Reads take 400 ms, and what they answer is what was stored when they began. */
function slowly(made: World): void {
  made.ways.answer = () => new Promise((resolve) => made.clock.after(400, () => resolve()));
}

/** Changes the source every 250 ms for so long; returns the last content. */
async function trickle(made: World, ms: number, from = 0): Promise<string> {
  let a = '';
  for (let passed = 0; passed < ms; passed += 250) {
    a = `${from + passed}`;
    made.putSource('cm/app', { a });
    await made.pass(250);
  }
  return a;
}

t.test('a source that changes faster than it can be read rolls within the longest delay', async (t) => {
  const made = await settled();
  slowly(made);
  await trickle(made, 9500);
  t.same(made.rolled(), [], 'until then it is waited for');
  await trickle(made, 1500, 9500);
  t.same(made.rolled(), ['api']);
  const last = await trickle(made, 30_000, 11_000);
  const during = made.rolled().length;
  t.ok(during >= 3 && during <= 5, `${during} rolls, one for each longest delay`);
  await made.pass(12_000);
  t.equal(stampOf(made, 'cm/app')?.h, digestOf('cm/app', { a: last }), 'it ends in what is stored');
  t.equal(made.rolled().length, during + 1);
  t.equal(made.queue.size, 0);
});

t.test('what was read before the newest change is not rolled on while there is time', async (t) => {
  const made = await settled(['api'], { quietMs: 0 });
  slowly(made);
  made.putSource('cm/app', { a: '2' });
  await made.pass(250);
  made.putSource('cm/app', { a: '3' });
  await made.pass(5000);
  t.same(made.rolled(), ['api']);
  t.equal(stampOf(made, 'cm/app')?.h, digestOf('cm/app', { a: '3' }));
});

t.test('a late state that is older than the stamp rolls nothing, however long it takes', async (t) => {
  const made = await settled();
  made.putSource('cm/app', { a: '2' });
  await made.pass(3000);
  t.same(made.rolled(), ['api']);
  // Another process has rolled for a version that this one has only heard of: its reads hang.
  const hang = Promise.withResolvers<undefined>();
  made.ways.read = () => hang.promise;
  made.putSource('cm/app', { a: '3' });
  const rv = String(Number(stampOf(made, 'cm/app')?.rv) + 100);
  const stamps = { 'cm/app': { h: digestOf('cm/app', { a: '4' }), uid: 'uid-app', rv } };
  made.putWorkload('api', { n: 9, stamps });
  await made.pass(60_000);
  t.same(made.rolled(), ['api']);
});

/** Two sources, of which `cm/locked` may not be read after the start. */
async function withLocked(): Promise<World> {
  const made = world();
  made.putSource('cm/app', { a: '1' });
  made.putSource('cm/locked', { a: '1' });
  made.putWorkload('api', { uses: ['cm/app', 'cm/locked'] });
  made.mutator.start();
  await made.pass(2000);
  made.ways.read = async (key) => {
    if (key.endsWith('locked')) throw new RestampError('RESTAMP_KUBE_FORBIDDEN', key);
  };
  return made;
}

t.test('a source that may not be read holds no other source up, and keeps its stamp', async (t) => {
  const made = await withLocked();
  const before = stampOf(made, 'cm/locked');
  made.putSource('cm/locked', { a: '2' });
  made.putSource('cm/app', { a: '2' });
  await made.pass(1500);
  t.same(made.rolled(), ['api'], 'after the quiet period');
  t.equal(stampOf(made, 'cm/app')?.h, digestOf('cm/app', { a: '2' }));
  t.same(stampOf(made, 'cm/locked'), before);
  await made.pass(20_000);
  t.ok(made.troubles.length > 1, 'it stays told as trouble');
  t.ok(made.troubles.every(({ code }) => code === 'RESTAMP_KUBE_FORBIDDEN'));

  made.ways.read = async () => undefined;
  await made.pass(300_000);
  t.same(made.rolled(), ['api', 'api'], 'when it can be read, its change rolls');
  t.equal(stampOf(made, 'cm/locked')?.h, digestOf('cm/locked', { a: '2' }));
});

t.test('a workload that begins with a source that may not be read has a map of the others', async (t) => {
  const made = world();
  made.ways.read = async (key) => {
    if (key.endsWith('locked')) throw new RestampError('RESTAMP_KUBE_FORBIDDEN', key);
  };
  made.putSource('cm/app', { a: '1' });
  made.putSource('cm/locked', { a: '1' });
  made.putWorkload('api', { uses: ['cm/app', 'cm/locked'] });
  made.mutator.start();
  await made.pass(2000);
  t.ok(stampOf(made, 'cm/app'));
  t.equal(stampOf(made, 'cm/locked'), undefined);
  made.putSource('cm/app', { a: '2' });
  await made.pass(2000);
  t.same(made.rolled(), ['api']);
});
