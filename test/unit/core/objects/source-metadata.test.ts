import t from 'tap';
import { RELOADER_KEYS } from '../../../../src/core/api/annotations.ts';
import { reduceSource, type SourceObject } from '../../../../src/core/objects/source-metadata.ts';

type Metadata = SourceObject['metadata'];
const metadata: Metadata = { name: 'app', namespace: 'prod', uid: 'u', resourceVersion: '7' };
const reduce = (rest: Partial<Metadata> = {}) =>
  reduceSource('cm', { metadata: { ...metadata, ...rest } }, RELOADER_KEYS);
const field = (manager: string, time: string | undefined, ...owned: readonly string[]) => ({
  manager,
  ...(time === undefined ? {} : { time }),
  fieldsV1: Object.fromEntries(owned.map((name) => [name, {}])),
});
const EARLY = '2026-11-22T10:00:00Z';
const LATE = '2026-11-22T11:00:00Z';

t.test('reduceSource keeps identity, times and marks, and nothing that could hold a value', async (t) => {
  const object = {
    metadata: {
      ...metadata,
      creationTimestamp: EARLY,
      annotations: {
        'reloader.stakater.com/ignore': 'true',
        'kubectl.kubernetes.io/last-applied-configuration': '{"data":{"password":"hunter2"}}',
      },
      managedFields: [field('kubectl', LATE, 'f:data')],
    },
    data: { password: 'hunter2' },
  };
  const kept = reduceSource('secret', object, RELOADER_KEYS);
  t.has(kept, {
    type: 'secret',
    namespace: 'prod',
    name: 'app',
    uid: 'u',
    resourceVersion: '7',
    created: Date.parse(EARLY),
    marks: { ignore: true, match: false },
    dataTime: Date.parse(LATE),
    manager: 'kubectl',
  });
  t.notMatch(JSON.stringify(kept), 'hunter2');
});

t.test('reduceSource takes time and manager of the newest entry that owns data', async (t) => {
  const owner = (managedFields: Metadata['managedFields'] & {}) => {
    const { manager, dataTime } = reduce({ managedFields });
    return [manager, dataTime];
  };
  t.same(owner([field('old', EARLY, 'f:data'), field('new', LATE, 'f:data')]), ['new', Date.parse(LATE)]);
  t.same(owner([field('new', LATE, 'f:data'), field('old', EARLY, 'f:data')]), ['new', Date.parse(LATE)]);
  t.same(owner([field('owner', EARLY, 'f:data'), field('labels', LATE, 'f:metadata')]), [
    'owner',
    Date.parse(EARLY),
  ]);
  for (const section of ['f:data', 'f:binaryData', 'f:stringData'])
    t.same(owner([field('m', EARLY, section)]), ['m', Date.parse(EARLY)], section);
  t.same(owner([field('m', EARLY, 'f:metadata', 'f:type', 'f:immutable')]), [undefined, undefined]);
});

t.test('reduceSource knows no time where the API server keeps none', async (t) => {
  t.has(reduce(), { dataTime: undefined, manager: undefined });
  t.has(reduce({ managedFields: [] }), { dataTime: undefined, manager: undefined });
  t.has(reduce({ managedFields: [{ manager: 'm', time: EARLY }] }), {
    dataTime: undefined,
    manager: undefined,
  });
  const timeless = field('timeless', undefined, 'f:data');
  t.has(reduce({ managedFields: [timeless] }), { dataTime: undefined, manager: 'timeless' });
  t.has(reduce({ managedFields: [timeless, field('m', EARLY, 'f:data')] }), { manager: 'm' });
});

t.test('reduceSource copes with an object that lacks all it may lack', async (t) => {
  const { namespace, created, marks } = reduceSource(
    'cm',
    { metadata: { name: 'a', uid: 'u', resourceVersion: '1' } },
    RELOADER_KEYS,
  );
  t.equal(namespace, '');
  t.ok(Number.isNaN(created));
  t.same(marks, { ignore: false, match: false });
});

t.test('reduceSource reads renamed annotations', async (t) => {
  const keys = { ...RELOADER_KEYS, match: 'example.com/match' };
  const object = {
    metadata: { ...metadata, annotations: { 'example.com/match': 'true', [RELOADER_KEYS.ignore]: 'yes' } },
  };
  t.same(reduceSource('cm', object, keys).marks, { ignore: false, match: true });
});
