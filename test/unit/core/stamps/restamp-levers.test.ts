import fc from 'fast-check';
import t from 'tap';
import { restamp, type FreshSource, type Write } from '../../../../src/core/stamps/restamp.ts';
import type { PodTemplate } from '../../../../src/core/api/pod-template.ts';
import type { Stamp, StampMap } from '../../../../src/core/stamps/stamp-map.ts';
import { patched } from '../../../support/core/json-patch.ts';
import {
  dependency,
  digestOf,
  entriesOf,
  mapOf,
  MISSING,
  present,
  stampOf,
  type Content,
} from '../../../support/core/plan-harness.ts';

const APP = 'STAKATER_APP_CONFIGMAP';
const OLD = { a: '1' };
const NEW = { a: '2' };

function template(env: readonly object[] = [], annotations?: Record<string, string>): PodTemplate {
  const metadata = annotations === undefined ? {} : { metadata: { annotations } };
  return { ...metadata, spec: { containers: [{ name: 'app', env }] } };
}
const lever = (value: string, name = APP): object => ({ name, value });

/** A source as it is stored now; `sha1` is the lever's value. */
function fresh(content: Content | undefined): FreshSource {
  if (content === undefined) return { current: MISSING, lever: undefined };
  return { current: present(content), lever: `sha1 of ${JSON.stringify(content)}` };
}

/** Restamps a write that brings this template; no rollout is under way, unless said. */
function ask(
  after: PodTemplate,
  map: StampMap | undefined,
  now: Readonly<Record<string, Content | undefined>>,
  rollout: { settled?: boolean; returns?: boolean; keepOthers?: boolean } = {},
) {
  const { settled = true, returns = !settled, keepOthers = false } = rollout;
  const asked: Write = {
    before: undefined,
    after: { annotations: undefined, template: after },
    templatePath: '/spec/template',
    foreignOwner: false,
    levers: new Set(),
    startsPodsOnChange: true,
  };
  const made = restamp(asked, {
    dependencies: new Map(Object.keys(now).map((key) => [key, dependency(key)])),
    map,
    keyId: 'k1',
    settled,
    returns,
    keepOthers,
    sources: (key) => fresh(now[key]),
  });
  const { spec } = patched({ spec: { template: after } }, made.levers);
  return { ...made, entries: entriesOf(made.map), template: spec.template };
}

t.test('levers that the template brings get the values of today, wherever they are', async (t) => {
  const after: PodTemplate = {
    spec: {
      containers: [
        {
          name: 'a',
          env: [
            { name: 'HOME', value: '/' },
            { name: APP, value: 'old' },
          ],
        },
        { name: 'b' },
        { name: 'c', env: [{ name: APP, valueFrom: { configMapKeyRef: { name: 'x', key: 'y' } } }] },
      ],
    },
  };
  const value = fresh(NEW).lever;
  t.same(ask(after, mapOf({ 'cm/app': stampOf(OLD) }), { 'cm/app': NEW }).template, {
    spec: {
      containers: [
        {
          name: 'a',
          env: [
            { name: 'HOME', value: '/' },
            { name: APP, value },
          ],
        },
        { name: 'b' },
        { name: 'c', env: [{ name: APP, value }] },
      ],
    },
  });
});

t.test(
  'a lever that is missing stays away, and so does the one of a source that nobody depends on',
  async (t) => {
    for (const after of [template(), template([lever('x', 'STAKATER_OTHER_CONFIGMAP')]), {}])
      t.same(ask(after, undefined, { 'cm/app': NEW }).levers, []);
  },
);

t.test('the map becomes current, of exactly the dependencies, and its counter grows', async (t) => {
  const map = mapOf({ 'cm/app': stampOf(NEW), 'cm/gone': stampOf(OLD) }, { n: 4, req: 'r' });
  const made = ask(template(), map, { 'cm/app': NEW, 'secret/db': OLD });
  t.same(made.entries, { 'cm/app': stampOf(NEW), 'secret/db': stampOf(OLD) });
  t.has(made.map, { n: 5, key: 'k1', req: 'r' });
  t.equal(ask(template(), undefined, { 'cm/app': NEW }).map.n, 1);
});

t.test('an entry that is made current keeps what it was, with a lever or without', async (t) => {
  const wanted = { 'cm/app': { ...stampOf(NEW), was: digestOf('k1', OLD) } };
  for (const env of [[], [lever('x')], [lever(fresh(NEW).lever!)]])
    t.same(ask(template(env), mapOf({ 'cm/app': stampOf(OLD) }), { 'cm/app': NEW }).entries, wanted);
});

t.test('without a change, or from a map under another key, there is nothing that it was', async (t) => {
  const map = mapOf({ 'cm/app': stampOf(OLD) });
  t.same(ask(template(), map, { 'cm/app': OLD }).entries, { 'cm/app': stampOf(OLD) });
  const other = mapOf({ 'cm/app': stampOf(OLD, 'k0') }, { key: 'k0' });
  t.same(ask(template(), other, { 'cm/app': NEW }).entries, { 'cm/app': stampOf(NEW) }, 'another key');
});

