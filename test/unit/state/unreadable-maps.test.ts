import t from 'tap';
import { STAMPS } from '../../../src/core/api/annotations.ts';
import { AUTO } from '../../support/controller/builders.ts';
import { world } from '../../support/controller/world.ts';

const BAD = { ...AUTO, [STAMPS]: '{' };

for (const [why, settings, uses] of [
  ['nothing is written', { mode: 'observe' }, ['cm/app']],
  ['maps are written with rolls alone', { writeBaselines: false }, ['cm/app']],
  ['there is no source', {}, []],
] as const)
  t.test(`an unreadable map that stays is told of once: ${why}`, async (t) => {
    const made = world(settings);
    made.putSource('cm/app', { a: '1' });
    made.putWorkload('api', { annotations: BAD, uses });
    made.putWorkload('web', { annotations: BAD, uses });
    made.mutator.start();
    for (let at = 0; at < 20; at += 1) {
      made.annotate('api', { x: String(at) });
      await made.pass(250);
    }
    t.same(made.unreadable, ['apps/Deployment/api damaged', 'apps/Deployment/web damaged']);
    made.annotate('api', { [STAMPS]: '{"v":9}' });
    made.annotate('api', { [STAMPS]: '[' });
    t.same(made.unreadable.slice(2), ['apps/Deployment/api version', 'apps/Deployment/api damaged']);
    made.remove('api');
    made.putWorkload('api', { annotations: BAD, uses });
    t.equal(made.unreadable.length, 5, 'one that is made anew is another one');
  });

t.test('a text that comes back after it was written over is told of again', async (t) => {
  const made = world();
  made.putSource('cm/app', { a: '1' });
  made.putWorkload('api', { annotations: BAD });
  made.mutator.start();
  await made.pass(5000);
  t.same(made.noted(), ['api']);
  made.annotate('api', { [STAMPS]: '{' });
  await made.pass(5000);
  t.equal(made.unreadable.length, 2);
});
