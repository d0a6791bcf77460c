import t from 'tap';
import { reloaderHash } from '../../../src/core/objects/digest.ts';
import { sourceData } from '../../../src/core/objects/source-data.ts';
import type { Current } from '../../../src/core/stamps/plan.ts';
import { LAST_RELOADED_FROM } from '../../../src/core/api/annotations.ts';
import { leverName } from '../../../src/core/template/lever.ts';
import { formatReloadedFrom } from '../../../src/core/template/reloaded-from.ts';
import { Judge, type JudgeSettings } from '../../../src/controller/evaluator.ts';
import { SourceBook } from '../../../src/state/source-cache.ts';
import { WorkloadBook } from '../../../src/state/workload-cache.ts';
import { reading } from '../../support/controller/source-reader-harness.ts';
import {
  deployment,
  digestOf,
  metaOf,
  NAMESPACE,
  reduced,
  ref,
  reloaderKeys,
  ring,
  source,
  type SourceParts,
  type WorkloadParts,
} from '../../support/controller/builders.ts';

const KEY = 'apps/Deployment/api';

function judging(settings: Partial<JudgeSettings> = {}) {
  const workloads = new WorkloadBook(new Set(ring.keys.keys()), () => undefined);
  const sources = new SourceBook();
  const { reader, asked, done } = reading();
  const dropped: string[] = [];
  const all = { autoReloadAll: false, reloadOnCreate: false, reloadOnDelete: false, adoptByRoll: false };
  const judge = new Judge({
    lenders: { hasAll: () => true },
    firstSight: { look: () => ({ is: 'same' }) },
    workloads,
    sources,
    reader,
    keyId: ring.current,
    settings: { ...all, ...settings },
    statuses: { current: () => undefined },
    onDropped: (_workload, key) => dropped.push(key),
  });
  let reads = 0;
  return {
    judge,
    workloads,
    sources,
    asked,
    dropped,
    put: (parts: WorkloadParts = {}, name = 'api') => {
      const made = deployment(name, parts);
      workloads.put({ kind: 'Deployment', namespace: NAMESPACE, ...made.metadata }, reduced(made));
    },
    watched: (key: string, parts: SourceParts = {}) => {
      const { type, name } = ref(key);
      sources.put(metaOf(type, source(name, {}, parts)));
    },
    /** Reads a source as it is. */
    read: async (key: string, data: Record<string, string> | undefined, parts: SourceParts = {}) => {
      reader.refresh(ref(key));
      asked.items.at(-1)?.answer(data === undefined ? undefined : source(ref(key).name, data, parts));
      reads += 1;
      await done.until(reads);
    },
    verdict: (key = KEY) => judge.judge(key),
  };
}

const stampOf = (data: Record<string, string>, rv = '1', f?: string[]) => ({
  h: digestOf('cm/app', data, f),
  uid: 'uid-app',
  rv,
  ...(f === undefined ? {} : { f }),
});

t.test('a workload that is not there has no verdict', async (t) => {
  t.equal(judging().verdict(), undefined);
});

t.test('what must be read is named, with the moment and the keys that are needed', async (t) => {
  const { put, watched, verdict, sources, workloads } = judging();
  watched('cm/app', { version: '7' });
  put();
  t.same(verdict(), {
    is: 'waiting',
    unread: [
      { ref: ref('cm/app'), need: { since: sources.get(ref('cm/app'))?.shown, selection: undefined } },
    ],
    late: undefined,
  });
  sources.remove(ref('cm/app'));
  put({ version: '11', stamps: { 'cm/app': stampOf({ a: '1' }, '9', ['a']) } });
  t.match(
    verdict(),
    { unread: [{ ref: ref('cm/app'), need: { since: workloads.get(KEY)?.mapped, selection: ['a'] } }] },
    'another process that wrote the map has seen what the watch has not shown',
  );
});

t.test('only what is not known yet is read', async (t) => {
  const { put, watched, read, verdict } = judging();
  watched('cm/app', { version: '7' });
  watched('secret/db', { version: '3' });
  put({ uses: ['cm/app', 'secret/db'] });
  await read('cm/app', { a: '1' }, { version: '7' });
  t.match(verdict(), { is: 'waiting', unread: [{ ref: ref('secret/db') }] });
  await read('secret/db', { a: 'eA==' }, { version: '3' });
  t.match(verdict(), { is: 'fresh', write: true });
});

