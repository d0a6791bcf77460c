import t from 'tap';
import { RestampError } from '../../../src/errors.ts';
import { parseStampKey, sourceKey } from '../../../src/core/api/source.ts';
import type { Stamp } from '../../../src/core/stamps/stamp-map.ts';
import { LiveSources } from '../../../src/state/live-source-reader.ts';
import { journal, turn } from '../../support/recording.ts';
import { reading } from '../../support/controller/source-reader-harness.ts';
import type { Mounted } from '../../../src/state/csi-mounts.ts';
import { NAMESPACE, ref, source, workload } from '../../support/controller/builders.ts';

const VAULT: Mounted = {
  state: 'present',
  uid: 'u',
  resourceVersion: '3',
  created: 0,
  dataTime: 0,
  lever: 'mounted',
  digest: () => 'd',
};

type Question = { key: string; answer: (version: string) => void; fail: (error: Error) => void };

/** Live sources of which the test answers every question, for versions and for data. */
function live() {
  const { reader, clock, asked } = reading();
  const versions = journal<Question>();
  const sources = new LiveSources({
    reader,
    clock,
    readVersion: (where) =>
      new Promise((answer, fail) => versions.note({ key: sourceKey(where), answer, fail })),
    judge: { mounted: (_workload, name) => (name === 'vault' ? VAULT : undefined) },
  });
  /** Digests of the sources by stamp key; `undefined` is a missing one. */
  const read = (...keys: readonly string[]) => readFor({}, ...keys);
  /** The same for a workload whose map was made of these versions. */
  const readFor = async (stamps: Readonly<Record<string, Stamp>>, ...keys: readonly string[]) => {
    const dependencies = new Map(keys.map((key) => [key, parseStampKey(key)!]));
    const map = { n: 1, key: 'k', s: new Map(Object.entries(stamps)) };
    const found = await sources.read(workload('api'), dependencies, map);
    return Object.fromEntries([...found].map(([key, { current, lever }]) => [key, { lever, ...current }]));
  };
  /** Lets the reader know a source before the test begins. */
  const known = async (key: string, version: string | undefined): Promise<void> => {
    const done = reader.read(ref(key));
    asked.items
      .at(-1)!
      .answer(version === undefined ? undefined : source(ref(key).name, { a: version }, { version }));
    await done;
  };
  return { clock, asked, versions, read, readFor, known };
}
const gone = new RestampError('RESTAMP_KUBE_NOT_FOUND', 'gone');

t.test('a source with the version that is known is not read again', async (t) => {
  const { read, known, asked, versions, clock } = live();
  await known('cm/app', '5');
  const found = read('cm/app');
  t.equal(versions.items[0]?.key, `${NAMESPACE}/cm/app`);
  versions.items[0]!.answer('5');
  t.has(await found, { 'cm/app': { state: 'present', resourceVersion: '5' } });
  t.equal(asked.items.length, 1, 'only the read before');
  t.equal(clock.waiting(), 0, 'no timer is left behind');
});

t.test('a source with another version is read, be it newer or of a restored state', async (t) => {
  const { read, known, asked, versions } = live();
  await known('cm/app', '5');
  await known('cm/old', '9');
  const found = read('cm/app', 'cm/old');
  versions.items[0]!.answer('6');
  versions.items[1]!.answer('8');
  await asked.until(4);
  asked.items[2]!.answer(source('app', { a: 'new' }, { version: '6' }));
  asked.items[3]!.answer(source('old', { a: 'restored' }, { version: '8' }));
  t.has(await found, { 'cm/app': { resourceVersion: '6' }, 'cm/old': { resourceVersion: '8' } });
});

t.test('all sources are asked about at once', async (t) => {
  const { read, known, asked, versions } = live();
  await known('cm/app', '5');
  await known('secret/app', '5');
  const found = read('cm/app', 'secret/app', 'cm/never');
  t.equal(versions.items.length, 2);
  t.equal(asked.items.at(-1)!.key, `${NAMESPACE}/cm/never`, 'what nobody has read is read whole');
  for (const { answer } of versions.items) answer('5');
  asked.items.at(-1)!.answer(source('never', { a: '1' }));
  t.same(Object.keys(await found), ['cm/app', 'secret/app', 'cm/never']);
});

