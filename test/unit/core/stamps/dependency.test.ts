import t from 'tap';
import {
  findDependencies,
  findDependency,
  isPatternOnly,
  type NamespaceSources,
} from '../../../../src/core/stamps/dependency.ts';
import type { SourceMarks } from '../../../../src/core/opt-in/opt-in.ts';
import { mapOf } from '../../../support/core/plan-harness.ts';
import { parseStampKey } from '../../../../src/core/api/source.ts';
import { using, workload, type WorkloadParts } from '../../../support/core/core-objects.ts';

const AUTO = { 'reloader.stakater.com/auto': 'true' };
const SEARCH = { 'reloader.stakater.com/search': 'true' };
const list = (value: string) => ({ 'configmap.reloader.stakater.com/reload': value });
const usingApp = { spec: { containers: [{ name: 'first' }, using('second', 'cm/app')] } };
const empty = { spec: { containers: [{ name: 'first' }] } };
const STAMP = { h: '-' };

/** A namespace with these sources, each with the marks that are said. */
function namespaceOf(sources: Readonly<Record<string, Partial<SourceMarks>>>): NamespaceSources {
  return new Map(
    Object.entries(sources).map(([key, marks]) => [
      key,
      { type: parseStampKey(key)!.type, marks: { ignore: false, match: false, ...marks } },
    ]),
  );
}

type Case = {
  readonly sources?: Readonly<Record<string, Partial<SourceMarks>>>;
  readonly stamped?: readonly string[];
  readonly all?: boolean;
};
const find = (parts: WorkloadParts, { sources = {}, stamped, all = false }: Case = {}) => {
  const map = stamped && mapOf(Object.fromEntries(stamped.map((key) => [key, STAMP])));
  const kept = {
    ...parts,
    annotations: { ...parts.annotations, 'restamp.dev/stamps': '' },
    autoReloadAll: all,
  };
  return findDependencies(workload(kept), map, namespaceOf(sources), all);
};
const keys = (...args: Parameters<typeof find>) => [...find(...args).keys()].sort();

t.test('findDependencies finds what the template uses, with the reason and the container', async (t) => {
  const found = find(
    { annotations: AUTO, template: usingApp },
    { sources: { 'cm/app': {}, 'cm/other': {} } },
  );
  t.same([...found], [['cm/app', { type: 'cm', name: 'app', reason: 'auto', container: 'second' }]]);
});

t.test('findDependencies puts the lever of what is only listed into the first container', async (t) => {
  const found = find({ annotations: list('extra'), template: usingApp }, { sources: { 'cm/extra': {} } });
  t.same([...found], [['cm/extra', { type: 'cm', name: 'extra', reason: 'listed', container: 'first' }]]);
});

t.test('findDependencies counts a source that is used or named although it does not exist', async (t) => {
  t.same(keys({ annotations: AUTO, template: usingApp }), ['cm/app']);
  t.same(keys({ annotations: list('later'), template: empty }), ['cm/later']);
  t.same(keys({ template: usingApp }, { all: true }), ['cm/app']);
});

t.test(
  'findDependencies lets a pattern name what exists, and what has been a dependency before',
  async (t) => {
    const parts = { annotations: list('app-.*'), template: empty };
    const sources = { 'cm/app-1': {}, 'cm/app-2': {}, 'cm/other': {}, 'secret/app-3': {} };
    t.same(keys(parts, { sources }), ['cm/app-1', 'cm/app-2']);
    t.same(keys(parts, { sources, stamped: ['cm/app-9', 'cm/else'] }), ['cm/app-1', 'cm/app-2', 'cm/app-9']);
    t.same(keys(parts), [], 'a pattern names nothing that nobody has seen');
  },
);

t.test(
  'findDependencies counts a missing source that the template uses and only a pattern lists',
  async (t) => {
    const found = find({ annotations: list('ap.'), template: usingApp });
    t.same([...found.values()], [{ type: 'cm', name: 'app', reason: 'listed', container: 'second' }]);
  },
);

