import t from 'tap';
import { RestampError } from '../../src/errors.ts';
import { createRemakeStore } from '../../src/roll/remake-store.ts';
import type { Remake } from '../../src/roll/remakes.ts';

const remake = (uid: string): Remake => ({
  namespace: 'prod',
  name: 'migrate',
  uid,
  resourceVersion: '7',
  manifest: {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name: 'migrate', namespace: 'prod' },
    spec: {},
  },
});
const [former, next] = [remake('former'), remake('next')];

/** A store over one Secret in memory; so many writes lose against somebody else's. */
function world(conflicts = 0) {
  let left = conflicts;
  let secret: object | undefined;
  const write = async (wanted: object): Promise<void> => {
    if ((left -= 1) >= 0) throw new RestampError('RESTAMP_KUBE_CONFLICT', 'restamp/remakes');
    secret = wanted;
  };
  const secrets = { read: async () => secret, create: write, replace: write } as unknown as Parameters<
    typeof createRemakeStore
  >[0];
  return createRemakeStore(secrets, { namespace: 'restamp', name: 'remakes' });
}

t.test('what is kept is what was put last', async (t) => {
  const store = world(2);
  t.equal(await store.holds('key', former), false);
  await store.put('key', former);
  t.equal(await store.holds('key', former), true);
  await store.put('key', next);
  t.equal(await store.holds('key', former), false);
  t.same(await store.all(), [next]);
});

t.test('who has ended a former one forgets no other', async (t) => {
  const store = world();
  await store.put('key', next);
  await store.remove('key', former);
  t.same(await store.all(), [next]);
  await store.remove('key', next);
  t.same(await store.all(), []);
});