t.test('a source that was deleted or made again since is seen as it is', async (t) => {
  const { read, known, asked, versions } = live();
  await known('cm/app', '5');
  await known('cm/back', undefined);
  const found = read('cm/app', 'cm/back');
  versions.items[0]!.fail(gone);
  versions.items[1]!.answer('7');
  await asked.until(4);
  asked.items.find(({ key }, at) => at > 1 && key.endsWith('app'))!.answer(undefined);
  asked.items
    .find(({ key }, at) => at > 1 && key.endsWith('back'))!
    .answer(source('back', {}, { version: '7' }));
  t.has(await found, { 'cm/app': { state: 'missing', lever: undefined }, 'cm/back': { state: 'present' } });
});

t.test('a source that is missing still is not read', async (t) => {
  const { read, known, asked, versions } = live();
  await known('cm/app', undefined);
  const found = read('cm/app');
  versions.items[0]!.fail(gone);
  t.has(await found, { 'cm/app': { state: 'missing' } });
  t.equal(asked.items.length, 1);
});

t.test('memory must do where the version cannot be read', async (t) => {
  const { read, known, asked, versions } = live();
  await known('cm/app', '5');
  const found = read('cm/app');
  versions.items[0]!.fail(new RestampError('RESTAMP_KUBE_PROTOCOL', 'broken'));
  t.has(await found, { 'cm/app': { resourceVersion: '5' } });
  t.equal(asked.items.length, 1);
});

t.test('after 250 ms in all memory must do, without what nobody has ever read', async (t) => {
  const { clock, read, known, asked, versions } = live();
  await known('cm/slow', '5');
  await known('cm/slower', '5');
  const found = read('cm/slow', 'cm/slower', 'cm/never');
  let ended = false;
  void found.then(() => (ended = true));
  clock.advance(200);
  versions.items[1]!.answer('6');
  await asked.until(4);
  clock.advance(49);
  await turn();
  t.equal(ended, false);
  clock.advance(1);
  const answer = await found;
  t.same(Object.keys(answer), ['cm/slow', 'cm/slower']);
  t.has(answer, { 'cm/slow': { resourceVersion: '5' }, 'cm/slower': { resourceVersion: '5' } });
});

t.test('memory does not do for a source that was missing', async (t) => {
  const { clock, read, known, versions } = live();
  await known('cm/late', undefined);
  await known('cm/broken', undefined);
  const found = read('cm/late', 'cm/broken');
  versions.items[1]!.fail(new RestampError('RESTAMP_KUBE_PROTOCOL', 'broken'));
  clock.advance(250);
  t.same(await found, {}, 'it may have come since');
});

t.test('what comes after the time is over is there for the next one', async (t) => {
  const { clock, read, asked } = live();
  const late = read('cm/app');
  clock.advance(250);
  t.same(await late, {});
  asked.items[0]!.answer(source('app', { a: '1' }, { version: '5' }));
  await turn();
  const next = read('cm/app');
  clock.advance(250);
  t.has(await next, { 'cm/app': { resourceVersion: '5' } });
});

t.test('no dependencies are no question', async (t) => {
  const { read, clock } = live();
  t.same(await read(), {});
  t.equal(clock.waiting(), 0);
});

t.test('what pods have mounted is not read: it is what the driver has told, or nothing', async (t) => {
  const { read, asked, versions } = live();
  t.has(await read('spc/vault', 'spc/unknown'), { 'spc/vault': { lever: 'mounted', resourceVersion: '3' } });
  t.notHas(await read('spc/unknown'), { 'spc/unknown': {} });
  t.equal(asked.items.length + versions.items.length, 0);
});

