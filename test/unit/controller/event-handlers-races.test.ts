import t from 'tap';
import { STAMPS } from '../../../src/core/api/annotations.ts';
import { RestampError } from '../../../src/errors.ts';
import { digestOf } from '../../support/controller/builders.ts';
import { settled, world, type World } from '../../support/controller/world.ts';

/** Two sources, of which the second one has never been read by this process. */
async function twoSources(): Promise<World> {
  const made = world();
  made.putSource('cm/app', { a: '1' });
  made.putSource('cm/other', { a: '1' });
  const stamps = {
    'cm/app': { h: digestOf('cm/app', { a: '1' }), uid: 'uid-app', rv: '1001' },
    'cm/other': { h: digestOf('cm/other', { a: '1' }), uid: 'uid-other', rv: '1002' },
  };
  made.putWorkload('api', { uses: ['cm/app', 'cm/other'], stamps });
  made.mutator.start();
  await made.pass(1000);
  return made;
}

t.test(
  'a change that is read while a patch is on its way is rolled, whichever of its signs comes first',
  async (t) => {
    const made = await twoSources();
    t.same(made.reads, []);
    const release = Promise.withResolvers<undefined>();
    // The echo of the watch comes before the reply, and the other source changes between them.
    made.ways.reply = async () => {
      made.ways.reply = async () => undefined;
      made.putSource('cm/other', { a: '2' });
      await release.promise;
    };
    made.putSource('cm/app', { a: '2' });
    await made.pass(1500);
    t.same(made.rolled(), ['api']);
    release.resolve(undefined);
    await made.pass(5000);
    t.same(made.rolled(), ['api', 'api']);
    const map = JSON.parse((made.stored('api').metadata.annotations ?? {})[STAMPS] ?? '') as object;
    t.match(map, { s: { 'cm/other': { h: digestOf('cm/other', { a: '2' }) } } });
    t.equal(made.queue.size, 0);
  },
);

t.test(
  'data that returns while the patch for it is on its way ends in the data that is stored',
  async (t) => {
    const made = await settled();
    made.ways.reply = async () => {
      made.ways.reply = async () => undefined;
      made.putSource('cm/app', { a: '1' });
    };
    made.putSource('cm/app', { a: '2' });
    await made.pass(10_000);
    t.same(made.rolled(), ['api', 'api']);
    const map = JSON.parse((made.stored('api').metadata.annotations ?? {})[STAMPS] ?? '') as object;
    t.match(map, { s: { 'cm/app': { h: digestOf('cm/app', { a: '1' }) } } });
  },
);

t.test(
  'a controller that writes between our patch and the answer to it is no one who reverts us',
  async (t) => {
    const made = await settled();
    made.ways.reply = async () =>
      made.annotate('api', { 'deployment.kubernetes.io/revision': String(made.rolled().length) });
    const rolls = ['2', '3', '4', '5', '6'];
    for (const a of rolls) {
      made.putSource('cm/app', { a });
      await made.pass(5000);
    }
    t.same(
      made.rolled(),
      rolls.map(() => 'api'),
    );
  },
);

t.test('one roll has one patch, whether the watch echoes it or not', async (t) => {
  for (const echo of [true, false]) {
    const made = await settled();
    made.ways.echo = echo;
    made.putSource('cm/app', { a: '2' });
    await made.pass(60_000);
    t.same(made.rolled(), ['api']);
    t.equal(made.patches.length, 1);
  }
});

t.test('an entry of some keys is not stale because its digest has not been read yet', async (t) => {
  const made = await settled([], { quietMs: 0 });
  made.putWorkload('all');
  await made.pass(1000);
  const hold = Promise.withResolvers<undefined>();
  made.ways.read = () => hold.promise;
  const stamps = {
    'cm/app': { h: digestOf('cm/app', { a: '1' }, ['a']), uid: 'uid-app', rv: '1', f: ['a'] },
  };
  made.putWorkload('some', { stamps });
  await made.pass(250);
  made.annotate('some', { any: 'write' });
  await made.pass(2000);
  t.same(made.rolled(), []);
  hold.resolve(undefined);
  await made.pass(5000);
  t.same(made.rolled(), []);
});

t.test('a kubectl replace that drops the map is no reason to roll, and the map comes back', async (t) => {
  const made = await settled();
  made.annotate('api', { [STAMPS]: null });
  await made.pass(3000);
  t.same(made.noted(), ['api']);
  t.same(made.rolled(), []);
  made.annotate('api', { [STAMPS]: null });
  made.putSource('cm/app', { a: '2' });
  await made.pass(3000);
  t.same(made.rolled(), ['api'], 'a change at that moment is not lost');
});

t.test('an unreadable map is told of and replaced by a baseline, and nothing is rolled', async (t) => {
  const made = world();
  made.putSource('cm/app', { a: '2' });
  for (const [name, map] of [
    ['damaged', '{'],
    ['foreign', '{"v":1,"n":1,"key":"k1","for":"apps/Deployment/other","s":{}}'],
    ['version', '{"v":9}'],
    ['key', '{"v":1,"n":1,"key":"lost","for":"apps/Deployment/key","s":{}}'],
  ] as const)
    made.putWorkload(name, { annotations: { 'reloader.stakater.com/auto': 'true', [STAMPS]: map } });
  made.mutator.start();
  await made.pass(5000);
  t.same(made.rolled(), []);
  t.same(made.noted().sort(), ['damaged', 'foreign', 'key', 'version']);
  t.same(
    ['damaged', 'foreign', 'version', 'key'].filter((why) =>
      made.unreadable.includes(`apps/Deployment/${why} ${why}`),
    ),
    ['damaged', 'foreign', 'version', 'key'],
  );
});

t.test(
  'a source that cannot be read holds its dependents back until it can be, and loses nothing',
  async (t) => {
    const made = await settled();
    let down = true;
    made.ways.read = async () => {
      if (down) throw new RestampError('RESTAMP_KUBE_UNAVAILABLE', 'down');
    };
    made.putSource('cm/app', { a: '2' });
    await made.pass(20_000);
    t.same(made.rolled(), []);
    t.ok(made.troubles.length > 3);
    down = false;
    await made.pass(60_000);
    t.same(made.rolled(), ['api']);
  },
);

t.test('nothing is written after stop', async (t) => {
  const made = await settled();
  made.putSource('cm/app', { a: '2' });
  await made.pass(500);
  made.stop();
  made.putWorkload('web');
  await made.pass(20_000);
  t.same(made.patches, []);
});