t.test('a stamp of the very version that is stored needs no read', async (t) => {
  const { put, watched, verdict } = judging();
  watched('cm/app', { version: '7' });
  put({ stamps: { 'cm/app': stampOf({ a: '1' }, '7') } });
  t.match(verdict(), { is: 'fresh', write: false });
  put({ version: '11', n: 2, stamps: { 'cm/app': { ...stampOf({ a: '1' }, '7'), uid: 'other' } } });
  t.match(verdict(), { is: 'waiting' }, 'of another uid it does');
  put({ version: '12', n: 3, stamps: { 'cm/app': stampOf({ a: '1' }, '7', ['a']) } });
  t.match(verdict(), { is: 'waiting' }, 'and of some keys');
  const former = { ...stampOf({ a: '1' }, '7'), h: digestOf('cm/app', { a: '1' }, undefined, 'k0') };
  put({ version: '13', n: 4, stamps: { 'cm/app': former }, keyId: 'k0' });
  t.match(verdict(), { is: 'waiting' }, 'and under a former key');
});

t.test('what was read is good for the version that it was read for, and no longer than that', async (t) => {
  const { put, watched, read, verdict } = judging();
  watched('cm/app', { version: '7' });
  put({ stamps: { 'cm/app': stampOf({ a: '1' }, '5') } });
  await read('cm/app', { a: '1' }, { version: '7' });
  t.match(verdict(), { is: 'fresh', write: false });
  watched('cm/app', { version: '8' });
  t.match(verdict(), { is: 'waiting' });
  await read('cm/app', { a: '2' }, { version: '8' });
  t.match(verdict(), { is: 'stale', plan: { stale: [{ key: 'cm/app', cause: 'changed' }] } });
});

t.test('a map under a former key is judged under that key, and made anew where it is fresh', async (t) => {
  const { put, watched, read, verdict } = judging();
  watched('cm/app', { version: '7' });
  const former = (data: Record<string, string>) => ({
    h: digestOf('cm/app', data, undefined, 'k0'),
    uid: 'uid-app',
    rv: '5',
  });
  put({ stamps: { 'cm/app': former({ a: '1' }) }, keyId: 'k0' });
  await read('cm/app', { a: '1' }, { version: '7' });
  t.match(verdict(), { is: 'fresh', write: true, plan: { baseline: { key: 'k1' } } });
  put({ version: '12', uid: 'new', stamps: { 'cm/app': former({ a: 'old' }) }, keyId: 'k0' });
  t.match(verdict(), { is: 'stale' });
});

t.test('a baseline counts from memory until it is written', async (t) => {
  const { put, watched, read, verdict, workloads } = judging();
  watched('cm/app');
  put();
  await read('cm/app', { a: '1' });
  t.match(verdict(), { is: 'fresh', write: true });
  t.equal(workloads.map(KEY)?.s.get('cm/app')?.h, digestOf('cm/app', { a: '1' }));
  await read('cm/app', { a: '2' }, { version: '2' });
  watched('cm/app', { version: '2' });
  t.match(verdict(), { is: 'stale' });
});

t.test(
  'an entry that is no dependency goes at once, without a read, and is told of if it was stale',
  async (t) => {
    const { put, watched, read, verdict, workloads, dropped } = judging();
    watched('cm/app', { version: '7' });
    put({ stamps: { 'cm/app': stampOf({ a: '1' }), 'cm/gone': stampOf({ a: '1' }) }, n: 4 });
    t.match(verdict(), { is: 'waiting' });
    t.same(
      [...(workloads.map(KEY)?.s.keys() ?? [])],
      ['cm/app'],
      'although something else must be read first',
    );
    t.equal(workloads.map(KEY)?.n, 4, 'what is not written does not raise the counter');
    t.same(dropped, []);
    await read('cm/app', { a: '2' }, { version: '7' });
    t.match(verdict(), { is: 'stale' });
    watched('cm/app', { version: '8', annotations: { [reloaderKeys.ignore]: 'true' } });
    t.match(verdict(), { is: 'fresh', write: true });
    t.same(dropped, ['cm/app']);
  },
);

