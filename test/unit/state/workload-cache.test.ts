import t from 'tap';
import type { WorkloadObject } from '../../../src/core/objects/workload.ts';
import { WorkloadBook } from '../../../src/state/workload-cache.ts';
import {
  deployment,
  NAMESPACE,
  reduced,
  ref,
  ring,
  type WorkloadParts,
} from '../../support/controller/builders.ts';

const KEY = 'apps/Deployment/api';

function book() {
  const unreadable: string[][] = [];
  const made = new WorkloadBook(new Set(ring.keys.keys()), (key, why) => unreadable.push([key, why]));
  const put = (
    parts: WorkloadParts = {},
    change: (object: WorkloadObject) => WorkloadObject = (one) => one,
  ) => {
    const object = change(deployment('api', parts));
    const state = { kind: 'Deployment', namespace: NAMESPACE, ...object.metadata };
    const isNews = made.isNews(state);
    if (isNews) made.put(state, reduced(object));
    return isNews;
  };
  const remove = () => made.remove({ kind: 'Deployment', namespace: NAMESPACE, name: 'api' });
  return { book: made, put, remove, unreadable };
}

const OPTED_OUT = { annotations: {} };
const stamp = (letter: string) => ({ h: letter.repeat(22), uid: 'u', rv: '1' });
const mapOf = (n: number, letter: string) => ({ n, stamps: { 'cm/app': stamp(letter) } });
const letterOf = (made: WorkloadBook): string | undefined => made.map(KEY)?.s.get('cm/app')?.h[0];

t.test('a workload is found by its key and by the sources that it uses', async (t) => {
  const { book: made, put, remove } = book();
  t.equal(put({ uses: ['cm/app', 'secret/db'] }), true);
  t.match(made.get(KEY), { workload: { name: 'api' }, stored: undefined, addedAfterStart: false });
  t.equal(made.size, 1);
  t.same([...made.keys()], [KEY]);
  t.same([...made.candidates(ref('secret/db'))], [KEY]);
  t.same([...made.candidates(ref('cm/db'))], []);
  put({ version: '11', uses: ['cm/new'] });
  t.same([...made.candidates(ref('secret/db'))], []);
  t.same([...made.candidates(ref('cm/new'))], [KEY]);
  remove();
  t.equal(made.get(KEY), undefined);
  t.equal(made.size, 0);
  t.same([...made.candidates(ref('cm/new'))], []);
});

t.test('an older event is ignored, and so is none of the same version or of another uid', async (t) => {
  const { book: made, put } = book();
  put({ version: '10', ...mapOf(2, 'b') });
  t.equal(put({ version: '9', ...mapOf(3, 'c') }), false);
  t.equal(letterOf(made), 'b');
  t.equal(made.get(KEY)?.workload.resourceVersion, '10');
  t.equal(put({ version: '10', ...mapOf(2, 'b') }), true);
  t.equal(put({ version: '8', uid: 'other', ...mapOf(1, 'd') }), true, 'a new object begins anew');
  t.equal(letterOf(made), 'd');
});

t.test('the text of the map is not kept beside what was parsed from it', async (t) => {
  const { book: made, put } = book();
  put(mapOf(1, 'a'));
  t.equal(made.get(KEY)?.workload.stamps, undefined);
  t.match(made.get(KEY)?.stored, { n: 1, key: 'k1' });
});

t.test('the remembered map counts where the stored one is older, missing or unreadable', async (t) => {
  const { book: made, put, unreadable } = book();
  put({ version: '10', ...mapOf(5, 'e') });
  put({ version: '11', ...mapOf(4, 'd') });
  t.equal(letterOf(made), 'e', 'a lower counter');
  put({ version: '12' });
  t.equal(letterOf(made), 'e', 'no map at all');
  put({ version: '13', ...mapOf(9, 'f'), keyId: 'lost' });
  t.equal(letterOf(made), 'e', 'a map under a key that nobody has');
  t.same(unreadable, [[KEY, 'key']]);
  put({ version: '14', ...mapOf(5, 'g') });
  t.equal(letterOf(made), 'g', 'the same counter: what is stored counts');
  put({ version: '15', ...mapOf(6, 'h') });
  t.equal(letterOf(made), 'h', 'a higher counter');
});

t.test('what was remembered in memory counts until a map is stored that was not there before', async (t) => {
  const { book: made, put } = book();
  put({ version: '10' });
  t.equal(made.map(KEY), undefined);
  const map = { n: 3, key: 'k1', s: new Map([['cm/app', stamp('m')]]) };
  made.remember(KEY, 'uid-api', map);
  t.match(made.map(KEY), { s: map.s, n: 0 });
  put({ version: '11', ...mapOf(1, 'a') });
  t.equal(letterOf(made), 'a', 'whoever has written it knew no less');
  made.remember(KEY, 'uid-api', map);
  put({ version: '12', ...mapOf(1, 'a'), settled: true });
  t.equal(letterOf(made), 'm', 'the same one again');
  put({ version: '13' });
  t.equal(letterOf(made), 'm', 'none');
});

