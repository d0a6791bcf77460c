import t from 'tap';
import { MountBook, type MountPage } from '../../../src/state/mount-cache.ts';
import type { Mount } from '../../../src/core/objects/csi-mount.ts';

const PLACE = 'apps/spc/vault';
const page = (pod: string): MountPage => ({
  mount: {
    ref: { type: 'spc', namespace: 'apps', name: 'vault' },
    uid: pod,
    pod: { name: pod, uid: pod },
  } as Mount,
  owner: null,
});
const all = (): boolean => true;
const uids = (mounts: readonly Mount[] | undefined): string[] | undefined => mounts?.map(({ uid }) => uid);

t.test(
  'each pod is asked for once, and nothing is told of a class before all its pods are known',
  async (t) => {
    const book = new MountBook();
    const [a, b] = [page('a'), page('b')];
    book.add(a);
    book.add(b);
    t.equal(book.mountsOf(PLACE, all), undefined);
    t.same(book.takeUnasked(PLACE), [a, b]);
    t.same(book.takeUnasked(PLACE), []);
    t.equal(book.settle(a, 'apps/Deployment/api'), false);
    t.equal(book.mountsOf(PLACE, all), undefined);
    t.equal(book.settle(b, undefined), true);
    t.same(uids(book.mountsOf(PLACE, all)), ['a'], 'a pod of nobody is no workload’s');
    t.same(uids(book.mountsOf(PLACE, (owner) => owner === 'apps/Deployment/web')), []);
  },
);

t.test('what goes while it is asked for is awaited no more', async (t) => {
  const book = new MountBook();
  const a = page('a');
  book.add(a);
  book.takeUnasked(PLACE);
  t.ok(book.awaits(a));
  book.delete(a);
  t.notOk(book.awaits(a));
  t.equal(book.settle(a, 'apps/Deployment/api'), false);
  t.same(book.mountsOf(PLACE, all), []);
  book.delete(a);
  t.same(book.takeUnasked(PLACE), []);
});

t.test('a pod that went counts no more', async (t) => {
  const book = new MountBook();
  const [a, b] = [page('a'), page('b')];
  for (const one of [a, b]) book.add(one);
  for (const one of book.takeUnasked(PLACE)) book.settle(one, 'apps/Deployment/api');
  book.delete(a);
  t.same(uids(book.mountsOf(PLACE, all)), ['b']);
  book.delete(b);
  t.same(book.mountsOf(PLACE, all), []);
});
