import t from 'tap';
import { STAMPS } from '../../../src/core/api/annotations.ts';
import { settled, type World } from '../../support/controller/world.ts';

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

t.test('a request on a source rolls at once what is held of it, and nothing else', async (t) => {
  const made = await settled(['api', 'other'], { rollLimit: 1 });
  made.putWorkload('other', { uses: ['cm/more'] });
  for (const a of ['1', '2', '3']) {
    for (const key of ['cm/app', 'cm/more']) made.putSource(key, { a });
    await made.pass(3000);
  }
  t.same(made.rolled().sort(), ['api', 'other'], 'the limit is met');
  const now = new Date(made.clock.now()).toISOString();
  made.putSource('cm/app', { a: '3' }, { annotations: { [REQUEST]: `roll@${now}` } });
  await made.pass(3000);
  t.same(made.rolled().slice(2), ['api']);
  t.equal(answered(made), now);
});

/** Somebody writes `env` into the Deployment, and the API server notes the manager. */
function setEnv(made: World, env: readonly object[], manager: string, time: string): void {
  const stored = made.stored('api') as unknown as {
    metadata: { managedFields?: object[] };
    spec: { template: { spec: { containers: { env?: readonly object[] }[] } } };
  };
  stored.spec.template.spec.containers[0]!.env = env;
  stored.metadata.managedFields = [{ manager, operation: 'Update', time }];
  made.annotate('api', {});
}

t.test('a roll of another replica is no revert, though there was no room to tell of it', async (t) => {
  const rolled = [{ name: 'STAKATER_APP_CONFIGMAP', value: 'of another replica' }];
  for (const [manager, reverted] of [
    ['Reloader', []],
    ['kubectl', ['api kubectl']],
  ] as const) {
    const made = await settled(['api']);
    made.putSource('cm/app', { a: '2' });
    await made.pass(3000);
    setEnv(made, rolled, manager, '2026-11-22T12:01:00Z');
    t.same(made.reverted, reverted);
  }
});