t.test('a map that was cut is known whole by who wrote it, before the answer comes too', async (t) => {
  const { book: made, put } = book();
  put({ version: '10', ...mapOf(1, 'a') });
  const left = (): string | undefined => made.map(KEY)?.s.get('cm/left')?.h[0];
  const whole = (n: number) => ({
    n,
    key: 'k1',
    s: new Map([
      ['cm/app', stamp('b')],
      ['cm/left', stamp('l')],
    ]),
  });
  made.writing(KEY, whole(2));
  put({ version: '11', ...mapOf(2, 'b'), env: [{ name: 'STAKATER_APP_CONFIGMAP', value: '1' }] });
  t.equal(left(), 'l');
  put({ version: '12', ...mapOf(3, 'c'), env: [{ name: 'STAKATER_APP_CONFIGMAP', value: '1' }] });
  t.equal(left(), 'l', 'another map of the same pods says nothing of it');
  put({ version: '13', ...mapOf(4, 'd'), env: [{ name: 'STAKATER_APP_CONFIGMAP', value: '2' }] });
  t.equal(left(), undefined, 'somebody else has started the pods anew');
  made.writing(KEY, whole(5));
  put({ version: '14', ...mapOf(5, 'x'), env: [{ name: 'STAKATER_APP_CONFIGMAP', value: '3' }] });
  t.equal(left(), undefined, 'somebody else was faster');
});

t.test('a map is remembered for one uid: an object of the same name made anew has none', async (t) => {
  const { book: made, put, remove } = book();
  put({ version: '10', ...mapOf(5, 'e') });
  put({ version: '20', uid: 'other' });
  t.equal(made.map(KEY), undefined);
  put({ version: '21', uid: 'other', ...mapOf(1, 'a') });
  t.equal(letterOf(made), 'a');
  remove();
  put({ version: '22', uid: 'third' });
  t.equal(made.map(KEY), undefined, 'removal forgets too');
});

t.test('after a restore to an older version, nothing was asked for later than that', async (t) => {
  const { book: made, put } = book();
  const asked = (): string | undefined => made.get(KEY)?.asked;
  made.saw('100');
  made.start();
  put({ version: '150' });
  t.equal(asked(), '150');
  made.rewind('120');
  t.equal(made.newest, '120');
  t.equal(asked(), '120', 'what was asked later was asked in a state that is no more');
  made.rewind('130');
  t.equal(asked(), '120', 'what was asked earlier is in that state too');
  made.rewind('40');
  put({ version: '41', uid: 'other' });
  t.equal(asked(), '41', 'nor did we start later');
});

t.test('opting out forgets the map, so that opting in again finds nothing stale', async (t) => {
  const { book: made, put } = book();
  put({ version: '10', ...mapOf(5, 'e') });
  t.equal(put({ version: '11', ...OPTED_OUT }), true);
  t.equal(made.get(KEY), undefined);
  t.same([...made.candidates(ref('cm/app'))], []);
  put({ version: '12' });
  t.equal(made.map(KEY), undefined);
});

t.test('only a workload that was opted in when it first appeared after the start is new', async (t) => {
  const added = (act: (one: ReturnType<typeof book>) => void): boolean | undefined => {
    const one = book();
    act(one);
    return one.book.get(KEY)?.addedAfterStart;
  };
  t.equal(
    added(({ put }) => put()),
    false,
    'before the start',
  );
  t.equal(
    added(({ book: made, put }) => {
      made.start();
      put();
    }),
    true,
  );
  t.equal(
    added(({ book: made, put }) => {
      made.start();
      put();
      put({ version: '11' });
    }),
    true,
    'it stays new when it is seen again',
  );
  t.equal(
    added(({ book: made, put }) => {
      put();
      made.start();
      put({ version: '11' });
    }),
    false,
    'known before the start',
  );
  t.equal(
    added(({ book: made, put }) => {
      put(OPTED_OUT);
      made.start();
      put({ version: '11' });
    }),
    false,
    'opting in later is not being new',
  );
  t.equal(
    added(({ book: made, put }) => {
      made.start();
      put(OPTED_OUT);
      put({ version: '11' });
    }),
    false,
    'nor is it after the start',
  );
  t.equal(
    added(({ book: made, put }) => {
      put();
      made.start();
      put({ version: '11', uid: 'other' });
    }),
    true,
    'made anew',
  );
  t.equal(
    added(({ book: made, put, remove }) => {
      put();
      made.start();
      remove();
      put({ version: '11', uid: 'other' });
    }),
    true,
    'made anew after a removal',
  );
  t.equal(
    added(({ book: made, put, remove }) => {
      put();
      made.start();
      remove();
      put({ version: '11' });
    }),
    false,
    'the same one again, which a list had left out',
  );
  t.equal(
    added(({ book: made, put }) => {
      made.start();
      put({ annotations: {}, stamps: {} });
    }),
    false,
    'a map alone is no opting in',
  );
});

t.test(
  'a template may have pods that run on, unless it never was since a rollout was complete',
  async (t) => {
    const { book: made, put } = book();
    const [a, b, c] = [{ uses: ['cm/a'] }, { uses: ['cm/b'] }, { uses: ['cm/c'] }];
    const mayRun = (parts: WorkloadParts) => made.mayRun(reduced(deployment('api', parts))!);
    t.ok(mayRun(a), 'nothing is known of it');
    put({ ...a, version: '11' });
    t.ok(mayRun(b), 'the rollout began before it was seen');
    put({ ...a, version: '12', settled: true });
    t.notOk(mayRun(b));
    put({ ...b, version: '13' });
    put({ ...c, version: '14' });
    t.same([a, b, c].map(mayRun), [true, true, true]);
    put({ ...c, version: '15', settled: true });
    t.same([a, b, c].map(mayRun), [false, false, true]);
    made.start();
    put({ ...a, version: '16', uid: 'made-later' });
    t.same([a, b].map(mayRun), [true, false], 'all is known of one that is made after the start');
  },
);