t.test(
  'of many reviews together only some sources are asked about at once; late ones not at all',
  async (t) => {
    const { read, known, versions, clock } = live();
    await known('cm/app', '5');
    const reviews = Array.from({ length: 40 }, () => read('cm/app'));
    t.equal(versions.items.length, 32);
    clock.advance(250);
    for (const found of await Promise.all(reviews)) t.has(found, { 'cm/app': { resourceVersion: '5' } });
    for (const { answer } of versions.items) answer('5');
    await turn();
    t.equal(versions.items.length, 32, 'nobody waits for them any more');
    void read('cm/app');
    t.equal(versions.items.length, 33);
  },
);

t.test(
  'a source that may not be read keeps no turn from later reviews, and does not delay them',
  async (t) => {
    const { read, known, asked, versions, clock } = live();
    await known('cm/app', '5');
    for (let count = 1; count <= 40; count += 1) {
      const found = read('secret/denied');
      if (asked.items.length === 1 + count)
        asked.items.at(-1)!.fail(new RestampError('RESTAMP_KUBE_FORBIDDEN', 'no'));
      await turn();
      t.same(await found, {}, 'at once');
      clock.advance(1000);
      await turn();
    }
    const found = read('cm/app', 'secret/denied');
    asked.items.at(-1)!.fail(new RestampError('RESTAMP_KUBE_FORBIDDEN', 'no'));
    t.equal(versions.items.length, 1);
    versions.items[0]!.answer('6');
    await turn();
    asked.items.at(-1)!.answer(source('app', { a: 'new' }, { version: '6' }));
    t.has(await found, { 'cm/app': { resourceVersion: '6' } });
  },
);

t.test('versions that are never told keep no turn from later reviews', async (t) => {
  const { read, known, versions, clock } = live();
  await known('cm/app', '5');
  for (let count = 1; count <= 40; count += 1) {
    const found = read('cm/app');
    clock.advance(250);
    t.has(await found, { 'cm/app': { resourceVersion: '5' } });
  }
  t.equal(versions.items.length, 40);
  const found = read('cm/app');
  versions.items[40]!.answer('5');
  t.has(await found, { 'cm/app': { resourceVersion: '5' } });
});

t.test('a name that no object can have is that of a missing source, and nobody is asked', async (t) => {
  const { read, asked, versions } = live();
  const names = ['bad name', 'x?watch=1', '..', 'UPPER', 'a_b', 'a'.repeat(254)];
  const found = await read(...names.map((name) => `secret/${name}`));
  for (const name of names) t.has(found, { [`secret/${name}`]: { state: 'missing', lever: undefined } });
  t.equal(asked.items.length + versions.items.length, 0);
});

t.test('when the time is over, what is older than what a stamp was made of does not do', async (t) => {
  const { readFor, known, clock } = live();
  const keys = ['cm/older', 'cm/anew', 'cm/same', 'cm/newer', 'cm/absent'] as const;
  for (const key of keys) await known(key, '9');
  const stamps = {
    'cm/older': { h: 'a', uid: 'uid-older', rv: '10' },
    'cm/anew': { h: 'a', uid: 'another', rv: '12' },
    'cm/same': { h: 'a', uid: 'uid-same', rv: '9' },
    'cm/newer': { h: 'a', uid: 'uid-newer', rv: '8' },
    'cm/absent': { h: '-' },
  };
  const found = readFor(stamps, ...keys);
  clock.advance(250);
  t.same(Object.keys(await found), ['cm/same', 'cm/newer', 'cm/absent']);
});

t.test(
  'what has been read in time does, in whatever version: the API server may have been restored',
  async (t) => {
    const { readFor, known, versions } = live();
    await known('cm/app', '9');
    const found = readFor({ 'cm/app': { h: 'a', uid: 'uid-app', rv: '10' } }, 'cm/app');
    versions.items[0]!.answer('9');
    t.has(await found, { 'cm/app': { resourceVersion: '9' } });
  },
);
