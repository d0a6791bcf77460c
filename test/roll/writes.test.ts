import t from 'tap';
import { STAMPS } from '../../src/core/annotations.ts';
import { settled, type World } from './world.ts';

const REQUEST = 'restamp.dev/request';
const AHEAD = '2099-01-01T00:00:00.000Z';
const answered = (made: World): unknown =>
  (JSON.parse((made.stored('api').metadata.annotations ?? {})[STAMPS] ?? '') as { req?: string }).req;

t.test(
  'a request from the future is told of once, not obeyed, and hides none that comes later',
  async (t) => {
    const made = await settled(['api'], { rollLimit: 1 });
    made.putSource('cm/app', { a: '2' });
    await made.pass(3000);
    made.putSource('cm/app', { a: '3' });
    await made.pass(3000);
    t.equal(made.rolled().length, 1, 'the limit is met');
    made.annotate('api', { [REQUEST]: `roll@${AHEAD}` });
    await made.pass(3000);
    made.annotate('api', { other: 'x' });
    await made.pass(3000);
    t.equal(made.rolled().length, 1);
    t.same(made.unusable, [`apps/Deployment/api ${AHEAD}`]);
    const now = new Date(made.clock.now()).toISOString();
    made.annotate('api', { [REQUEST]: `roll@${now}` });
    await made.pass(3000);
    t.equal(made.rolled().length, 2);
    t.equal(answered(made), now);
  },
);

t.test('a request from the future is not remembered where nothing is stale', async (t) => {
  const made = await settled(['api']);
  made.annotate('api', { [REQUEST]: `skip@${AHEAD}` });
  await made.pass(3000);
  t.equal(answered(made), undefined);
  made.putSource('cm/app', { a: '2' });
  await made.pass(3000);
  t.equal(made.rolled().length, 1, 'it skips nothing');
});

t.test('a request from the future on a source is told of too, once for each time', async (t) => {
  const made = await settled(['api'], { rollLimit: 1 });
  for (const at of [AHEAD, AHEAD, '2098-01-01T00:00:00.000Z']) {
    made.putSource('cm/app', { a: '2' }, { annotations: { [REQUEST]: `roll@${at}` } });
    await made.pass(3000);
  }
  t.same(made.unusable, [`apps/cm/app ${AHEAD}`, 'apps/cm/app 2098-01-01T00:00:00.000Z']);
});
