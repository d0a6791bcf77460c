import fc from 'fast-check';
import t from 'tap';
import { findDependency } from '../../../../src/core/stamps/dependency.ts';
import { ReverseIndex } from '../../../../src/core/stamps/reverse-index.ts';
import { stampKey, type SourceRef, type SourceType } from '../../../../src/core/api/source.ts';
import { workloadKey, type Workload } from '../../../../src/core/objects/workload.ts';
import { using, workload } from '../../../support/core/core-objects.ts';

const AUTO = { 'reloader.stakater.com/auto': 'true' };
const cm = (name: string, namespace = 'prod'): SourceRef => ({ type: 'cm', namespace, name });
const secret = (name: string): SourceRef => ({ type: 'secret', namespace: 'prod', name });

function indexed(...workloads: readonly Workload[]): ReverseIndex {
  const index = new ReverseIndex();
  for (const one of workloads) index.set(one);
  return index;
}

const user = (...sources: readonly string[]): Workload =>
  workload({ annotations: AUTO, template: { spec: { containers: [using('app', ...sources)] } } });
const lister = (value: string, name = 'lister'): Workload =>
  workload({
    annotations: { 'configmap.reloader.stakater.com/reload': value },
    template: { spec: { containers: [{ name: 'app' }] } },
    metadata: { name },
  });

t.test(
  'ReverseIndex finds who uses a source, who names it, and who has a pattern for its type',
  async (t) => {
    const index = indexed(user('cm/app', 'secret/db'), lister('app,x'), lister('z.*', 'pattern'));
    t.same([...index.candidates(cm('app'))].sort(), [
      'prod/Deployment/api',
      'prod/Deployment/lister',
      'prod/Deployment/pattern',
    ]);
    t.same([...index.candidates(secret('db'))], ['prod/Deployment/api']);
    t.same([...index.candidates(cm('db'))], ['prod/Deployment/pattern']);
    t.same([...index.candidates(secret('app'))], [], 'a list of ConfigMaps is none of Secrets');
    t.same([...index.candidates(cm('app', 'test'))], [], 'nor does another namespace matter');
  },
);

t.test('ReverseIndex forgets what a workload no longer uses', async (t) => {
  const index = indexed(user('cm/app', 'cm/old'));
  index.set(user('cm/app', 'cm/new'));
  t.equal(index.candidates(cm('old')).size, 0);
  t.equal(index.candidates(cm('new')).size, 1);
  index.delete('prod/Deployment/api');
  t.equal(index.candidates(cm('app')).size, 0);
  index.delete('prod/Deployment/never');
});

t.test('ReverseIndex goes through what a workload asks for only where that is new', async (t) => {
  const one = user('cm/app');
  let read = 0;
  const references = new Map(one.references);
  references.keys = () => {
    read += 1;
    return one.references.keys();
  };
  const index = new ReverseIndex();
  for (const resourceVersion of ['8', '9']) index.set({ ...one, references, resourceVersion });
  t.equal(read, 1);
  index.delete(workloadKey(one));
  index.set({ ...one, references });
  t.equal(read, 2);
  t.equal(index.candidates(cm('app')).size, 1);
});

t.test('ReverseIndex hands out an answer of its own, which later changes leave alone', async (t) => {
  const index = indexed(user('cm/app'));
  const before = index.candidates(cm('app'));
  index.delete('prod/Deployment/api');
  t.same([...before], ['prod/Deployment/api']);
  before.add('x');
  t.equal(index.candidates(cm('app')).size, 0);
});

const SOURCES = ['cm/a', 'cm/b', 'secret/a', 'secret/b'] as const;
const workloads = fc
  .record({
    name: fc.constantFrom('w1', 'w2', 'w3'),
    namespace: fc.constantFrom('n1', 'n2'),
    used: fc.subarray([...SOURCES]),
    lists: fc.record(
      {
        'configmap.reloader.stakater.com/reload': fc.constantFrom('a', 'a,b', '.*', 'a|b,b', ''),
        'secret.reloader.stakater.com/reload': fc.constantFrom('a', 'b', '*', 'c'),
      },
      { requiredKeys: [] },
    ),
  })
  .map(({ name, namespace, used, lists }) =>
    workload({
      annotations: { ...AUTO, ...lists },
      template: { spec: { containers: [using('app', ...used)] } },
      metadata: { name, namespace },
    }),
  );
const steps = fc.array(fc.record({ workload: workloads, gone: fc.boolean() }), { maxLength: 20 });
const REFS = ['n1', 'n2'].flatMap((namespace) =>
  SOURCES.map((key): SourceRef => {
    const [type, name = ''] = key.split('/');
    return { namespace, type: type as SourceType, name };
  }),
);

t.test('ReverseIndex is after any history what it would be if made anew', async () => {
  fc.assert(
    fc.property(steps, (history) => {
      const index = new ReverseIndex();
      const alive = new Map<string, Workload>();
      for (const { workload: one, gone } of history) {
        if (gone) {
          alive.delete(workloadKey(one));
          index.delete(workloadKey(one));
        } else {
          alive.set(workloadKey(one), one);
          index.set(one);
        }
      }
      const anew = indexed(...alive.values());
      const answer = (of: ReverseIndex): string =>
        JSON.stringify(REFS.map((ref) => [...of.candidates(ref)].sort()));
      return answer(index) === answer(anew);
    }),
    { numRuns: 500 },
  );
});

t.test('ReverseIndex leaves out no workload that depends on the source', async () => {
  fc.assert(
    fc.property(fc.array(workloads, { maxLength: 6 }), (list) => {
      const alive = new Map(list.map((one) => [workloadKey(one), one]));
      const index = indexed(...alive.values());
      const known = { marks: { ignore: false, match: false }, stamped: true };
      return REFS.every((ref) =>
        [...alive.values()].every(
          (one) =>
            one.namespace !== ref.namespace ||
            findDependency(one, stampKey(ref), known, false) === undefined ||
            index.candidates(ref).has(workloadKey(one)),
        ),
      );
    }),
    { numRuns: 500 },
  );
});