t.test('an entry of a source that was absent is not told of as stale when it goes', async (t) => {
  const { put, watched, read, verdict, dropped } = judging();
  put({ stamps: { 'cm/app': { h: '-' } } });
  await read('cm/app', { a: '1' });
  watched('cm/app', { annotations: { [reloaderKeys.ignore]: 'true' } });
  t.match(verdict(), { is: 'fresh', write: true });
  t.same(dropped, []);
});

t.test('a workload that is opted out but bears a map has it emptied', async (t) => {
  const { put, verdict } = judging();
  put({ annotations: {}, stamps: { 'cm/app': stampOf({ a: '1' }) } });
  t.match(verdict(), { is: 'fresh', write: true });
  put({ version: '11', annotations: {}, stamps: {}, n: 9 });
  t.match(verdict(), { is: 'fresh', write: false });
});

t.test('a source that is gone is stale only with reload-on-delete', async (t) => {
  for (const reloadOnDelete of [false, true]) {
    const { put, read, verdict } = judging({ reloadOnDelete });
    put({ stamps: { 'cm/app': stampOf({ a: '1' }) } });
    t.match(verdict(), { is: 'waiting', unread: [{ ref: ref('cm/app') }] });
    await read('cm/app', { a: '1' });
    await read('cm/app', undefined);
    t.equal(verdict()?.is, reloadOnDelete ? 'stale' : 'fresh');
  }
});

t.test('the preview names who would roll, from what is in memory', async (t) => {
  const { judge, put, workloads } = judging();
  put({ stamps: { 'cm/app': stampOf({ a: '1' }) } });
  put({ stamps: { 'cm/app': stampOf({ a: '2' }) } }, 'same');
  put({}, 'unstamped');
  put({ uses: ['cm/other'], stamps: {} }, 'other');
  const becomes = (data: Record<string, string>): Current => ({
    state: 'present',
    uid: 'uid-app',
    resourceVersion: '9',
    created: 0,
    dataTime: undefined,
    digest: (keyId, selection) => digestOf('cm/app', data, selection, keyId),
  });
  const names = (next: Current, marks = { ignore: false, match: false }) =>
    judge.preview(ref('cm/app'), next, marks).map(({ name }) => name);
  t.same(names(becomes({ a: '2' })), ['api']);
  t.same(names(becomes({ a: '3' })), ['api', 'same']);
  t.same(names(becomes({ a: '3' }), { ignore: true, match: false }), []);
  t.same(names({ state: 'missing' }), []);
  t.equal(workloads.map(KEY)?.n, 1, 'nothing is remembered');
});

t.test(
  'what an entry was goes from memory when its rollout is complete, and is worth no write',
  async (t) => {
    const { put, watched, read, verdict, workloads } = judging();
    watched('cm/app', { version: '7' });
    const was = digestOf('cm/app', { a: '0' });
    const stamps = { 'cm/app': { ...stampOf({ a: '1' }, '7'), was } };
    put({ stamps });
    await read('cm/app', { a: '1' }, { version: '7' });
    t.match(verdict(), { is: 'fresh', write: false });
    t.equal(workloads.map(KEY)?.s.get('cm/app')?.was, was);
    put({ version: '11', stamps, settled: true });
    t.match(verdict(), { is: 'fresh', write: false });
    t.equal(workloads.map(KEY)?.s.get('cm/app')?.was, undefined);
  },
);

t.test('a lever of either strategy that tells of today proves that nothing was missed', async (t) => {
  const data = { a: '1' };
  const [today, before] = [reloaderHash(sourceData('cm', { data })), 'before'];
  const told = (value: string, name = 'app') => ({
    [LAST_RELOADED_FROM]: formatReloadedFrom({
      ...{ type: 'cm', name, namespace: NAMESPACE, container: 'main', at: 0 },
      value,
    }),
  });
  const unproven = async (variable: string, podAnnotations: Record<string, string>) => {
    const { put, watched, read, verdict } = judging();
    watched('cm/app');
    put({ env: [{ name: leverName('cm', 'app'), value: variable }], podAnnotations });
    await read('cm/app', data);
    const found = verdict();
    return found?.is === 'fresh' ? found.plan.unproven : found;
  };
  t.same(await unproven(before, told(today)), [], 'a variable is left of the time before annotations');
  t.same(await unproven(today, told(before)), [], 'an annotation is left of the time before variables');
  t.same(await unproven(before, told(before)), ['cm/app']);
  t.same(await unproven(before, told(today, 'other')), ['cm/app'], 'it speaks of another source');
});
