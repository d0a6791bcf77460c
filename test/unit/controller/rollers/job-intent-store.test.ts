import { randomBytes } from 'node:crypto';
import t from 'tap';
import { RestampError } from '../../../../src/errors.ts';
import { Random } from '../../../chaos/random.ts';
import { withOtherPart } from '../../../support/hostile-values.ts';
import { createRemakeStore } from '../../../../src/controller/rollers/job-intent-store.ts';
import type { Remake } from '../../../../src/controller/rollers/job-intent-store.ts';

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
  const store = createRemakeStore(secrets, { namespace: 'restamp', name: 'remakes' });
  return Object.assign(store, { set: (next: object) => void (secret = next), secret: () => secret });
}

/** A Job of a namespace with so many bytes that cannot be packed. */
const large = (namespace: string, bytes: number): Remake => {
  const { manifest } = former;
  const spec = { template: { noise: randomBytes(bytes / 2).toString('hex') } };
  const metadata = { ...manifest.metadata, namespace };
  return { ...former, namespace, manifest: { ...manifest, metadata, spec } };
};

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

t.test(
  'a namespace fills half of what the others leave, and no Job of another one is refused for it',
  async (t) => {
    const store = world();
    let kept = 0;
    for (let i = 0; i < 20; i += 1)
      await store.put(`tenant-${i}`, large('tenant', 100_000)).then(
        () => (kept += 1),
        (error: unknown) => t.match(error, { code: 'RESTAMP_ROLL_REFUSED', detail: /^tenant\/migrate/ }),
      );
    t.ok(kept > 4 && kept < 20, `${kept} of the tenant`);
    for (let i = 0; i < 3; i += 1) await store.put(`prod-${i}`, large('prod', 50_000));
    for (const other of ['a', 'b', 'c']) await store.put(other, large(other, 20_000));
    t.equal((await store.all()).length, kept + 6);
    for (let i = 0; i < 5; i += 1) await store.remove(`tenant-${i}`, former);
    await store.put('tenant-0', large('tenant', 100_000));
  },
);

t.test('what is kept is packed', async (t) => {
  const store = world();
  const long: Remake = { ...former, manifest: { ...former.manifest, spec: { text: 'a'.repeat(2_000_000) } } };
  await store.put('key', long);
  t.ok(JSON.stringify(store.secret()).length < 100_000);
  t.same(await store.all(), [long]);
});

t.test('what a former version has kept is read, and what nobody has written is left alone', async (t) => {
  const store = world();
  const base64 = (text: string): string => Buffer.from(text).toString('base64');
  const others = { a: base64('{}'), b: base64('nonsense'), c: base64('\u001f\u008b'), d: base64('null') };
  store.set({ metadata: {}, data: { old: base64(JSON.stringify(former)), ...others } });
  t.same(await store.all(), [former]);
  t.equal(await store.holds('old', former), true);
  await store.remove('old', former);
  t.same(store.secret(), { apiVersion: 'v1', kind: 'Secret', metadata: {}, data: others });
});

t.test('what is kept is a whole Job under its own name, or it is left alone', async (t) => {
  const random = new Random(3, 'remakes');
  const store = world();
  const pack = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64');
  const odd = Array.from({ length: 2_000 }, () => withOtherPart(random, former));
  store.set({ metadata: {}, data: Object.fromEntries(odd.map((one, at) => [`odd-${at}`, pack(one)])) });
  const read = await store.all();
  t.ok(read.length < odd.length / 2, `${read.length} of them can still be made`);
  for (const { namespace, name, manifest } of read) {
    const { metadata, kind } = manifest as { metadata: { name: string; namespace: string }; kind: string };
    const whole = metadata.name === name && metadata.namespace === namespace && kind === 'Job';
    if (!whole || namespace === '' || name === '') t.fail(JSON.stringify(manifest));
  }
});