t.test(
  'while a rollout is under way, a template without the lever may have pods that still run',
  async (t) => {
    const under = { settled: false };
    const returned = { 'cm/app': { h: digestOf('k1', OLD) } };
    const rolled = mapOf({ 'cm/app': { ...stampOf(NEW), was: digestOf('k1', OLD) } });
    t.same(ask(template(), rolled, { 'cm/app': NEW }, under).entries, returned, 'it was rolled for');
    const stale = mapOf({ 'cm/app': stampOf(OLD) });
    t.same(ask(template(), stale, { 'cm/app': NEW }, under).entries, returned, 'it waits for a roll');
    t.same(
      ask(template([lever('x')]), rolled, { 'cm/app': NEW }, under).entries,
      Object.fromEntries(rolled.s),
      'with a lever of today it is a new one',
    );
    t.same(ask(template(), mapOf({ 'cm/app': stampOf(NEW) }), { 'cm/app': NEW }, under).entries, {
      'cm/app': stampOf(NEW),
    });
    t.same(
      ask(template(), rolled, { 'cm/app': NEW }).entries,
      { 'cm/app': stampOf(NEW) },
      'when the rollout is complete, no pod holds what it was',
    );
    t.same(
      ask(template(), rolled, { 'cm/app': NEW }, { settled: false, returns: false }).entries,
      Object.fromEntries(rolled.s),
      'so is one that never was',
    );
    const gone = mapOf({ 'cm/app': { h: '-', was: digestOf('k1', OLD) } });
    t.same(ask(template(), gone, { 'cm/app': undefined }, under).entries, returned);
  },
);

t.test('a source that is missing keeps its entry, and without one is stamped as absent', async (t) => {
  const was = { ...stampOf(NEW), was: digestOf('k1', OLD) };
  t.same(ask(template(), mapOf({ 'cm/app': was }), { 'cm/app': undefined }).entries, { 'cm/app': was });
  const made = ask(template([lever('x')]), mapOf({}), { 'cm/app': undefined });
  t.same(made.entries, { 'cm/app': { h: '-' } });
  t.same(made.levers, [], 'its lever is left alone');
});

t.test('a restamp.dev/stamp that the template brings gets a value that it never had', async (t) => {
  const name = 'restamp.dev/stamp';
  const values = new Set(['3.old']);
  let map: StampMap | undefined = mapOf({ 'cm/app': stampOf(OLD) }, { n: 3 });
  for (const content of [NEW, OLD, NEW]) {
    const made = ask(template([], { [name]: '3.old', other: '1' }), map, { 'cm/app': content });
    const annotations: Record<string, string> = { ...made.template.metadata?.annotations };
    t.equal(annotations['other'], '1');
    t.notOk(values.has(annotations[name]!));
    values.add(annotations[name]!);
    map = made.map;
  }
  t.same(ask(template([], { other: '1' }), map, { 'cm/app': OLD }).levers, [], 'none is added');
});

t.test('asking twice, with the patched template, gives the same', async () => {
  // Names that share one lever are the hard ones.
  const keys = ['cm/a.b', 'cm/a-b', 'cm/c', 'secret/c'] as const;
  const contents = fc.constantFrom<Content>({ a: '1' }, { a: '2' }, { a: '3' });
  const now = fc.dictionary(fc.constantFrom(...keys), fc.option(contents, { nil: undefined }));
  const stamps = fc.record({ content: contents, was: fc.option(contents, { nil: undefined }) });
  const maps = fc.option(
    fc
      .tuple(fc.dictionary(fc.constantFrom(...keys), stamps), fc.constantFrom('k0', 'k1'))
      .map(([entries, key]) => {
        const all = Object.entries(entries).map(([name, { content, was }]) => {
          const kept = was === undefined ? {} : { was: digestOf(key, was) };
          return [name, { ...stampOf(content, key), ...kept }] as const;
        });
        return mapOf(Object.fromEntries<Stamp>(all), { key });
      }),
    { nil: undefined },
  );
  const names = fc.constantFrom(
    'STAKATER_A_B_CONFIGMAP',
    'STAKATER_C_CONFIGMAP',
    'STAKATER_C_SECRET',
    'HOME',
  );
  const values = fc.constantFrom('old', ...['1', '2', '3'].map((a) => fresh({ a }).lever!));
  const env = fc.uniqueArray(fc.record({ name: names, value: values }), { selector: ({ name }) => name });
  const annotations = fc.option(fc.constant({ 'restamp.dev/stamp': '1.x' }), { nil: undefined });
  fc.assert(
    fc.property(fc.tuple(env, annotations), maps, now, (parts, map, sources) => {
      const first = ask(template(...parts), map, sources);
      const second = ask(first.template, map, sources);
      return (
        JSON.stringify(second.template) === JSON.stringify(first.template) &&
        JSON.stringify([second.map.n, second.entries]) === JSON.stringify([first.map.n, first.entries])
      );
    }),
    { numRuns: 1000 },
  );
});

t.test('entries of others stay while more dependencies may come, and only then', async (t) => {
  const map = mapOf({ 'cm/app': stampOf(OLD, 'k0'), 'cm/other': stampOf(OLD, 'k0') }, { key: 'k0' });
  const kept = ask(template(), map, { 'cm/app': NEW }, { keepOthers: true });
  t.equal(kept.map.key, 'k0');
  t.same(kept.entries['cm/other'], stampOf(OLD, 'k0'));
  t.equal(kept.entries['cm/app']?.h, stampOf(NEW, 'k0').h);
  t.same(Object.keys(ask(template(), map, { 'cm/app': NEW }).entries), ['cm/app']);
});