t.test('findDependencies keeps the last answer about a mark of a source that is missing', async (t) => {
  const parts = { annotations: SEARCH, template: usingApp };
  t.same(keys(parts, { sources: { 'cm/app': { match: true } } }), ['cm/app']);
  t.same(keys(parts, { sources: { 'cm/app': {} } }), []);
  t.same(keys(parts, { stamped: ['cm/app'] }), ['cm/app'], 'it matched before');
  t.same(keys(parts), [], 'it never did');
  t.same(keys(parts, { sources: { 'cm/app': {} }, stamped: ['cm/app'] }), [], 'it says now that it does not');
});

t.test(
  'findDependencies drops what is ignored, excluded or no longer asked for, stamped or not',
  async (t) => {
    const stamped = ['cm/app', 'secret/old'];
    const ignored = { 'cm/app': { ignore: true } };
    t.same(keys({ annotations: AUTO, template: usingApp }, { stamped, sources: ignored }), []);
    const exclude = { 'configmaps.exclude.reloader.stakater.com/reload': 'app' };
    t.same(keys({ annotations: { ...AUTO, ...exclude }, template: usingApp }, { stamped }), []);
    t.same(keys({ annotations: AUTO, template: empty }, { stamped, sources: { 'cm/app': {} } }), []);
  },
);

t.test('findDependencies finds none for a workload that is opted out, whatever its map says', async (t) => {
  t.same(keys({ template: usingApp }, { stamped: ['cm/app'] }), []);
  t.same(
    keys({ annotations: { 'reloader.stakater.com/auto': 'false' }, template: usingApp }, { all: true }),
    [],
  );
});

t.test('findDependencies finds none where there is no container to put a lever in', async (t) => {
  t.same(keys({ annotations: list('app'), template: {} }, { sources: { 'cm/app': {} } }), []);
});

t.test('findDependencies passes over a name that is no key of a map', async (t) => {
  const template = {
    spec: {
      containers: [using('app', 'cm/good'), { name: 'b', envFrom: [{ configMapRef: { name: 'a/b' } }] }],
    },
  };
  t.same(keys({ annotations: AUTO, template }), ['cm/good']);
});

t.test('findDependencies keeps the types apart', async (t) => {
  const annotations = { 'secret.reloader.stakater.com/auto': 'true', ...list('app') };
  const template = { spec: { containers: [using('app', 'cm/other', 'secret/db', 'secret/app')] } };
  t.same(keys({ annotations, template }), ['cm/app', 'secret/app', 'secret/db']);
});

t.test('findDependency answers for one source as findDependencies does for all', async (t) => {
  const app = workload({ annotations: AUTO, template: usingApp });
  const marks = { ignore: false, match: false };
  const ask = (name: string, known: { marks: SourceMarks | undefined; stamped: boolean }) =>
    findDependency(app, `cm/${name}`, known, false);
  t.has(ask('app', { marks, stamped: false }), { reason: 'auto', container: 'second' });
  t.has(ask('app', { marks: undefined, stamped: false }), { reason: 'auto' });
  t.equal(ask('app', { marks: { ...marks, ignore: true }, stamped: true }), undefined);
  t.equal(ask('other', { marks, stamped: true }), undefined);
  const none = workload({ annotations: list('app'), template: {} });
  t.equal(findDependency(none, 'cm/app', { marks, stamped: true }, false), undefined);
});

t.test('isPatternOnly is false of what the template uses or a list names', async (t) => {
  const app = workload({ annotations: list('named,app,pat.*'), template: usingApp });
  for (const key of ['cm/named', 'cm/app']) t.notOk(isPatternOnly(app, key), key);
  for (const key of ['cm/pattern', 'secret/named', 'cm/other', 'no key']) t.ok(isPatternOnly(app, key), key);
  const user = workload({ annotations: AUTO, template: usingApp });
  t.notOk(isPatternOnly(user, 'cm/app'), 'used, though nothing lists it');
  t.ok(isPatternOnly(user, 'cm/pattern'));
});
